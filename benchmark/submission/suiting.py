"""Compare a bundle with the suite here: same puzzles, seeds and limits, and each cell exactly once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.results.planned import LockState
from benchmark.results.trial import Trial
from benchmark.running.plan import limits_of
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
    """A whole suite as it is here, to verify bundles on.

    Attributes:
        suite: with every puzzle built.
        loaded: its puzzles, and their answers where there are any, by digest.
        use: the whole of it as a plan.
    """

    suite: Suite
    loaded: Mapping[str, LoadedPuzzle]
    use: SuiteUse


@dataclass(frozen=True)
class RequiredCell:
    """A trial that a bundle must hold, with every field of its row that can be computed beforehand."""

    entry: Entry
    trial: Trial
    label: str
    groups: Mapping[str, str | int]
    place: str
    answered: bool


def ground_of(target: Target, loaded: Sequence[LoadedPuzzle]) -> Ground:
    """Join a suite with its puzzles.

    Raises:
        SpecError: if the target is not the whole of a suite.
    """
    suite = target.suite
    if suite is None or target.entries != suite.entries:
        raise SpecError("a submission needs results on a whole suite; name a suite, not a puzzle or a part of a suite")
    use = suite_use(target, loaded, range(suite.seeds))
    if use is None:  # a suite has one; said for the type checker
        raise SpecError(f"suite {suite.name} has no plan")
    return Ground(suite, {item.puzzle.digest: item for item in loaded}, use)


def check_suite(claimed: BundledSuite, suite: Suite) -> Iterator[Discrepancy]:
    """Compare what a bundle says of its suite with the suite here, down to the digest of each puzzle.

    The lock decides what a puzzle's digest should be, where there is one. A puzzle that was
    built here with other bits than it has cannot be scored here.
    """
    place = f"suite {suite.name}"
    entries = tuple(replace(entry, digest=entry.locked or entry.digest) for entry in suite.entries)
    expected = replace(suite, entries=entries)
    yield from _differences(place, claimed, expected)
    theirs = {puzzle.name: puzzle for puzzle in claimed.puzzles}
    ours = {entry.name: entry for entry in entries}
    for name in [name for name in theirs if name not in ours]:
        yield Discrepancy(place, problem=f"has no puzzle {name!r}, which the bundle is about")
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
            problem = f"was built here as {str(entry.digest)[:12]}, not as locked, so nothing can be scored on it"
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
    """Write a solver's name with its parameters, as rows must have it."""
    return Reference(solver.name, None, solver.parameters).label


def _trial(solver: BundledSolver, puzzle: Puzzle, seed: int, suite: Suite) -> Trial:
    family, limits = puzzle.manifest.family, limits_of(puzzle, suite.limits)
    source = solver.sources.get(family, "")
    return Trial(puzzle.digest, family, solver.name, source, dict(solver.parameters), seed, limits)


def place_of(puzzle: str, solver: str, seed: int) -> str:
    """Name a trial for people."""
    return f"puzzle {puzzle}, solver {solver}, seed {seed}"


def known_rows(
    contents: Contents, cells: Mapping[tuple[str, int], RequiredCell]
) -> tuple[dict[tuple[str, int], Row], list[Discrepancy]]:
    """Sort rows into the cells; name what is missing, there twice, or of no cell at all."""
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
            findings.append(Discrepancy(where, problem=f"is no cell of the suite (puzzle {digest[:12]})"))
    for key, cell in cells.items():
        rows = found.get(key, [])
        if not rows:
            findings.append(Discrepancy(cell.place, problem="is missing; a bundle holds every cell of the suite"))
        elif len(rows) > 1:
            ends = ", ".join(str(row.status) for row in rows)
            findings.append(
                Discrepancy(cell.place, problem=f"is there {len(rows)} times ({ends}); each cell has one row")
            )
    held = {f"raw/{row.trial}" for row in contents.rows}
    findings += [
        Discrepancy(name, problem="is the raw answer of no row")
        for name in sorted(contents.archive.names)
        if name.startswith("raw/") and name.rpartition(".")[0] not in held
    ]
    return {key: rows[0] for key, rows in found.items() if key in cells and len(rows) == 1}, findings
