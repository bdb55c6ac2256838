"""Measure the harness's time per oracle query, for calls of one row and for large calls.

    python experiments/measuring/oracle_overhead.py --calls 20000 --large 40

Everything runs on one core. The oracle returns the first column of its input, so nearly all of the time is spent in
the harness.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.results.trial import Limits
from benchmark.running.planning.request import RunRequest
from benchmark.running.single import solve_once
from generator.plugins import load_file
from generator.puzzle.storage import LoadedPuzzle
from solvers.reference import parse_reference

PLUGIN = """
import numpy as np
from pydantic import BaseModel
from netjigsaw import Family, OracleRecord, OracleTerms, Score, register_family, seal

class Spec(BaseModel):
    inputs: int = 784

def generate(spec, *, name, seed, progress):
    return seal(family="first-column", name=name, seed=seed, answer=0, pieces={}, data={}, spec=dict(spec))

terms = lambda puzzle: OracleTerms(puzzle.manifest.spec["inputs"], 1)
oracle = OracleRecord(terms, lambda view, sealed: lambda rows: rows[:, :1])
score = lambda view, answer, sealed, usage: Score(True, {})
FAMILY = register_family(Family("first-column", "", Spec, {}, generate, score, (), oracle=oracle))

class Ask:
    def __init__(self, rows=1, calls=1):
        self.rows, self.calls = rows, calls

    def solve(self, puzzle, context):
        inputs = np.random.default_rng(0).standard_normal((self.rows, context.oracle.terms.inputs))
        for _ in range(self.calls):
            context.oracle(inputs)
        return 0
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=20_000, help="calls of one row per trial (default: 20000)")
    parser.add_argument("--large", type=int, default=40, help="calls of 4,096 rows per trial (default: 40)")
    parser.add_argument("--repeats", type=int, default=5, help="trials of each kind; the median counts (default: 5)")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder, "first_column.py")
        plugin.write_text(PLUGIN, encoding="utf-8")
        family = load_file(plugin).FAMILY
        for inputs, rows, calls in ((784, 1, arguments.calls), (784, 4096, arguments.large)):
            made = family.generate(family.spec(inputs=inputs), name="p", seed=0, progress=lambda *_: None)
            reference = parse_reference(f"{plugin}:Ask[rows={rows},calls={calls}]")
            request = RunRequest(
                (LoadedPuzzle(made.puzzle, made.sealed),),
                (reference,),
                Path(folder, "results"),
                limits=Limits(wall_s=None),
                plugins=(str(plugin),),
            )
            taken = []
            for _ in range(arguments.repeats):
                outcome = solve_once(request).outcome
                if outcome.wall_s is None or outcome.usage is None or outcome.usage.calls != calls:
                    sys.exit(f"a trial failed: {outcome.status} {outcome.reason}")
                taken.append(outcome.wall_s)
            wall_s = median(taken)
            lines.append(
                (rows, inputs, calls, f"{1e3 * wall_s / calls:.3f}", f"{rows * inputs * calls / wall_s / 1e6:.1f}")
            )
    headers = ("rows a call", "inputs", "calls", "time a call (ms)", "million float64 a second")
    print(tabulate(lines, headers=headers, tablefmt="pipe"))


if __name__ == "__main__":
    main()
