"""Conformance tests for a solver author's own test suite: subclass `SolverContract`, or call `check_solver`."""

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
    """Check a solver in the real harness, as `netjigsaw check` does.

    Args:
        solver: a name such as `file.py:Name[key=value]`, a `Reference` from `solvers.command.find_command`, or a class
            or function at the top of a file. Another process imports that file alone.
        family: the family of the test puzzles, if the solver does not declare one.
        timeout_s: time limit per puzzle, in seconds.

    Returns:
        The findings of all checks. A finding whose `verdict` is "wrong" breaks the contract.

    Raises:
        SpecError: if the solver does not exist, or there are no puzzles to check it on.
    """
    return examine(_reference(solver), family=family, wall_s=timeout_s)


class SolverContract:
    """Tests of one solver, one method per part of the contract. pytest collects them from a subclass.

    The trials run once per subclass, in the real harness, when the first test needs them:

        class TestMine(SolverContract):
            solver = "mine.py:Mine"

    Attributes:
        solver: the solver, in a form that `check_solver` takes.
        family: the family of the test puzzles, if the solver does not declare one.
        timeout_s: time limit per puzzle, in seconds.
    """

    solver: ClassVar[Any]
    family: ClassVar[str | None] = None
    timeout_s: ClassVar[float | None] = None

    def test_it_loads(self) -> None:
        """The solver can be imported and created, and is for this family."""
        self._expect("loads")

    def test_it_answers(self) -> None:
        """The solver answers an ordinary puzzle in the right format."""
        self._expect("answers")

    def test_equal_seeds_give_equal_answers(self) -> None:
        """The solver gives equal answers for equal seeds."""
        self._expect("repeats")

    def test_it_copes_with_awkward_puzzles(self) -> None:
        """The solver neither crashes on nor misreads small, wide or degenerate puzzles."""
        self._expect("shapes")

    def test_it_keeps_to_its_time(self) -> None:
        """If time is short, the solver returns in time or has reported an answer."""
        self._expect("time")

    def test_its_reports_are_answers(self) -> None:
        """The solver's reports are valid answers."""
        self._expect("reports")

    def test_it_writes_into_its_folder_only(self) -> None:
        """The solver writes no files outside its folder."""
        self._expect("writes")

    def test_it_prints_within_bounds(self) -> None:
        """The solver prints no more than the output limit."""
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
    """Run the trials of a contract once, and return the stored findings after that."""
    if contract in _EXAMINED:
        return _EXAMINED[contract]
    # Without `getattr_static`, a plain function in the class body would come back as a bound method.
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
    target = f"{getattr(solver, '__module__', '')}:{getattr(solver, '__qualname__', '')}"
    for entry in list_solvers():
        if entry.factory is solver or getattr(entry.factory, "target", None) == target:
            return Reference(entry.name, entry.family)
    name = getattr(solver, "__qualname__", "")
    try:
        file = inspect.getsourcefile(solver)
    except TypeError:
        file = None
    if file is None or not name.isidentifier():
        raise SpecError(f"{solver!r} is not a class or function at the top of a file; name it as 'file.py:Name'")
    return Reference(f"{Path(file).resolve()}:{name}")
