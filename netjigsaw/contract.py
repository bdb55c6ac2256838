"""The conformance test for people's own test suites: `SolverContract` to subclass, `check_solver` to call."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from benchmark.conformance.examine import examine
from benchmark.conformance.findings import ConformanceFinding
from generator.errors import SpecError
from solvers.reference import Reference, parse_reference
from solvers.registry import list_solvers

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ConformanceFinding", "SolverContract", "check_solver"]


def check_solver(
    solver: str | Reference | Callable[..., Any], *, family: str | None = None, timeout_s: float | None = None
) -> list[ConformanceFinding]:
    """Put a solver to the test in the real harness, as `netjigsaw check` does.

    Args:
        solver: its name as typed, `file.py:Name[key=value]` say; what `solvers.command.find_command` returns; or a
            class or function at the top of a file, which is imported alone in another process.
        family: whose puzzles it is tried on, if it does not say so itself.
        timeout_s: time for each puzzle.

    Returns:
        Everything that was looked at; a finding whose `verdict` is "wrong" breaks the contract.

    Raises:
        SpecError: if there is no such solver, or no puzzles to try it on.
    """
    return examine(_reference(solver), family=family, wall_s=timeout_s)


class SolverContract:
    """Tests of one solver, a method for each part of the contract; pytest collects them from a subclass.

    The trials run once per subclass, in the real harness, when the first test asks for them:

        class TestMine(SolverContract):
            solver = "mine.py:Mine"

    Attributes:
        solver: as `check_solver` takes it.
        family: whose puzzles it is tried on, if it does not say so itself.
        timeout_s: time for each puzzle.
    """

    solver: ClassVar[Any]
    family: ClassVar[str | None] = None
    timeout_s: ClassVar[float | None] = None

    def test_it_loads(self) -> None:
        """It can be imported and made, and is for this family."""
        self._expect("loads")

    def test_it_answers(self) -> None:
        """It answers an ordinary puzzle in the right form."""
        self._expect("answers")

    def test_equal_seeds_give_equal_answers(self) -> None:
        """It is deterministic."""
        self._expect("repeats")

    def test_it_copes_with_awkward_puzzles(self) -> None:
        """It neither crashes on nor misreads small, wide or degenerate puzzles."""
        self._expect("shapes")

    def test_it_keeps_to_its_time(self) -> None:
        """Where time is short it comes back, or has reported something."""
        self._expect("time")

    def test_its_reports_are_answers(self) -> None:
        """What it reports on the way is well formed."""
        self._expect("reports")

    def test_it_writes_into_its_folder_only(self) -> None:
        """It leaves no files elsewhere."""
        self._expect("writes")

    def test_it_prints_within_bounds(self) -> None:
        """It does not flood its output."""
        self._expect("output")

    @classmethod
    def _expect(cls, check: str) -> None:
        findings = _examined(cls)
        mine = [finding for finding in findings if finding.check == check]
        wrong = [finding for finding in mine or findings if finding.verdict == "wrong"]
        if wrong:
            raise AssertionError("\n".join(map(str, wrong)))


_EXAMINED: dict[type[Any], list[ConformanceFinding]] = {}


def _examined(contract: type[SolverContract]) -> list[ConformanceFinding]:
    """Run the trials of a contract, or give what they showed before."""
    if contract in _EXAMINED:
        return _EXAMINED[contract]
    # A plain function in the body of a class would come back bound to it.
    solver = inspect.getattr_static(contract, "solver", None)
    if isinstance(solver, staticmethod):
        solver = solver.__func__
    if solver is None:
        raise SpecError(f"{contract.__name__} names no solver; set solver = 'file.py:Name'")
    _EXAMINED[contract] = check_solver(solver, family=contract.family, timeout_s=contract.timeout_s)
    return _EXAMINED[contract]


def _reference(solver: str | Reference | Callable[..., Any]) -> Reference:
    if isinstance(solver, Reference):
        return solver
    if isinstance(solver, str):
        return parse_reference(solver)
    for entry in list_solvers():
        if entry.factory is solver:
            return Reference(entry.name, entry.family)
    name = getattr(solver, "__qualname__", "")
    try:
        file = inspect.getsourcefile(solver)
    except TypeError:
        file = None
    if file is None or not name.isidentifier():
        raise SpecError(f"{solver!r} is no class or function at the top of a file; name it as 'file.py:Name'")
    return Reference(f"{Path(file).resolve()}:{name}")
