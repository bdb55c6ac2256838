"""Count exact orders and false certificates on degraded puzzles, by kind and strength of the degradation.

    netjigsaw run degraded --solver flagship --solver park-frobenius --results results
    python experiments/solving/degraded_table.py results

The script reads a store that `netjigsaw run` wrote. The degradation of a puzzle is read from its public recipe, not
from its name. A puzzle counts as exact, or certified, if more than half of its trials are. A puzzle without trials
counts as neither, and is reported. Intervals are Wilson score intervals of the share of puzzles. A certificate is false
if a trial's answer was certified and its order is not exact. The script lists trials with a false certificate by name.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.results.store import Store
from benchmark.results.trial import Status
from benchmark.statistics import wilson
from generator.errors import NetjigsawError, SpecError
from generator.reassembly.spec import Degradation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmark.results.trial import Row
    from generator.puzzle.content import Manifest

KINDS = ("none", "pieces", "decimals", "noise", "rows", "several")
FORMATS = ("float32", "float16", "int8")
"""Piece formats from the finest to the coarsest."""


@dataclass(frozen=True, order=True)
class Way:
    """The degradation of a puzzle: index of its kind in KINDS, and a strength that sorts the weakest first."""

    kind: int
    rank: float
    strength: str


def way_of(manifest: Manifest) -> Way:
    """Read the degradation of a puzzle from its recipe.

    Raises:
        PuzzleError: if the recipe is invalid.
    """
    done, rows = Degradation.of(manifest.spec), manifest.spec.get("rows_exported")
    parts = []
    if done.piece_format != "float32":
        parts.append(Way(1, FORMATS.index(done.piece_format), done.piece_format))
    if done.prediction_decimals is not None:
        ending = "" if done.prediction_decimals == 1 else "s"
        parts.append(Way(2, -done.prediction_decimals, f"{done.prediction_decimals} decimal{ending}"))
    if done.prediction_noise:
        parts.append(Way(3, done.prediction_noise, f"{100 * done.prediction_noise:g} %"))
    if isinstance(rows, int):
        parts.append(Way(4, -rows, f"{rows:,} rows"))
    if len(parts) > 1:
        return Way(5, 0, ", ".join(part.strength for part in parts))
    return parts[0] if parts else Way(0, 0, "")


@dataclass(frozen=True)
class Tally:
    """The results of one solver on some puzzles: number of puzzles, and numbers of exact and certified puzzles."""

    puzzles: int
    exact: int
    certified: int
    false: int
    wall_s: float | None


def tally(puzzles: Sequence[str], trials: dict[str, list[Row]]) -> Tally:
    """Count puzzles by the majority of their trials, and false certificates by trial."""
    held = [trials.get(puzzle, []) for puzzle in puzzles]
    seconds = [row.wall_s for rows in held for row in rows if row.status is Status.SOLVED and row.wall_s is not None]
    return Tally(
        puzzles=len(puzzles),
        exact=sum(_most(row.status is Status.SOLVED for row in rows) for rows in held),
        certified=sum(_most(row.certified for row in rows) for rows in held),
        false=sum(is_false(row) for rows in held for row in rows),
        wall_s=statistics.median(seconds) if seconds else None,
    )


def _most(outcomes: Iterable[bool]) -> bool:
    listed = list(outcomes)
    return 2 * sum(listed) > len(listed)


def is_false(row: Row) -> bool:
    """Check whether a trial certified an order that is not exact."""
    return row.certified and row.metrics.get("exact_order") != 1


def trials_of(rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    """Sort rows by solver and puzzle. Only the latest source of a solver counts, and only the last row of a seed."""
    latest = {row.solver: row.source for row in rows}
    kept = {(row.solver, row.puzzle, row.seed): row for row in rows if row.source == latest[row.solver]}
    found: dict[str, dict[str, list[Row]]] = {solver: defaultdict(list) for solver in latest}
    for (solver, puzzle, _), row in kept.items():
        found[solver][puzzle].append(row)
    return found


def table(manifests: dict[str, Manifest], trials: dict[str, dict[str, list[Row]]]) -> str:
    """Write the table: one line per kind and strength, and one line per kind with several strengths."""
    ways = {digest: way_of(manifest) for digest, manifest in manifests.items()}
    names = ["kind", "strength", "puzzles", "truth is best"]
    for solver, held in trials.items():
        certifies = any(row.certified for rows in held.values() for row in rows)
        names += [f"`{solver}` exact", "95 % interval (%)"]
        names += ["certified", "falsely", "median s"] if certifies else ["median s"]
    lines = []
    for kind, name in enumerate(KINDS):
        groups: dict[Way, list[str]] = defaultdict(list)
        for digest, way in ways.items():
            if way.kind == kind:
                groups[way].append(digest)
        lines += [_line(name, way.strength, groups[way], manifests, trials) for way in sorted(groups)]
        if len(groups) > 1:
            everything = [digest for digests in groups.values() for digest in digests]
            lines.append(_line(f"**{name}**", "**all**", everything, manifests, trials))
    return tabulate(lines, headers=names, tablefmt="pipe", disable_numparse=True)


def _line(
    kind: str,
    strength: str,
    puzzles: Sequence[str],
    manifests: dict[str, Manifest],
    trials: dict[str, dict[str, list[Row]]],
) -> list[str]:
    cells = [kind, strength, str(len(puzzles)), _best(puzzles, manifests)]
    for held in trials.values():
        counted = tally(puzzles, held)
        low, high = wilson(counted.exact, counted.puzzles)
        cells += [str(counted.exact), f"{100 * low:.0f}–{100 * high:.0f}"]
        if any(row.certified for rows in held.values() for row in rows):
            cells += [str(counted.certified), str(counted.false)]
        cells.append("–" if counted.wall_s is None else f"{counted.wall_s:.1f}")
    return cells


def _best(puzzles: Sequence[str], manifests: dict[str, Manifest]) -> str:
    """Count the puzzles whose data prefer the true assembly to its neighbours; a dash if none is degraded."""
    said = [
        health.get("truth_is_best") for p in puzzles if isinstance(health := manifests[p].facts.get("health"), dict)
    ]
    known = [one for one in said if one is not None]
    return str(sum(map(bool, known))) if known else "–"


def report(folder: Path) -> str:
    """Write the table of a store, and notes for readers.

    Raises:
        SpecError: if the store holds no results on reassembly puzzles.
        NetjigsawError: if the store cannot be read.
    """
    store = Store(folder)
    manifests = {digest: one for digest, one in store.manifests().items() if one.family == "reassembly"}
    rows = [row for row in store.rows() if row.puzzle in manifests and row.status is not Status.SKIPPED]
    if not rows:
        raise SpecError(f"{folder} holds no results on reassembly puzzles; netjigsaw run writes them")
    trials = trials_of(rows)
    text = [table(manifests, trials)]
    for solver, held in trials.items():
        missing = len(manifests.keys() - held.keys())
        text += [f"`{solver}` was not run on {missing} of the puzzles; these count as not exact."] if missing else []
        wrong = [row for runs in held.values() for row in runs if is_false(row)]
        text += [f"`{solver}` certified falsely: {row.puzzle_name}, seed {row.seed} ({row.reason})" for row in wrong]
        lost = [row for runs in held.values() for row in runs if row.status is not Status.SOLVED]
        if any(row.certified for runs in held.values() for row in runs):
            text += [f"`{solver}`, {row.status}: {row.puzzle_name}, seed {row.seed} ({row.reason})" for row in lost]
    return "\n\n".join(text)


def main() -> int:
    """Print the table; an error prints one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", default=Path("results"))
    try:
        print(report(parser.parse_args().results))
    except NetjigsawError as error:
        print(f"degraded_table: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
