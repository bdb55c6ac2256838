"""Programs are run, heard and judged by their output."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.isolation.child.relay import ProgramError, relay
from generator.errors import AnswerError
from generator.reassembly.layout.printed import PermutationReader

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer


def run(code: str) -> tuple[Answer, list[Any]]:
    """Run Python code as a program for a puzzle of five pieces."""
    reported: list[Any] = []
    answer = relay([sys.executable, "-u", "-c", code], lambda: PermutationReader(range(5)), reported.append)
    return answer, reported


def test_the_last_list_is_the_answer_and_all_are_reports() -> None:
    answer, reported = run("print('3,0,2,1,4\\nhm\\n3,0,2,1,4\\n[0, 3, 2, 1, 4]\\nbye', end='')")
    assert answer.value == [0, 3, 2, 1, 4]
    assert reported == [[3, 0, 2, 1, 4], [0, 3, 2, 1, 4]]
    assert not answer.note


def test_a_last_line_need_not_end() -> None:
    assert run("print('0 1 2 3 4', end='')")[0].value == [0, 1, 2, 3, 4]


def test_lists_on_standard_error_do_not_count() -> None:
    answer, _ = run("import sys; print('0 1 2 3 4', file=sys.stderr)")
    assert answer.value is None
    assert "printed no valid answer" in answer.note


def test_progress_bars_and_bytes_that_are_no_text_do_no_harm() -> None:
    code = "import os; os.write(1, b'\\xff\\xfe 10%\\r0 1 2 3 4\\r100%\\n')"
    assert run(code)[0].value == [0, 1, 2, 3, 4]


def test_a_failure_after_an_answer_is_remarked() -> None:
    answer, _ = run("print('0 1 2 3 4'); raise SystemExit(3)")
    assert answer.value == [0, 1, 2, 3, 4]
    assert answer.note == "ended with exit code 3 after it"


def test_a_failure_without_an_answer_says_why() -> None:
    with pytest.raises(ProgramError, match=r"exit code 1 and without an answer: .*ValueError: no idea"):
        run("raise ValueError('no idea')")
    with pytest.raises(ProgramError, match=r"killed by signal 9 and without an answer$"):
        run("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(MemoryError):
        run("raise MemoryError('too much')")


def test_what_was_nearly_an_answer_is_a_wrong_one() -> None:
    with pytest.raises(AnswerError, match="numbered 0 to 4, from 1"):
        run("print('5 4 3 2 1')")


def test_a_program_that_is_none_cannot_be_started(tmp_path: Any) -> None:
    (tmp_path / "x").write_bytes(b"\x00nothing")
    (tmp_path / "x").chmod(0o755)
    with pytest.raises(ProgramError, match="cannot be started"):
        relay([str(tmp_path / "x")], lambda: PermutationReader(range(5)), lambda _: None)


def test_it_does_not_wait_for_children_that_hold_the_output_open() -> None:
    began = time.monotonic()
    code = "import subprocess; subprocess.Popen(['sleep', '5']); print('0 1 2 3 4')"
    assert run(code)[0].value == [0, 1, 2, 3, 4]
    assert time.monotonic() - began < 4


def test_what_it_prints_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    run("import sys; print('hello'); print('alas', file=sys.stderr); print('0 1 2 3 4')")
    out, err = capfd.readouterr()
    assert out == "hello\n0 1 2 3 4\n"
    assert err == "alas\n"
