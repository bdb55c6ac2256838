"""The trials of a conformance test, and their puzzles."""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.results.trial import Limits
from benchmark.running.planning.plan import check_exists, plan
from generator.errors import SpecError
from generator.family.registry import families, find_family
from generator.puzzle.storage import LoadedPuzzle
from solvers.registry import list_solvers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.results.outcome import Outcome
    from benchmark.running.judge import Verdict
    from benchmark.running.planning.plan import Cell
    from generator.family.record import Family
    from solvers.reference import Reference

__all__ = ["Errand", "Purpose", "Times", "Tried", "choose_family", "errands", "load_probes"]


class Purpose(enum.Enum):
    """The purpose of one trial."""

    FIRST = "an ordinary puzzle"
    AGAIN = "the same puzzle again"
    SHAPE = "an unusual puzzle"
    SHORT = "too little time"


@dataclass(frozen=True)
class Times:
    """Time limits of a conformance test, in seconds.

    Attributes:
        wall_s: limit of all trials but one.
        short_s: limit of the trial whose time should run out.
    """

    wall_s: float = 5.0
    short_s: float = 1.0

    @classmethod
    def for_solver(cls, reference: Reference, wall_s: float | None = None) -> Times:
        """Choose the limits for a solver; a program gets more time, because it starts on the clock."""
        usual = cls(20.0, 6.0) if reference.command is not None else cls()
        return usual if wall_s is None else cls(wall_s, min(wall_s, usual.short_s))


@dataclass(frozen=True, eq=False)
class Errand:
    """One trial and its purpose."""

    purpose: Purpose
    cell: Cell


@dataclass(frozen=True, eq=False)
class Tried:
    """A finished errand with its result."""

    errand: Errand
    outcome: Outcome
    verdict: Verdict

    @property
    def probe(self) -> str:
        """Name of the puzzle."""
        return self.errand.cell.loaded.puzzle.manifest.name


def errands(reference: Reference, probes: Sequence[LoadedPuzzle], times: Times) -> list[Errand]:
    """List the trials: the ordinary puzzle twice, each unusual puzzle, and the last puzzle with the short limit.

    Raises:
        SpecError: if the solver does not exist.
    """

    def one(purpose: Purpose, probe: LoadedPuzzle, wall_s: float) -> Errand:
        (cell,) = plan([probe], [reference], [0], Limits(wall_s=wall_s))
        return Errand(purpose, cell)

    plain, *shapes, long = probes
    return [
        one(Purpose.FIRST, plain, times.wall_s),
        one(Purpose.AGAIN, plain, times.wall_s),
        *(one(Purpose.SHAPE, probe, times.wall_s) for probe in shapes),
        one(Purpose.SHORT, long, times.short_s),
    ]


def load_probes(family: Family) -> tuple[LoadedPuzzle, ...]:
    """Make the test puzzles of a family.

    Raises:
        SpecError: if the family has no test puzzles.
    """
    if family.probes is None:
        raise SpecError(f"family {family.name!r} has no test puzzles; choose another family with --family")
    return tuple(LoadedPuzzle(made.puzzle, made.sealed) for made in family.probes())


def choose_family(reference: Reference, wanted: str | None = None) -> Family:
    """Choose the family of the test puzzles: `wanted`, else the solver's family, else the only candidate.

    Raises:
        SpecError: if no family has that name, no family has test puzzles, or several have and the choice is open; if
            the choice is open and the solver does not exist.
    """
    name = wanted or reference.family or _declared(reference)
    if name is not None:
        return find_family(name)
    usable = [family for family in families() if family.probes and (family.foreign_layout or not reference.command)]
    if not usable:
        raise SpecError("no family has test puzzles for this solver; load one with --plugin")
    if len(usable) > 1:
        check_exists(reference)
        names = ", ".join(family.name for family in usable)
        raise SpecError(f"{reference.label} declares no single family; choose one with --family: {names}")
    return usable[0]


def _declared(reference: Reference) -> str | None:
    """Read the family that a solver declares, without running its file."""
    if reference.command is not None:
        return None
    if not reference.is_file:
        declared = {entry.family for entry in list_solvers() if entry.name == reference.target}
        return declared.pop() if len(declared) == 1 else None  # several families may have a solver of this name
    path, _, name = reference.target.rpartition(":")
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None  # the trial reports the fault
    bodies = (node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    for statement in (statement for body in bodies for statement in body):
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="family")], value=ast.Constant(value=str(family)))
                | ast.AnnAssign(target=ast.Name(id="family"), value=ast.Constant(value=str(family)))
            ):
                return family
    return None
