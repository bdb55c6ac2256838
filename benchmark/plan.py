"""Plan every cell of a run: puzzles times solvers times seeds, those that cannot run as well.

No file of a solver is imported here: the parent knows the answers, so foreign code runs
in children only. What a file holds shows when the child imports it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.lookup import find_family
from benchmark.outcome import Work
from benchmark.suites.places import BUILT_IN as SUITES
from benchmark.suites.places import puzzle_home
from benchmark.trial import Limits, Status, Trial
from generator.errors import SpecError
from generator.storage import answers_beside
from generator.suggest import did_you_mean
from solvers.registry import BUILT_IN, build_solver, check_parameters, list_solvers, source_digest
from solvers.source import digest_of_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmark.request import LoadedPuzzle, RunRequest
    from solvers.reference import Reference
    from solvers.registry import SolverEntry

__all__ = ["Cell", "absolute_plugins", "hidden_places", "label_of", "plan"]


@dataclass(frozen=True, eq=False)
class Cell:
    """One planned trial.

    Attributes:
        trial: what identifies it.
        loaded: the puzzle and its answer.
        reference: the solver, a file's path made absolute.
        label: the solver's name with parameters, as typed.
        settled: status and reason where nothing needs to run.
    """

    trial: Trial
    loaded: LoadedPuzzle
    reference: Reference
    label: str
    settled: tuple[Status, str] | None = None

    def work(self, plugins: tuple[str, ...]) -> Work:
        """Take out what an executor needs; the answer is not in it."""
        return Work(self.trial, self.loaded.puzzle, self.reference, plugins)


@dataclass(frozen=True)
class _Candidate:
    """What is known of a solver for puzzles of one family before it is imported."""

    source: str
    settled: tuple[Status, str] | None = None


def plan(
    puzzles: Sequence[LoadedPuzzle],
    references: Sequence[Reference],
    seeds: Sequence[int],
    limits: Limits,
) -> list[Cell]:
    """List the cells in the order puzzle, seed, solver; equal cells are listed once.

    Raises:
        SpecError: for a solver that does not exist, a parameter it does not have, a value that a
            built-in one refuses, a puzzle of an unknown family, or nothing to do.
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
    """See that a row's solver tells whose it is: labels of programs are free text.

    Raises:
        SpecError: if a program is called as another solver is.
    """
    programs = {reference.target: reference for reference in references if reference.command is not None}
    others = {label_of(other) for other in references if other.command is None}
    others.update(entry.name for entry in list_solvers() if programs)
    for reference in references:
        label = reference.target
        if label in programs and (label in others or programs[label] != reference):
            raise SpecError(f"two solvers are called {label!r}; give the command a label of its own, as label=command")


def _cell(loaded: LoadedPuzzle, reference: Reference, candidate: _Candidate, seed: int, limits: Limits) -> Cell:
    trial = Trial(
        puzzle=loaded.puzzle.digest,
        family=loaded.puzzle.manifest.family,
        solver=_name(reference),
        source=candidate.source,
        parameters=dict(reference.parameters),
        seed=seed,
        limits=limits,
    )
    return Cell(trial, loaded, _absolute(reference), label_of(reference), candidate.settled)


def label_of(reference: Reference) -> str:
    """Write a solver as rows name it: parameters in order, no family, a file's path without detours."""
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


def _candidate(reference: Reference, family: str) -> _Candidate:
    if reference.command is not None:
        if find_family(family).foreign_layout is None:
            return _Candidate("", (Status.SKIPPED, f"{family} puzzles cannot be put to programs"))
        return _Candidate(reference.command.source)
    if reference.is_file:
        path = Path(reference.target.rpartition(":")[0])
        if not path.is_file():
            raise SpecError(f"no solver file at {path}")
        return _Candidate(digest_of_source(path))
    known = {entry.name: entry for entry in reversed(list_solvers()) if _may(entry, reference.family)}
    if reference.target not in known:
        if reference.target.endswith(".py"):
            name = f"{reference.family}/{reference.target}" if reference.family else reference.target
            raise SpecError(f"{name!r} names a file but no solver in it; write {name}:Name")
        kind = f"{reference.family} solver" if reference.family else "solver"
        raise SpecError(f"no {kind} {reference.target!r}{did_you_mean(reference.target, known)}")
    mine = [entry for entry in list_solvers(family) if entry.name == reference.target]
    if not mine or reference.family not in {None, family}:
        others = sorted({str(entry.family) for entry in list_solvers() if entry.name == reference.target})
        solved = reference.family or " and ".join(others)
        return _Candidate("", (Status.SKIPPED, f"it solves {solved} puzzles, not {family}"))
    entry = mine[0]
    if entry.factory is None:
        return _Candidate(source_digest(entry), (Status.UNAVAILABLE, entry.error))
    if str(getattr(entry.factory, "__module__", "")).startswith(BUILT_IN):
        # Our own code: it may be made here, next to the answers, and shows which values are no good.
        build_solver(entry, reference.parameters)
    else:
        check_parameters(entry, reference.parameters)
    return _Candidate(source_digest(entry))


def _may(entry: SolverEntry, family: str | None) -> bool:
    return family is None or entry.family in {family, None}


def absolute_plugins(plugins: Sequence[str]) -> tuple[str, ...]:
    """Make the paths of plug-in files absolute; modules stay names."""
    return tuple(str(Path(plugin).resolve()) if plugin.endswith(".py") else plugin for plugin in plugins)


def hidden_places(request: RunRequest) -> tuple[Path, ...]:
    """Collect what solvers must not see: stores, the homes of sealed answers, what the request names.

    A store holds the answers that other solvers gave. So besides this run's, every one that lies
    in the current folder or beside a puzzle is hidden, the places where runs leave theirs. The
    puzzles are hidden too: a solver gets its puzzle when the clock starts, and must not read it before.
    So is every puzzle that suites have brought to this machine, since these may be copies of them.

    Raises:
        SpecError: if one of them holds the program, or a solver or plug-in that must be read.
    """
    puzzles = [loaded.path.resolve() for loaded in request.puzzles if loaded.path is not None]
    homes = [answers_beside(puzzle) for puzzle in puzzles]
    grounds = {Path.cwd(), *(puzzle.parent for puzzle in puzzles)}
    stores = [store for ground in sorted(grounds) for store in _stores_in(ground)]
    suites = [puzzle_home(), *SUITES.glob("*/puzzles")]
    places = _outermost((*request.hidden, *puzzles, *homes, *stores, *suites, request.results))
    solvers = [reference.target.rpartition(":")[0] for reference in request.references if reference.is_file]
    plugins = [plugin for plugin in request.plugins if plugin.endswith(".py")]
    programs = [file for reference in request.references if reference.command for file in reference.command.files]
    needed = [("solver", Path(file)) for file in solvers] + [("plug-in", Path(file)) for file in plugins]
    needed += [("solver", file) for file in programs]
    needed += [("program", Path(__file__)), ("interpreter", Path(sys.prefix)), ("interpreter", Path(sys.base_prefix))]
    for place in places:
        for what, file in needed:
            if file.resolve().is_relative_to(place):
                raise SpecError(f"{place} is hidden from solvers, but the {what} {file} lies in it; keep them apart")
    return tuple(places)


def _outermost(places: Iterable[Path]) -> list[Path]:
    """Leave out what lies in a place that is hidden itself: each takes a mount."""
    resolved = {place.resolve() for place in places}
    return sorted(place for place in resolved if resolved.isdisjoint(place.parents))


def _stores_in(ground: Path) -> Iterator[Path]:
    """Find the result folders directly in a folder; what cannot be read here, no solver can read either."""
    with contextlib.suppress(PermissionError, FileNotFoundError):
        for folder in ground.iterdir():
            with contextlib.suppress(PermissionError, FileNotFoundError):
                if folder.is_dir() and any(folder.glob("rows-*.jsonl")):
                    yield folder
