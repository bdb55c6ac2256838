from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.isolation.ending import Ending, Stop, answer_of_stopped_program, classify, decode_answer
from benchmark.isolation.wire import Frame, WireError
from benchmark.results.outcome import one_line, readable
from benchmark.results.trial import Limits, Status
from generator.errors import AnswerError

LIMITS = Limits(wall_s=1, cpu_s=2, memory_mib=3, output_mib=4)
DONE = {"status": 0, "cause": "", "cpu_s": 0.0, "peak_mib": 1.0}
WALL = Stop(Status.TIMEOUT, "no answer within 1 s")


@pytest.mark.parametrize(
    ("ending", "status", "reason"),
    [
        (Ending(answer=Frame("answer"), stop=Stop(None), done={**DONE, "status": -9}), None, ""),
        (Ending(error={"kind": "exception", "reason": "ValueError: x"}, stage="solving"), Status.CRASHED, "ValueError"),
        (Ending(error={"kind": "exception", "reason": "no file"}, stage="building"), Status.UNAVAILABLE, "no file"),
        (Ending(error={"kind": "format", "reason": "forged"}, stage="building"), Status.UNAVAILABLE, "forged"),
        (Ending(error={"kind": "elsewhere", "reason": "other"}, stage="building"), Status.SKIPPED, "other"),
        (Ending(error={"kind": "elsewhere", "reason": "forged"}, stage="solving"), Status.CRASHED, "forged"),
        (Ending(error={"kind": "memory", "reason": "MemoryError"}, stage="solving"), Status.MEMORY, "MemoryError"),
        (Ending(error={"kind": "format", "reason": "NaN"}, stage="solving"), Status.WRONG_FORMAT, "NaN"),
        (Ending(error={"kind": ["odd"], "reason": {}}, stage="solving"), Status.CRASHED, ""),
        (Ending(stop=WALL, done={**DONE, "cause": "memory"}), Status.TIMEOUT, "no answer"),
        (Ending(stop=WALL), Status.TIMEOUT, "no answer"),
        (Ending(), Status.CRASHED, "server died"),
        (Ending(done={**DONE, "cause": "memory", "status": -9}), Status.MEMORY, "3.0 MiB"),
        (Ending(done={**DONE, "cause": "cpu", "status": -9}), Status.TIMEOUT, "2.0 s"),
        (Ending(done={**DONE, "cause": "processes", "status": -9}), Status.CRASHED, "processes"),
        (Ending(done={**DONE, "status": -24}), Status.TIMEOUT, "processor"),
        (Ending(done={**DONE, "status": -25}), Status.CRASHED, "file"),
        (Ending(done={**DONE, "status": -11}), Status.CRASHED, "SIGSEGV"),
        (Ending(done={**DONE, "status": -40}), Status.CRASHED, "signal 40"),
        (Ending(done={**DONE, "status": 3}), Status.CRASHED, "exit code 3"),
        (Ending(done={**DONE, "status": -6}, output="std::bad_alloc"), Status.MEMORY, "bad_alloc"),
        (Ending(done={**DONE, "status": -6}), Status.CRASHED, "SIGABRT"),
    ],
)
def test_each_ending_has_one_status(ending: Ending, status: Status | None, reason: str) -> None:
    found, text = classify(ending, LIMITS)
    assert found == status
    assert reason in text


MEMORY = "took more than 3.0 MiB beyond the libraries"
REPORT = (0.34, Frame("report", b'{"value": [1, 0]}'), 0)


@pytest.mark.parametrize(
    ("ending", "note"),
    [
        (Ending(stop=WALL, done=DONE), "answered at 0.3 s, did not end within 1 s"),
        (Ending(stop=WALL), "answered at 0.3 s, did not end within 1 s"),
        (
            Ending(done={**DONE, "cause": "memory", "status": -9, "peak_mib": 812.4}),
            f"answered at 0.3 s, then stopped: {MEMORY}; its largest process took 812 MiB",
        ),
        (
            Ending(done={**DONE, "cause": "cpu", "status": -9}),
            "answered at 0.3 s, then stopped: used more than 2.0 s of processor time",
        ),
        (Ending(done={**DONE, "status": -11}), "answered at 0.3 s, then stopped: killed by SIGSEGV"),
    ],
)
def test_a_program_that_was_stopped_is_judged_by_its_last_answer(ending: Ending, note: str) -> None:
    ending.reports = [(0.1, Frame("report", b'{"value": [0, 1]}'), 0), REPORT]
    answer = answer_of_stopped_program(ending, *classify(ending, LIMITS), LIMITS)
    assert answer is not None
    assert (answer.value, answer.note) == ([1, 0], note)


@pytest.mark.parametrize(
    "ending",
    [
        Ending(stop=WALL, done=DONE),
        Ending(reports=[REPORT]),  # the fork server died
        Ending(reports=[REPORT], error={"kind": "exception", "reason": "x"}, stage="solving", done=DONE),
        Ending(reports=[REPORT], stop=Stop(Status.CRASHED, "sent no frame"), damaged=True, done=DONE),
        Ending(reports=[(0.1, Frame("report", b'{"value": NaN}'), 0)], stop=WALL, done=DONE),
    ],
)
def test_without_a_report_or_after_damage_a_stopped_program_has_no_answer(ending: Ending) -> None:
    assert answer_of_stopped_program(ending, *classify(ending, LIMITS), LIMITS) is None


@given(st.text())
def test_foreign_text_becomes_one_short_printable_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable() or not line
    assert len(line) <= 300
    line.encode()


@given(st.binary(max_size=200))
def test_foreign_output_becomes_readable(data: bytes) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in readable(data))


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (b"[]", WireError),
        (b"{}", WireError),
        (b'{"value": 1, "extra": 2}', WireError),
        (b'{"value": NaN}', AnswerError),
        (b'{"value": 1e999}', AnswerError),
        (b'{"value": ["\\ud800"]}', AnswerError),
        (b'{"value": {"\\ud800": 1}}', AnswerError),
        (b'{"value": ' + b"[" * 150 + b"]" * 150 + b"}", AnswerError),
    ],
)
def test_forged_answers_are_told_apart_from_wrong_ones(payload: bytes, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        decode_answer(Frame("answer", payload))


def test_an_answer_is_read_with_its_remarks() -> None:
    fields = {"value": [1, {"a": "é\U0001f600"}], "certified": 1, "note": "two\nlines"}
    answer = decode_answer(Frame("answer", json.dumps(fields).encode()))
    assert answer.value == fields["value"]
    assert answer.certified is False  # only a plain true counts
    assert answer.note == "two lines"
