"""`netjigsaw check` finds every breach of the contract and nothing else; a file from `new-solver` passes the check."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.conformance.examine import examine_all
from solvers.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parents[2] / "docs/examples"

BROKEN = """
import itertools, random, time

class Broken:
    family = "reassembly"

    def solve(self, puzzle, context):
        rows = list(range(puzzle.depth))
        name = (puzzle.depth, puzzle.inputs.shape)
        if puzzle.inputs.shape[0] == 1:
            raise ValueError("too few rows")
        if puzzle.depth == 1:
            open(__file__ + ".log", "w").close()
        if puzzle.depth == 2:
            return [0, 1]
        if puzzle.depth > 20:
            print("x" * 20_000_000)
        if puzzle.depth == 4:
            context.report([0])
            random.shuffle(rows)
            rows = random.sample(rows, len(rows))
        return puzzle.answer(rows, random.sample(rows, len(rows)))
"""

SLEEPY = """
import time

def solve(puzzle, context):
    if puzzle.depth > 20:
        time.sleep(60)
    return puzzle.answer(range(puzzle.depth), range(puzzle.depth))
"""


@pytest.fixture
def check(cli: Callable[..., tuple[int, str, str]]) -> Callable[..., dict[tuple[str, str], dict[str, Any]]]:
    """Run a check that must end with this code, and give its findings by check and subject."""

    def call(*arguments: str, code: int) -> dict[tuple[str, str], dict[str, Any]]:
        found, out, err = cli("check", *arguments, "--json")
        assert found == code, (out, err)
        record = json.loads(out)
        assert record["passed"] == (code == 0)
        return {(one["check"], one["subject"]): one for one in record["findings"]}

    return call


def wrong(findings: dict[tuple[str, str], dict[str, Any]]) -> set[tuple[str, str]]:
    return {key for key, one in findings.items() if one["verdict"] == "wrong"}


def test_every_fault_is_found_and_has_a_fix(check: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    findings = check("broken.py:Broken", code=1)
    faults = wrong(findings)
    assert {("shapes", "one row"), ("shapes", "wide"), ("time", "deep, 1 s"), ("reports", "plain")} < faults
    assert {check for check, _ in faults} >= {"repeats", "shapes", "time", "reports", "writes", "output"}
    assert all(findings[key]["fix"] for key in faults)
    assert "too few rows" in findings["shapes", "one row"]["found"]
    assert findings["answers", "plain"]["verdict"] == "ok"
    assert findings["shapes", "no biases"]["verdict"] == "ok"


def test_the_check_advises_a_late_solver_without_reports_to_report(check: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "sleepy.py").write_text(SLEEPY)
    findings = check("sleepy.py:solve", "--family", "reassembly", code=1)
    assert wrong(findings) == {("time", "deep, 1 s")}
    assert "context.report" in findings["time", "deep, 1 s"]["fix"]
    assert findings["reports", "all trials"]["verdict"] == "note"


UNUSABLE = {
    "missing": ("import no_such_module_anywhere", "X", "install the module"),
    "idle": ("class X:\n    pass", "X", "a method solve"),
    "needy": (
        "class X:\n    def __init__(self, rows): ...\n    def solve(self, puzzle, context): ...",
        "X",
        "a default",
    ),
    "other": ("class Y:\n    pass", "X", "name a class or function"),
    "short": ("def X(puzzle):\n    pass", "X", "(puzzle, context)"),
    "deaf": ("class X:\n    def solve(self, puzzle):\n        pass", "X", "(puzzle, context)"),
}


def test_the_check_explains_how_to_fix_an_unusable_solver(tmp_path: Path) -> None:
    for file, (source, _, _) in UNUSABLE.items():
        (tmp_path / f"{file}.py").write_text(source)
    targets = {file: f"{tmp_path}/{file}.py:{name}" for file, (_, name, _) in UNUSABLE.items()}
    references = {file: Reference(target, "reassembly") for file, target in targets.items()}
    findings = examine_all(list(references.values()), wall_s=1)
    for file, (_, _, fix) in UNUSABLE.items():
        first = next(one for one in findings[f"reassembly/{references[file].label}"] if one.verdict == "wrong")
        assert fix in first.fix, first


def test_a_solver_of_another_family_says_so(
    cli: Callable[..., tuple[int, str, str]], check: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "it.py").write_text("class X:\n    family = 'toys'\n    def solve(self, puzzle, context): ...\n")
    assert "no puzzle family 'toys'" in cli("check", "it.py:X")[2]
    findings = check("it.py:X", "--family", "reassembly", code=1)
    assert wrong(findings) == {("loads", "family")}


def test_a_program_is_tried_too(cli: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "lazy.py").write_text(
        "import os\n"
        "numbers = [int(name[6:-4]) for name in os.listdir('pieces')]\n"
        "print(*sorted(numbers, key=lambda number: os.path.getsize(f'pieces/piece_{number}.pth')))\n"
    )
    code, out, _ = cli("check", "--family", "reassembly", "--solver-command", f"lazy={sys.executable} lazy.py")
    assert code == 1
    assert "lazy breaks the contract" in out
    assert "print every piece number once" in out
    assert "made within" in out


def test_the_template_keeps_to_the_contract(
    cli: Callable[..., tuple[int, str, str]], check: Callable[..., Any], tmp_path: Path
) -> None:
    code, out, _ = cli("new-solver", "my-solver")
    assert code == 0
    file, name = tmp_path / "my_solver.py", "my_solver.py:MySolver"
    assert f"netjigsaw check {name}" in out
    assert len([line for line in file.read_text().splitlines() if line.strip()]) < 18
    findings = check(name, code=0)
    assert findings["shapes", "depth 1"]["found"].startswith("solved")
    before = file.read_text()
    code, _, err = cli("new-solver", "my-solver")
    assert code == 1
    assert "exists already" in err
    assert file.read_text() == before


def test_the_template_solves_an_easy_puzzle(cli: Callable[..., tuple[int, str, str]]) -> None:
    assert cli("new-solver", "first", "--family", "reassembly", "--out", "deep/first.py")[0] == 0
    assert cli("generate", "reassembly", "--preset", "tiny", "--seed", "1", "--out", "p1")[0] == 0
    assert "solved" in cli("solve", "p1", "--solver", "deep/first.py:First")[1]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("check",), "give one solver"),
        (("check", "prak"), "did you mean park"),
        (("check", "flagship"), "no single family; choose one with --family: reassembly, recovery"),
        (("check", "absent.py:X"), "no solver file at absent.py"),
        (("check", "park", "--family", "reasembly"), "did you mean reassembly"),
        (("new-solver", "2nd"), "letters, digits"),
        (("new-solver", "x", "--family", "none"), "no puzzle family"),
    ],
)
def test_mistakes_get_one_line(arguments: tuple[str, ...], complaint: str, fails: Callable[..., str]) -> None:
    assert complaint in fails(*arguments)
