"""Plan every cell of a run: puzzles times solvers times seeds, including the cells that cannot run.

The parent never imports a solver's file, because the parent knows the answers: foreign code runs
in child processes only. So a fault inside a file shows when the child imports the file.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.work import Work
from benchmark.results.trial import Limits, Status, Trial
from benchmark.running.planning.remarks import puzzle_beside, uncovered_by
from generator.errors import SpecError
from generator.family.registry import find_family
from generator.suggest import did_you_mean
from solvers.registry import build_solver, check_parameters, list_solvers, source_digest, source_gaps
from solvers.source import digest_of_source, gaps_of_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.puzzle.content import Puzzle
    from generator.puzzle.storage import LoadedPuzzle
    from solvers.reference import Reference
    from solvers.registry import SolverEntry

__all__ = ["Cell", "absolute_plugins", "check_exists", "label_of", "limits_of", "plan"]


@dataclass(frozen=True, eq=False)
class Cell:
    """One planned trial.

    Attributes:
        trial: puzzle, solver, seed and limits; its id identifies the cell.
        loaded: the puzzle with its sealed answer.
        reference: the solver; the path of a file is absolute.
        label: the solver's name with parameters, as typed.
        settled: status and reason if the trial need not run; None if it must run.
        uncovered: reason why the source digest does not cover all of the solver's source; empty if it does.
        beside: names of puzzle files that lie beside a program's script; empty if there are none.
    """

    trial: Trial
    loaded: LoadedPuzzle
    reference: Reference
    label: str
    settled: tuple[Status, str] | None = None
    uncovered: str = ""
    beside: str = ""

    def work(self, plugins: tuple[str, ...]) -> Work:
        """Return the part that an executor needs. The sealed answer is included only for puzzles with an oracle."""
        puzzle = self.loaded.puzzle
        sealed = None if find_family(self.trial.family).oracle_terms(puzzle) is None else self.loaded.sealed
        return Work(self.trial, puzzle, self.reference, plugins, sealed)


@dataclass(frozen=True)
class _Candidate:
    """Source digest of a solver for one family, its status if it cannot run, and remarks as in `Cell`."""

    source: str
    settled: tuple[Status, str] | None = None
    uncovered: str = ""
    beside: str = ""


def plan(
    puzzles: Sequence[LoadedPuzzle],
    references: Sequence[Reference],
    seeds: Sequence[int],
    limits: Limits,
) -> list[Cell]:
    """List the cells in the order puzzle, seed, solver; equal cells are listed once.

    Raises:
        SpecError: for an unknown solver, an unknown parameter, a value that a built-in solver refuses,
            a puzzle of an unknown family, or an empty list of puzzles, solvers or seeds.
    """
    if not puzzles or not references or not seeds:
        missing = "puzzles" if not puzzles else "solvers" if not references else "seeds"
        raise SpecError(f"nothing to run: no {missing} were given")
    _check_labels(references)
    families = {loaded.puzzle.manifest.family for loaded in puzzles}
    candidates = {
        (index, family): _candidate(reference, find_family(family).name)
        for index, reference in enumerate(references)
        for family in sorted(families)
    }
    cells: dict[str, Cell] = {}
    for loaded in puzzles:
        for seed in seeds:
            for index, reference in enumerate(references):
                candidate = candidates[index, loaded.puzzle.manifest.family]
                cell = _cell(loaded, reference, candidate, seed, limits)
                cells.setdefault(cell.trial.id, cell)
    return list(cells.values())


def _check_labels(references: Sequence[Reference]) -> None:
    """Check that no two solvers share a label; the label of a program is free text, so it could be anything.

    Raises:
        SpecError: if a program has the label of another solver.
    """
    programs = {reference.target: reference for reference in references if reference.command is not None}
    others = {label_of(other) for other in references if other.command is None}
    if programs:
        others.update(entry.name for entry in list_solvers())
    for reference in references:
        label = reference.target
        if label in programs and (label in others or programs[label] != reference):
            raise SpecError(f"two solvers are called {label!r}; give the command another label: label=command")


def limits_of(puzzle: Puzzle, limits: Limits) -> Limits:
    """Return the limits of trials on one puzzle; the limit on queries is at most the puzzle's own budget.

    For a puzzle without an oracle the limit on queries is None, so that it cannot change a trial's id.
    """
    terms = find_family(puzzle.manifest.family).oracle_terms(puzzle)
    if terms is None:
        return limits if limits.queries is None else limits.model_copy(update={"queries": None})
    budgets = [budget for budget in (limits.queries, terms.budget) if budget is not None]
    return limits.model_copy(update={"queries": min(budgets, default=None)})


def _without_oracle(loaded: LoadedPuzzle) -> tuple[Status, str] | None:
    """Return status and reason if the puzzle's oracle cannot be opened, because the sealed answer is missing."""
    if loaded.sealed is not None or find_family(loaded.puzzle.manifest.family).oracle_terms(loaded.puzzle) is None:
        return None
    return (
        Status.UNAVAILABLE,
        "the puzzle's sealed answer is not here, and its oracle needs it; name its folder with --answers",
    )


def _cell(loaded: LoadedPuzzle, reference: Reference, candidate: _Candidate, seed: int, limits: Limits) -> Cell:
    trial = Trial(
        puzzle=loaded.puzzle.digest,
        family=loaded.puzzle.manifest.family,
        solver=_name(reference),
        source=candidate.source,
        parameters=dict(reference.parameters),
        seed=seed,
        limits=limits_of(loaded.puzzle, limits),
    )
    settled = candidate.settled or _without_oracle(loaded)
    absolute, label = _absolute(reference), label_of(reference)
    return Cell(trial, loaded, absolute, label, settled, candidate.uncovered, candidate.beside)


def label_of(reference: Reference) -> str:
    """Return the solver's name as rows hold it: sorted parameters, no family, a normalised path for a file."""
    return dataclasses.replace(reference, target=_name(reference)).label


def _name(reference: Reference) -> str:
    if not reference.is_file:
        return reference.target
    path, _, name = reference.target.rpartition(":")
    return f"{os.path.normpath(path)}:{name}"


def _absolute(reference: Reference) -> Reference:
    if not reference.is_file:
        return reference
    path, _, name = reference.target.rpartition(":")
    return dataclasses.replace(reference, target=f"{Path(path).resolve()}:{name}")


def check_exists(reference: Reference) -> None:
    """Check that the file of a solver exists, or that a solver of this name is registered; load nothing.

    Raises:
        SpecError: naming what does not exist.
    """
    if reference.command is not None:
        return
    if reference.is_file:
        path = Path(reference.target.rpartition(":")[0])
        if not path.is_file():
            raise SpecError(f"no solver file at {path}")
        return
    known = {entry.name for entry in list_solvers() if _may(entry, reference.family)}
    if reference.target not in known:
        if reference.target.endswith(".py"):
            name = f"{reference.family}/{reference.target}" if reference.family else reference.target
            raise SpecError(f"{name!r} names a file but no solver in it; write {name}:Name")
        kind = f"{reference.family} solver" if reference.family else "solver"
        raise SpecError(f"no {kind} {reference.target!r}{did_you_mean(reference.target, known)}")


def _candidate(reference: Reference, family: str) -> _Candidate:
    if reference.command is not None:
        if find_family(family).foreign_layout is None:
            return _Candidate(
                "", (Status.SKIPPED, f"programs cannot solve {family} puzzles; name a solver with --solver")
            )
        trace = reference.command.trace
        remarks = uncovered_by(trace.gaps), puzzle_beside(trace, family)
        return _Candidate(reference.command.digest_of(trace), None, *remarks)
    check_exists(reference)
    if reference.is_file:
        path = Path(reference.target.rpartition(":")[0])
        return _Candidate(digest_of_source(path), None, uncovered_by(gaps_of_source(path)))
    mine = [entry for entry in list_solvers(family) if entry.name == reference.target]
    if not mine or reference.family not in {None, family}:
        others = sorted({str(entry.family) for entry in list_solvers() if entry.name == reference.target})
        solved = reference.family or " and ".join(others)
        return _Candidate("", (Status.SKIPPED, f"it solves {solved} puzzles, not {family}"))
    entry = mine[0]
    if entry.factory is None:
        return _Candidate(source_digest(entry), (Status.UNAVAILABLE, entry.error))
    check_parameters(entry, reference.parameters)
    if entry.built_in and reference.parameters:
        # Built-in code is trusted, so it may be built next to the answers. Building it checks the parameter values;
        # the default values need no check, and no import of the solver's libraries.
        build_solver(entry, reference.parameters)
    return _Candidate(source_digest(entry), None, uncovered_by(source_gaps(entry)))


def _may(entry: SolverEntry, family: str | None) -> bool:
    return family is None or entry.family in {family, None}


def absolute_plugins(plugins: Sequence[str]) -> tuple[str, ...]:
    """Make the paths of plug-in files absolute; modules stay names."""
    return tuple(str(Path(plugin).resolve()) if plugin.endswith(".py") else plugin for plugin in plugins)
