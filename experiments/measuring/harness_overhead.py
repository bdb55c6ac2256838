"""Compare the time of a whole trial, with a solver that answers at once, to the time of importing torch.

Run as `python experiments/measuring/harness_overhead.py`. A trial's time runs from the end of the previous trial to the
trial's row on disk. It includes planning, fork, loading, solving, scoring and two synced files.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.running.events import Event, Finished, Opened
from benchmark.running.planning.request import RunRequest
from benchmark.running.runner import run
from generator.plugins import load_file
from generator.puzzle.storage import LoadedPuzzle
from solvers.reference import Reference

TOY = HOME / "tests" / "benchmark" / "toy.py"
SOLVER = Reference(f"{HOME}/tests/benchmark/toy_solvers.py:exact")


def time_trials(count: int, isolation: str, results: Path) -> list[float]:
    """Run trials on one warm server and return the seconds of each trial except the first."""
    made = load_file(TOY).make_toy(seed=0)
    request = RunRequest(
        puzzles=(LoadedPuzzle(made.puzzle, made.sealed),),
        references=(SOLVER,),
        results=results,
        seeds=tuple(range(count + 1)),
        plugins=(str(TOY),),
        isolation=isolation,
    )
    marks: list[float] = []

    def mark(event: Event) -> None:
        if isinstance(event, Opened | Finished):
            marks.append(time.perf_counter())

    run(request, mark)
    return [after - before for before, after in pairwise(marks[1:])]


def time_imports(count: int) -> list[float]:
    """Start new interpreters that import torch, and return the seconds of each."""
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        seconds.append(time.perf_counter() - began)
    return seconds


def main() -> None:
    """Print a table: isolation mode, median and maximum time, and the ratio to an import of torch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40, help="trials per isolation mode (default: 40)")
    parser.add_argument("--imports", type=int, default=5, help="imports of torch to time (default: 5)")
    options = parser.parse_args()
    imports = time_imports(options.imports)
    table: list[list[object]] = [["python -c 'import torch'", len(imports), median(imports), max(imports), 1.0]]
    with tempfile.TemporaryDirectory() as folder:
        for isolation in ("namespaces", "rlimits"):
            trials = time_trials(options.trials, isolation, Path(folder, isolation))
            share = median(trials) / median(imports)
            table.append([f"whole trial, {isolation}", len(trials), median(trials), max(trials), share])
    print(tabulate(table, ["what", "n", "median s", "max s", "ratio to import"], tablefmt="github", floatfmt=".3f"))


if __name__ == "__main__":
    main()
