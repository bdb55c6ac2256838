"""The contract as others import it, and our own solvers under it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.conformance.examine import examine_all
from generator.errors import SpecError
from netjigsaw import SolverContract, check_solver
from solvers.reference import Reference
from solvers.registry import list_solvers

if TYPE_CHECKING:
    from benchmark.conformance.findings import ConformanceFinding

BUILT_IN = [entry for entry in list_solvers() if entry.origin.startswith("solvers/")]


class Mine:
    """Answer with the pieces as they lie."""

    family = "reassembly"

    def solve(self, puzzle: Any, context: Any) -> Any:
        rows = range(puzzle.depth)
        context.report(puzzle.answer(rows, rows))
        return puzzle.answer(rows, rows)


class TestMine(SolverContract):
    solver = Mine
    timeout_s = 2.0


def one_piece(_puzzle: Any, _context: Any) -> Any:
    return [0]


class Wrong(SolverContract):
    solver = one_piece
    family = "reassembly"


class TestByName(SolverContract):
    solver = "park[rows=100]"


def test_a_broken_solver_fails_the_test_that_is_concerned() -> None:
    contract = Wrong()
    contract.test_it_loads()
    contract.test_it_prints_within_bounds()
    with pytest.raises(AssertionError, match=r"answers \(plain\): wrong-format: .* Fix: return piece numbers"):
        contract.test_it_answers()
    with pytest.raises(AssertionError, match="shapes"):
        contract.test_it_copes_with_awkward_puzzles()


def test_a_solver_that_cannot_be_made_fails_every_test(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("class X: pass\n")

    class Missing(SolverContract):
        solver = f"{tmp_path}/it.py:X"
        family = "reassembly"

    for test in (Missing().test_it_loads, Missing().test_it_answers):
        with pytest.raises(AssertionError, match="no method solve"):
            test()


def test_what_has_no_name_in_a_file_is_refused() -> None:
    class Local:
        def solve(self, puzzle: Any, context: Any) -> None: ...

    for odd in (Local, lambda _puzzle, _context: None, 3):
        with pytest.raises(SpecError, match="at the top of a file"):
            check_solver(odd)  # type: ignore[arg-type]  # one of them is not even callable, as a mistake may be
    with pytest.raises(SpecError, match="names no solver"):
        SolverContract().test_it_loads()


@pytest.fixture(scope="module")
def findings() -> dict[str, list[ConformanceFinding]]:
    """Every built-in solver, by one start of the harness, two trials at a time."""
    return examine_all([Reference(entry.name, entry.family) for entry in BUILT_IN], wall_s=0.4, jobs=2)


@pytest.mark.parametrize("name", [f"{entry.family}/{entry.name}" for entry in BUILT_IN])
def test_our_own_solvers_keep_to_it(name: str, findings: dict[str, list[ConformanceFinding]]) -> None:
    wrong = [finding for finding in findings[name] if finding.verdict == "wrong"]
    # A method for one kind of puzzle, e.g. for ReLU networks, says so and gives up on all others.
    assert not [str(finding) for finding in wrong if not finding.found.startswith("gave up: ")]
    assert len(findings[name]) > 10


def test_the_example_in_the_docs_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "docs/writing-solvers.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    blocks = {match[1]: match[2] for match in re.finditer(r"```python\n# (\S+\.py)\n(.*?)```", text, flags=re.DOTALL)}
    Path("mine.py").write_text(blocks["mine.py"], encoding="utf-8")
    space: dict[str, Any] = {}
    exec(blocks["test_mine.py"], space)  # noqa: S102 - the documents' own example
    contract = space["TestMine"]()
    for name in vars(SolverContract):
        if name.startswith("test_"):
            getattr(contract, name)()
