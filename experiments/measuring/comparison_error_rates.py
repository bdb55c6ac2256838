"""Measure how often the gate of `netjigsaw compare` raises a false alarm, and how often it finds a loss.

Run as `python experiments/measuring/comparison_error_rates.py`. The script draws results of one solver for both sides
and judges them with the code for real results. No solver runs.

* Random solver: solves puzzle i with its own probability, drawn from Beta(1/2, 1/2), independently on every seed. On a
  failure its pairing accuracy is drawn from Beta(5, 2).
* Deterministic solver: the same, with every probability rounded to 0 or 1, so that all seeds give the same result.
* Times are log-normal: a difficulty per puzzle, a deviation of 5 % shared by a puzzle's seeds on one side, a drift
  along each run (first-order autoregressive, 5 %, correlation 0.98 between trials), and 10 % noise.

The changes of NEW: it never solves every fifth puzzle that BASE solves more often than not (lost); it solves every
puzzle with 0.8 times the probability (thinned); it takes 1.5 times as long (slow; the tolerance is 20 %).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.comparison.gate import Judgement, judge, with_adjusted
from benchmark.comparison.matching import Side, match
from benchmark.comparison.measures import measures_of
from benchmark.comparison.rules import parse_rules
from benchmark.results.trial import Limits, Row, Status

RULES = parse_rules("solved:-0,pairing:-0.02,time:+20%")
LIMITS = Limits()


@dataclass(frozen=True)
class Solver:
    """A synthetic solver: probability of solving each puzzle, and mean logarithm of the time in seconds."""

    chances: np.ndarray
    log_s: np.ndarray


def make_solver(puzzles: int, rng: np.random.Generator, *, steady: bool) -> Solver:
    """Draw a solver."""
    chances = rng.beta(0.5, 0.5, puzzles)
    return Solver(np.round(chances) if steady else chances, rng.normal(1.0, 1.0, puzzles))


def make_rows(solver: Solver, seeds: int, rng: np.random.Generator) -> tuple[Row, ...]:
    """Draw one run of a solver on all puzzles with all seeds."""
    puzzles = len(solver.chances)
    local, drift, rows = rng.normal(0, 0.05, puzzles), rng.normal(0, 0.05), []
    for puzzle in range(puzzles):
        for seed in range(seeds):
            drift = 0.98 * drift + rng.normal(0, 0.05 * np.sqrt(1 - 0.98**2))
            solved = bool(rng.random() < solver.chances[puzzle])
            pairing = 1.0 if solved else float(rng.beta(5, 2))
            rows.append(
                Row(
                    trial=f"{puzzle}-{seed}",
                    session="s",
                    puzzle=str(puzzle),
                    puzzle_name=str(puzzle),
                    family="reassembly",
                    solver="made-up",
                    source="",
                    seed=seed,
                    limits=LIMITS,
                    status=Status.SOLVED if solved else Status.PARTIAL,
                    metrics={"pairing_accuracy": pairing},
                    wall_s=float(np.exp(solver.log_s[puzzle] + local[puzzle] + drift + rng.normal(0, 0.1))),
                )
            )
    return tuple(rows)


def worsen(solver: Solver, how: str) -> Solver:
    """Make a solver worse."""
    likely = np.flatnonzero(solver.chances >= 0.5)
    chances = solver.chances.copy()
    if how == "lost":
        chances[likely[:: len(likely) // max(1, round(0.2 * len(likely))) if len(likely) else 1]] = 0
    elif how == "thinned":
        chances *= 0.8
    return replace(solver, chances=chances, log_s=solver.log_s + (np.log(1.5) if how == "slow" else 0))


def judgements(base: Solver, new: Solver, seeds: int, rng: np.random.Generator, *, strict: bool) -> list[Judgement]:
    """Draw one run of each side, and judge NEW."""
    first = Side("base", (make_rows(base, seeds, rng),))
    second = Side("new", (make_rows(new, seeds, rng),))
    (contest,) = match(first, second, {"made-up": "made-up"})
    found = judge(contest, measures_of("reassembly"), RULES, lambda _: "", strict=strict)
    return with_adjusted(found, strict=strict)


def rate(puzzles: int, seeds: int, how: str, runs: int, *, steady: bool = False, strict: bool = False) -> float:
    """Compute the share of runs in which the gate fails: on time for `slow`, on solved for a loss, else on any rule."""
    closed = 0
    for index in range(runs):
        rng = np.random.default_rng([index, puzzles, seeds, steady])
        base = make_solver(puzzles, rng, steady=steady)
        found = judgements(base, worsen(base, how), seeds, rng, strict=strict)
        wanted = {"slow": ("time",), "lost": ("solved",), "thinned": ("solved",)}.get(
            how, ("solved", "pairing", "time")
        )
        closed += any(one.regression and one.rule.startswith(wanted) for one in found)
    return closed / runs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--puzzles", type=int, nargs="+", default=[12, 36, 100])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 5])
    asked = parser.parse_args()
    headers = ["puzzles", "seeds", "false alarms", "lost", "thinned", "slow"]
    headers += ["lost, deterministic", "false alarms, --strict"]
    table = []
    for puzzles in asked.puzzles:
        for seeds in asked.seeds:
            rates = [rate(puzzles, seeds, how, asked.runs) for how in ("same", "lost", "thinned", "slow")]
            rates += [rate(puzzles, seeds, "lost", asked.runs, steady=True)]
            rates += [rate(puzzles, seeds, "same", asked.runs, strict=True)]
            table.append([puzzles, seeds, *(f"{100 * value:.1f} %" for value in rates)])
            print(tabulate(table[-1:], tablefmt="plain"), file=sys.stderr, flush=True)
    print(tabulate(table, headers=headers, tablefmt="pipe", colalign=["right"] * len(headers)))


if __name__ == "__main__":
    main()
