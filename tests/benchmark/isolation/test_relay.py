"""Programs are run, heard and judged by their output."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.isolation.child.relay import ProgramError, relay
from generator.errors import AnswerError
from generator.reassembly.layout.printing.reader import PermutationReader

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.answer import Answer


def run(code: str) -> tuple[Answer, list[Any]]:
    """Run Python code as a program for a puzzle of five pieces."""
    reported: list[Any] = []
    files = ("solution.txt", "solution.json", "solution.csv")
    argv = [sys.executable, "-u", "-c", code]
    answer = relay(argv, lambda: PermutationReader(range(5)), reported.append, None, files)
    return answer, reported


def test_the_last_list_is_the_answer_and_all_are_reports() -> None:
    answer, reported = run("print('3,0,2,1,4\\nhm\\n3,0,2,1,4\\n[0, 3, 2, 1, 4]\\nbye', end='')")
    assert answer.value == [0, 3, 2, 1, 4]
    assert reported == [[3, 0, 2, 1, 4], [0, 3, 2, 1, 4]]
    assert not answer.note


def test_a_last_line_need_not_end() -> None:
    assert run("print('0 1 2 3 4', end='')")[0].value == [0, 1, 2, 3, 4]


def test_standard_error_counts_only_without_an_answer_on_standard_output() -> None:
    answer, reported = run("import sys; print('0 1 3 2 4', file=sys.stderr); print('bye')")
    assert answer.value == [0, 1, 3, 2, 4]
    assert answer.note == "the answer is from standard error"
    assert reported == [[0, 1, 3, 2, 4]]
    answer, reported = run(
        "import sys, time; print('0 1 3 2 4'); time.sleep(0.2)\n"
        "print('4 1 3 2 0', file=sys.stderr); print('holds 5 numbers')"
    )
    assert answer.value == [0, 1, 3, 2, 4]
    assert reported == [[0, 1, 3, 2, 4]]
    assert answer.note == "standard error holds another answer than standard output, which counts"
    assert run("import sys; print('0 1 3 2 4'); print('0 1 3 2 4', file=sys.stderr)")[0].note == ""


def write_and(rest: str, **files: str) -> str:
    lines = [f"open({name.replace('_', '.')!r}, 'w').write({text!r})" for name, text in files.items()]
    return "\n".join([*lines, rest])


def test_a_file_counts_only_without_an_answer_on_both_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer, reported = run(write_and("print('bye')", solution_txt="4\n1\n3\n2\n0\n"))
    assert (answer.value, reported) == ([4, 1, 3, 2, 0], [])
    assert answer.note == "the answer is from solution.txt"
    answer, _ = run(write_and("print('0 1 3 2 4')", solution_json='{"pairs": [[4, 1], [3, 2]], "last": 0}'))
    assert answer.value == [0, 1, 3, 2, 4]
    assert "solution.txt holds another answer" in answer.note
    assert "solution.json holds another answer" in answer.note


def test_two_files_with_different_answers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AnswerError, match=r"solution\.txt and solution\.csv hold different answers"):
        run(write_and("", solution_txt="4 1 3 2 0", solution_csv="position,piece\n0,1\n1,0\n2,2\n3,3\n4,4\n"))


def test_a_file_that_is_no_answer_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AnswerError, match=r"solution\.txt: line 1 holds all 5 pieces, but piece 4 twice"):
        run(write_and("", solution_txt="4 1 3 2 0 4"))
    with pytest.raises(AnswerError, match=r"solution\.txt: holds no answer"):
        run(write_and("", solution_txt="none"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.symlink('/etc/hostname', 'solution.txt')", "a link that leads out of the working folder"),
        ("os.symlink('solution.txt', 'solution.txt')", "cannot be read"),
        ("os.mkfifo('solution.txt')", "not a plain file"),
        ("os.mkdir('solution.txt')", "not a plain file"),
        ("open('solution.txt', 'w').truncate(5 << 20)", "5.0 MiB; at most 4 MiB are read"),
        ("os.close(os.open('solution.txt', os.O_CREAT, 0)); os.chmod('solution.txt', 0)", ""),
    ],
)
def test_odd_files_are_not_read(code: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AnswerError, match=rf"solution\.txt: .*{reason}"):
        run(f"import os; {code}")


def test_a_link_within_the_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = "import os; open('mine', 'w').write('4 1 3 2 0'); os.symlink('mine', 'solution.txt')"
    assert run(code)[0].value == [4, 1, 3, 2, 0]


def test_an_answer_of_several_lines_is_reported_when_the_output_pauses() -> None:
    code = "import time; print('1\\n0\\n4\\n3\\n2'); time.sleep(1.5); print('1 0 2 3 4')"
    answer, reported = run(code)
    assert reported == [[1, 0, 4, 3, 2], [1, 0, 2, 3, 4]]
    assert answer.value == [1, 0, 2, 3, 4]


@pytest.mark.parametrize("end", ["\\n", "\\r\\n", "\\r"])
def test_lines_may_end_as_on_other_systems(end: str) -> None:
    code = f"import sys; [sys.stdout.buffer.write(b'%d{end}' % piece) for piece in (1, 0, 4, 3, 2)]"
    assert run(code)[0].value == [1, 0, 4, 3, 2]
    fault = f"import sys; sys.stdout.buffer.write(b'hello{end}world{end}1 2 3 4 5{end}')"
    with pytest.raises(AnswerError, match="line 3 holds 5 numbers from 1 to 5"):
        run(fault)


def test_silence_is_described() -> None:
    note = "exited with code 0 but printed no valid answer (2 lines on standard output, 1 on standard error, no a, b)"
    code = "import sys; print('hm'); print('no'); print('alas', file=sys.stderr)"
    answer = relay([sys.executable, "-c", code], lambda: PermutationReader(range(5)), lambda _: None, None, ("a", "b"))
    assert (answer.value, answer.note) == (None, note)


def test_progress_bars_and_bytes_that_are_no_text_do_no_harm() -> None:
    code = "import os; os.write(1, b'\\xff\\xfe 10%\\r0 1 2 3 4\\r100%\\n')"
    assert run(code)[0].value == [0, 1, 2, 3, 4]


def test_a_failure_after_an_answer_is_remarked() -> None:
    answer, _ = run("print('0 1 2 3 4'); raise SystemExit(3)")
    assert answer.value == [0, 1, 2, 3, 4]
    assert re.fullmatch(r"answered at \d+\.\d s, then ended with exit code 3", answer.note)
    answer, _ = run("print('0 1 2 3 4'); raise MemoryError('too much')")
    assert answer.note.endswith("s, then ended with exit code 1: MemoryError: too much")


def test_a_failure_without_an_answer_says_why() -> None:
    with pytest.raises(ProgramError, match=r"exit code 1 and without an answer: .*ValueError: no idea"):
        run("raise ValueError('no idea')")
    with pytest.raises(ProgramError, match=r"killed by signal 9 and without an answer$"):
        run("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ProgramError, match=r"ValueError: no idea; line 1 holds 5 numbers from 1 to 5"):
        run("print('1 2 3 4 5'); raise ValueError('no idea')")
    with pytest.raises(MemoryError):
        run("raise MemoryError('too much')")


def test_what_was_nearly_an_answer_is_a_wrong_one() -> None:
    with pytest.raises(AnswerError, match="printed no valid answer: line 1 holds 5 numbers from 1 to 5"):
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
