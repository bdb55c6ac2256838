"""Compare a bundle with the suite here: same puzzles, seeds and limits, and each cell exactly once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.results.planned import LockState
from benchmark.results.trial import Trial
from benchmark.running.planning.plan import limits_of
from benchmark.submission.findings import Discrepancy
from benchmark.suites.loading import suite_use
from generator.errors import SpecError
from generator.family.registry import find_family
from solvers.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmark.results.planned import SuiteUse
    from benchmark.results.trial import Row
    from benchmark.submission.bundle.contents import Contents
    from benchmark.submission.bundle.schema import BundledPuzzle, BundledSolver, BundledSuite
    from benchmark.suites.loading import Target
    from benchmark.suites.record import Entry, Suite
    from generator.puzzle.content import Puzzle
    from generator.puzzle.storage import LoadedPuzzle

__all__ = ["Ground", "RequiredCell", "cells_of", "check_suite", "ground_of", "known_rows", "label_of", "place_of"]


@dataclass(frozen=True, eq=False)
class Ground:
    """A whole suite on this machine, on which bundles are verified.

    Attributes:
        suite: suite with every puzzle built.
        loaded: puzzles of the suite with their sealed answers, if available, by digest.
        use: plan of the whole suite.
    """

    suite: Suite
    loaded: Mapping[str, LoadedPuzzle]
    use: SuiteUse


@dataclass(frozen=True)
class RequiredCell:
    """A trial that a bundle must hold, with the fields of its row that are known before the run."""

    entry: Entry
    trial: Trial
    label: str
    groups: Mapping[str, str | int]
    place: str
    answered: bool


def ground_of(target: Target, loaded: Sequence[LoadedPuzzle]) -> Ground:
    """Join a suite with its loaded puzzles.

    Raises:
        SpecError: if the target is not a whole suite.
    """
    suite = target.suite
    if suite is None or target.entries != suite.entries:
        raise SpecError("a submission needs results on a whole suite; name a suite, not a puzzle or a part of a suite")
    use = suite_use(target, loaded, range(suite.seeds))
    if use is None:  # for the type checker; a suite always has a plan
        raise SpecError(f"suite {suite.name} has no plan")
    return Ground(suite, {item.puzzle.digest: item for item in loaded}, use)


def check_suite(claimed: BundledSuite, suite: Suite) -> Iterator[Discrepancy]:
    """Compare a bundle's suite with the suite here, including the digest of each puzzle.

    If the suite has a lock, the lock decides the digest that a puzzle should have. A puzzle whose build here differs
    from the lock cannot be scored here.
    """
    place = f"suite {suite.name}"
    entries = tuple(replace(entry, digest=entry.locked or entry.digest) for entry in suite.entries)
    expected = replace(suite, entries=entries)
    yield from _differences(place, claimed, expected)
    theirs = {puzzle.name: puzzle for puzzle in claimed.puzzles}
    ours = {entry.name: entry for entry in entries}
    for name in [name for name in theirs if name not in ours]:
        yield Discrepancy(place, problem=f"has no puzzle {name!r}, which the bundle holds")
    for name, entry in ours.items():
        if name not in theirs:
            yield Discrepancy(place, problem=f"puzzle {name!r} is not in the bundle")
            continue
        for field in ("digest", "family"):
            if getattr(theirs[name], field) != getattr(entry, field):
                claim, truth = getattr(theirs[name], field), getattr(entry, field)
                yield Discrepancy(f"{place}, puzzle {name}", field, claimed=claim, verified=truth)
    for entry in suite.entries:
        if entry.state is LockState.DIFFERS:
            problem = f"has digest {str(entry.digest)[:12]} here, not the lock's, so its answers cannot be scored"
            yield Discrepancy(f"{place}, puzzle {entry.name}", problem=f"{problem}; unpack the suite's archive")


def _differences(place: str, claimed: BundledSuite, expected: Suite) -> Iterator[Discrepancy]:
    for field in ("name", "seeds", "digest"):
        if getattr(claimed, field) != getattr(expected, field):
            yield Discrepancy(place, field, claimed=getattr(claimed, field), verified=getattr(expected, field))
    for field in type(claimed.limits).model_fields:
        claim, truth = getattr(claimed.limits, field), getattr(expected.limits, field)
        if claim != truth:
            yield Discrepancy(place, f"limits.{field}", claimed=claim, verified=truth)
    if len({puzzle.name for puzzle in claimed.puzzles}) != len(claimed.puzzles):
        yield Discrepancy(place, problem="the bundle lists a puzzle twice")


def cells_of(contents: Contents, ground: Ground) -> dict[tuple[str, int], RequiredCell]:
    """List the cells that a bundle of this solver must hold, by digest of the puzzle and seed."""
    solver, suite = contents.manifest.solver, ground.suite
    claims: dict[str, BundledPuzzle] = {puzzle.digest: puzzle for puzzle in contents.manifest.suite.puzzles}
    label = label_of(solver)
    cells = {}
    for entry in suite.entries:
        digest = str(entry.digest)
        puzzle = ground.loaded[digest].puzzle
        groups = dict(find_family(entry.family).groups(puzzle))
        for seed in range(suite.seeds):
            trial = _trial(solver, puzzle, seed, suite)
            place = place_of(entry.name, solver.label, seed)
            cells[digest, seed] = RequiredCell(entry, trial, label, groups, place, claims[digest].answered)
    return cells


def label_of(solver: BundledSolver) -> str:
    """Write a solver's name with its parameters, in the form that rows must have."""
    return Reference(solver.name, None, solver.parameters).label


def _trial(solver: BundledSolver, puzzle: Puzzle, seed: int, suite: Suite) -> Trial:
    family, limits = puzzle.manifest.family, limits_of(puzzle, suite.limits)
    source = solver.sources.get(family, "")
    return Trial(puzzle.digest, family, solver.name, source, dict(solver.parameters), seed, limits)


def place_of(puzzle: str, solver: str, seed: int) -> str:
    """Describe a trial for people."""
    return f"puzzle {puzzle}, solver {solver}, seed {seed}"


def known_rows(
    contents: Contents, cells: Mapping[tuple[str, int], RequiredCell]
) -> tuple[dict[tuple[str, int], Row], list[Discrepancy]]:
    """Assign rows to cells; report missing rows, duplicate rows, and rows of no cell."""
    solver = contents.manifest.solver
    findings = []
    if label_of(solver) != solver.label:
        findings.append(Discrepancy("bundle.json", "solver.label", claimed=solver.label, verified=label_of(solver)))
    found: dict[tuple[str, int], list[Row]] = {}
    for row in contents.rows:
        found.setdefault((row.puzzle, row.seed), []).append(row)
    for (digest, seed), rows in found.items():
        if (digest, seed) not in cells:
            where = place_of(rows[0].puzzle_name, rows[0].solver, seed)
            findings.append(Discrepancy(where, problem=f"is not a cell of the suite (puzzle {digest[:12]})"))
    for key, cell in cells.items():
        rows = found.get(key, [])
        if not rows:
            findings.append(Discrepancy(cell.place, problem="is missing; a bundle must hold every cell of the suite"))
        elif len(rows) > 1:
            ends = ", ".join(str(row.status) for row in rows)
            findings.append(
                Discrepancy(cell.place, problem=f"has {len(rows)} rows ({ends}); each cell must have one row")
            )
    held = {f"raw/{row.trial}" for row in contents.rows}
    findings += [
        Discrepancy(name, problem="is a raw answer without a row")
        for name in sorted(contents.archive.names)
        if name.startswith("raw/") and name.rpartition(".")[0] not in held
    ]
    return {key: rows[0] for key, rows in found.items() if key in cells and len(rows) == 1}, findings
