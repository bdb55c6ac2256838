"""Test the ranking and the gate of a family that ranks by a metric, on synthetic results.

Run as `python experiments/measuring/continuous_ranking.py`. The script prints

1. the table of three solvers, of which two are equally good and one is better;
2. the verdict of the gate on a loss of 5 % on every puzzle;
3. the number of times that the gate fails although nothing changed.

Results are drawn with fixed seeds and held in memory; no solver runs. A puzzle has a difficulty, log-normal with a
standard deviation of 50 %. A solver's loss is the difficulty times its skill times noise, log-normal with a standard
deviation of 2 % per seed. Losses are ratios to a baseline, so the family averages them on a logarithmic scale, and a
cell without an answer counts as 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.comparison.matching import Side
from benchmark.comparison.output.text import render_comparison
from benchmark.comparison.report import Comparison, Exit, compare_sides
from benchmark.results.trial import Limits, Row, Status
from generator.family.metric import Metric
from generator.family.record import Family
from generator.family.registry import register_family
from leaderboard.ranking.rank import rank
from leaderboard.tables.render import render

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "made-up-loss"
PUZZLES = 12
SPREAD = 0.5
"""Standard deviation of the logarithm of a puzzle's difficulty. Hand-set."""
NOISE = 0.02
"""Standard deviation of the logarithm of a loss between seeds. Hand-set."""
LIMITS = Limits()


class NoSpec(BaseModel):
    """An empty spec, because no puzzle is made."""


def unused(*_: Any, **__: Any) -> Any:
    """Refuse to make or score a puzzle.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError


FAMILY = Family(
    name=NAME,
    summary="synthetic losses that test the ranking",
    spec=NoSpec,
    presets={},
    generate=unused,
    score=unused,
    metrics=(Metric("loss", "loss over baseline", "low", scale="log", failed=1.0, digits=4),),
    rank_by="loss",
)


def draw_rows(solver: str, skill: float, rng: np.random.Generator, sizes: tuple[int, int]) -> list[Row]:
    """Draw one run of a solver.

    Args:
        solver: name.
        skill: factor of every loss; lower is better.
        rng: draws the noise.
        sizes: puzzles and seeds.
    """
    difficulty = np.exp(np.random.default_rng(0).normal(-1.0, SPREAD, sizes[0]))
    losses = difficulty[:, None] * skill * np.exp(rng.normal(0, NOISE, sizes))
    return [
        Row(
            trial=f"{solver}-{puzzle}-{seed}",
            session="s",
            puzzle=f"{puzzle:064x}",
            puzzle_name=f"net-{puzzle}",
            family=NAME,
            solver=solver,
            source="drawn",
            seed=seed,
            limits=LIMITS,
            status=Status.SCORED,
            metrics={"loss": float(losses[puzzle, seed])},
            wall_s=1.0,
        )
        for puzzle in range(sizes[0])
        for seed in range(sizes[1])
    ]


def table(seed: int = 0) -> str:
    """Rank two equally good solvers, a better one, and one that never answers."""
    rng = np.random.default_rng([seed, 1])
    rows = [
        row
        for solver, skill in (("equal-1", 1.0), ("equal-2", 1.0), ("better", 0.9))
        for row in draw_rows(solver, skill, rng, (PUZZLES, 1))
    ]
    failed = {"solver": "crashing", "status": Status.CRASHED, "metrics": {}}
    rows += [row.model_copy(update={**failed, "trial": f"c{n}"}) for n, row in enumerate(rows[:PUZZLES])]
    return render(rank(rows))


def compare(index: int, factor: float, sizes: tuple[int, int]) -> Comparison:
    """Compare two runs of one solver by the family's default rule; NEW's losses are multiplied by the factor."""
    rng = np.random.default_rng([index, *sizes])
    sides = (draw_rows("mine", skill, rng, sizes) for skill in (1.0, factor))
    base, new = (Side(name, (tuple(rows),)) for name, rows in zip(("BASE", "NEW"), sides, strict=True))
    return compare_sides(base, new, {"mine": "mine"}, None)


def count_alarms(runs: int, factor: float, sizes: tuple[int, int]) -> int:
    """Count the comparisons in which the gate fails."""
    return sum(compare(index, factor, sizes).exit == Exit.REGRESSION for index in range(runs))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, one comparison, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="Comparisons for each count.")
    asked = parser.parse_args(arguments)
    register_family(FAMILY)
    print(table())
    print(render_comparison(compare(0, 1.05, (PUZZLES, 1))))
    for seeds in (1, 3):
        sizes = (PUZZLES, seeds)
        print(
            f"{PUZZLES} puzzles, {seeds} seed{'s' if seeds > 1 else ''}, {asked.runs} comparisons each: "
            f"{count_alarms(asked.runs, 1.0, sizes)} false alarms, "
            f"{count_alarms(asked.runs, 1.05, sizes)} losses of 5 % caught"
        )


if __name__ == "__main__":
    main()
