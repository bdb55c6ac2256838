"""Compare Expand-and-Cluster with other solvers on tables of small hidden networks, and on one trained network.

    python experiments/recovery/expand_and_cluster.py students flagship
    python experiments/recovery/expand_and_cluster.py students --teachers 3 --timeout 30
    python experiments/recovery/expand_and_cluster.py students --teachers 0 --trained 16 --trained-timeout 900

The first table has ten hidden networks of each activation (tanh, sigmoid, softplus), with 4 inputs, 8 units, 1 output
and a table of 1000 rows. All solvers get the same puzzles, seeds and limits. The harness runs one trial at a time.
Expand-and-Cluster always runs. Name solvers as on the command line of netjigsaw, e.g.
`expand-and-cluster[students=20]`.

The second table has one network of 784 inputs and 10 outputs, trained on drawn digits like the paper's networks on
MNIST. `--trained` sets its number of hidden units. The inputs of its table are Gaussian, as in every puzzle of the
family, so the table depends on all of its weights.

Claims of the paper (Martinelli et al. 2024, arXiv 2304.12794), for comparison: right size and weights on 80 % of 150
small problems, with students four times as wide as the hidden network; less than 10 % too many units on the trained
network.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.results.trial import Limits, Row, Status
from benchmark.running.planning.request import RunRequest
from benchmark.running.runner import run
from generator.errors import NetjigsawError
from generator.puzzle.storage import LoadedPuzzle
from generator.recovery.making.generate import generate
from generator.recovery.spec import RecoverySpec
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLISHED = "expand-and-cluster"
"""Solver that always runs, unless `--published` replaces it."""
KINDS = ("tanh", "sigmoid", "softplus")
"""Activations of the small networks."""
SMALL = RecoverySpec(inputs=4, hidden=(8,), mode="passive", input_scale=2.0, rows=1000)
"""Recipe of the small networks; `activation` is replaced. The sizes are those of the paper's small problems."""
MEASURES = ("size_overhead", "worst_weight_error")
"""Metrics of which the tables show medians."""


def small_puzzles(teachers: int, first_seed: int) -> tuple[LoadedPuzzle, ...]:
    """Make the small puzzles of every kind."""
    made = [
        generate(SMALL.model_copy(update={"activation": kind}), name=f"{kind}-{seed}", seed=seed)
        for kind in KINDS
        for seed in range(first_seed, first_seed + teachers)
    ]
    return tuple(LoadedPuzzle(one.puzzle, one.sealed) for one in made)


def trained_puzzle(units: int, rows: int, seed: int) -> LoadedPuzzle:
    """Train a network on drawn digits, and make a passive puzzle of it."""
    spec = RecoverySpec(
        inputs=784, hidden=(units,), outputs=10, teacher="digits", mode="passive", rows=rows, label="trained"
    )
    made = generate(spec, name=f"digits-{units}", seed=seed)
    return LoadedPuzzle(made.puzzle, made.sealed)


def trials(puzzles: Sequence[LoadedPuzzle], solvers: Sequence[str], wall_s: float, results: Path) -> list[Row]:
    """Run every solver on every puzzle. Trials that the result store already holds do not run again."""
    references = tuple(parse_reference(name) for name in solvers)
    limits = Limits(wall_s=wall_s)
    return run(RunRequest(tuple(puzzles), references, results, limits=limits, hidden=(results,)), live=False)


def summary(rows: Sequence[Row], solvers: Sequence[str]) -> str:
    """Format a table with one line per activation and solver."""
    lines: list[list[object]] = []
    kinds = dict.fromkeys(row.puzzle_name.rpartition("-")[0] for row in rows)
    for kind in kinds:
        for solver in solvers:
            held = [row for row in rows if row.solver == solver and row.puzzle_name.rpartition("-")[0] == kind]
            solved = sum(row.status is Status.SOLVED for row in held)
            exact = sum(row.metrics.get("exact_size", 0.0) for row in held)
            seconds = [row.wall_s for row in held if row.wall_s is not None]
            line: list[object] = [kind, solver, f"{solved}/{len(held)}", f"{exact:.0f}/{len(held)}"]
            for name in MEASURES:
                values = [row.metrics[name] for row in held if name in row.metrics]
                line.append(statistics.median(values) if values else None)
            worst = [row.metrics["worst_weight_error"] for row in held if row.status is Status.SOLVED]
            lines.append([*line, max(worst, default=None), statistics.median(seconds) if seconds else None])
    headers = ["kind", "solver", "solved", "exact size", "median overhead", "median worst weight error"]
    headers += ["worst where solved", "median s"]
    return tabulate(lines, headers, tablefmt="github", floatfmt=("", "", "", "", ".1%", ".1e", ".1e", ".1f"))


def main() -> int:
    """Run the comparison and print the tables; an error prints one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("solvers", nargs="*", help="solvers to compare with")
    parser.add_argument("--teachers", type=int, default=10, help="small networks per activation; 0: none")
    parser.add_argument("--first-seed", type=int, default=1, help="seed of the first network (default: 1)")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds per small network")
    parser.add_argument("--trained", type=int, default=0, metavar="UNITS", help="hidden units of the trained network")
    parser.add_argument("--trained-rows", type=int, default=8000, help="rows of its table")
    parser.add_argument(
        "--trained-timeout", type=float, default=900.0, metavar="S", help="seconds for the trained network"
    )
    parser.add_argument("--published", default=PUBLISHED, help="Expand-and-Cluster with other parameters")
    parser.add_argument("--results", type=Path, help="folder of the result store; default: a temporary folder")
    options = parser.parse_args()
    solvers = [options.published, *options.solvers]
    with tempfile.TemporaryDirectory() as scratch:
        results = options.results or Path(scratch, "results")
        try:
            if options.teachers:
                rows = trials(small_puzzles(options.teachers, options.first_seed), solvers, options.timeout, results)
                print(summary(rows, solvers), end="\n\n")
            if options.trained:
                puzzle = trained_puzzle(options.trained, options.trained_rows, options.first_seed)
                print(summary(trials([puzzle], solvers, options.trained_timeout, results), solvers))
        except NetjigsawError as error:
            print(f"expand_and_cluster: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
