"""Compare `fast` with the adjoint pipeline: exact solutions and the ratio of times, paired in one interleaved run.

    python experiments/solving/fast_against_adjoint.py p1 p2 p3 ... [--repeats 3]
    python experiments/solving/fast_against_adjoint.py --generate 10 --first-seed 1 [--preset janestreet]

Every solver runs on every puzzle in the order A B C, C B A, ..., one trial at a time in the harness, so that load on
the machine slows all solvers alike. The script computes ratios of neighbours in time, then the median over repeats,
then the median over puzzles. The interval of the last median is distribution-free: it uses order statistics and is
printed with its coverage.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from scipy.stats import binom
from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.comparison.stores import alternating
from benchmark.results.trial import Limits, Row
from benchmark.running.planning.request import RunRequest
from benchmark.running.runner import run
from generator.puzzle.storage import (
    LoadedPuzzle,
    answers_beside,
    load_with_answer,
)
from generator.reassembly.making.generate import generate
from generator.reassembly.spec import PRESETS, ReassemblySpec
from solvers.reference import parse_reference

FAST = "fast"
PUBLISHED = ("adjoint", "adjoint[seed=frobenius]")


def fresh_puzzles(preset: str, seeds: range) -> tuple[LoadedPuzzle, ...]:
    """Make puzzles of a preset."""
    spec = ReassemblySpec(**PRESETS[preset])
    made = []
    for seed in seeds:
        print(f"generating {preset} with seed {seed}", file=sys.stderr)
        made.append(generate(spec, name=f"{preset}-{seed}", seed=seed))
    return tuple(LoadedPuzzle(one.puzzle, one.sealed) for one in made)


def run_interleaved(puzzles: tuple[LoadedPuzzle, ...], repeats: int, results: Path) -> list[list[Row]]:
    """Run all solvers on all puzzles, several times, and return the rows of each run."""
    request = RunRequest(
        puzzles=puzzles,
        references=tuple(parse_reference(name) for name in (FAST, *PUBLISHED)),
        results=results,
        limits=Limits(wall_s=60.0),
        hidden=(results, *(answers_beside(one.path) for one in puzzles if one.path is not None)),
    )
    rows = []
    for index in range(repeats):
        print(f"run {index + 1} of {repeats}", file=sys.stderr)
        turn = replace(request, results=results / f"repeat-{index + 1}", order=alternating(index))
        rows.append(run(turn, live=False))
    return rows


def median_interval(values: list[float], coverage: float = 0.95) -> tuple[float, float, float]:
    """Bound a median by order statistics: low, high and coverage; few values give less than the wanted coverage."""
    ordered, count = sorted(values), len(values)
    inner = 0
    while 2 * inner < count - 2 and 1.0 - 2.0 * float(binom.cdf(inner + 1, count, 0.5)) >= coverage:
        inner += 1
    return ordered[inner], ordered[-1 - inner], 1.0 - 2.0 * float(binom.cdf(inner, count, 0.5))


def compare(repeats: list[list[Row]]) -> None:
    """Print a table by puzzle, and the median ratio."""
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in (row for rows in repeats for row in rows):
        cells.setdefault((row.puzzle, row.solver), []).append(row)
    names = {row.puzzle: row.puzzle_name for row in repeats[0]}
    ratios: dict[str, list[float]] = {name: [] for name in PUBLISHED}
    table = []
    for puzzle, name in names.items():
        line: list[object] = [name]
        for solver in (FAST, *PUBLISHED):
            rows = cells[puzzle, solver]
            solved = sum(row.status == "solved" for row in rows)
            line += [f"{solved}/{len(rows)}", statistics.median(row.wall_s or 0.0 for row in rows)]
        for solver in PUBLISHED:
            pairs = zip(cells[puzzle, FAST], cells[puzzle, solver], strict=True)
            ratios[solver].append(statistics.median((a.wall_s or 0.0) / (b.wall_s or 1.0) for a, b in pairs))
            line.append(ratios[solver][-1])
        table.append(line)
    headers = ["puzzle", *(text for name in (FAST, *PUBLISHED) for text in (f"{name} exact", "s"))]
    headers += [f"{FAST} / {name}" for name in PUBLISHED]
    print(tabulate(table, headers, tablefmt="github", floatfmt=".3f"), end="\n\n")
    for solver, values in ratios.items():
        low, high, coverage = median_interval(values)
        middle = f"median {statistics.median(values):.3f}, {coverage:.1%} interval {low:.3f} to {high:.3f}"
        print(f"time of {FAST} / {solver}: {middle}, over {len(values)} puzzles")
    for solver in (FAST, *PUBLISHED):
        exact = sum(all(row.status == "solved" for row in cells[puzzle, solver]) for puzzle in names)
        print(f"{solver}: exact in every run on {exact} of {len(names)} puzzles")


def main() -> None:
    """Run the comparison and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("puzzles", nargs="*", type=Path)
    parser.add_argument("--generate", type=int, default=0, metavar="N", help="make N new puzzles and use them")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--preset", default="janestreet", choices=PRESETS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, help="new folder for the rows; without it the rows are not kept")
    options = parser.parse_args()
    if bool(options.puzzles) == bool(options.generate) or options.repeats < 1:
        parser.error("name folders of puzzles, or --generate N; --repeats is at least 1")
    if options.generate:
        seeds = range(options.first_seed, options.first_seed + options.generate)
        puzzles = fresh_puzzles(options.preset, seeds)
    else:
        puzzles = tuple(load_with_answer(folder) for folder in options.puzzles)
    with tempfile.TemporaryDirectory() as scratch:
        results = options.results or Path(scratch, "results")
        compare(run_interleaved(puzzles, options.repeats, results))


if __name__ == "__main__":
    main()
