"""The ranking metric on the page: each solver's value by puzzle, and the test of every pair of solvers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from leaderboard.page.encode import shorts
from leaderboard.page.results import puzzles_of
from leaderboard.ranking.frame import puzzle_names
from leaderboard.ranking.separation import pairwise_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.family.metric import Metric
    from leaderboard.ranking.grid import Grid

__all__ = ["metric_by_puzzle", "metric_pairs"]

MOST_PUZZLES = 400
"""Largest number of puzzles in the plot of the metric. More puzzles are thinned evenly, from best to worst. A larger
value makes the page larger. Hand-set, equal to the largest number of steps of other lines.
"""


def metric_by_puzzle(grid: Grid, order: Sequence[int], metric: Metric, *, whole: bool) -> dict[str, Any]:
    """Compute the ranking metric of every solver by puzzle, averaged over seeds.

    Args:
        grid: the results.
        order: the solvers in the order of the table.
        metric: the metric that ranks the solvers.
        whole: whether to keep every puzzle, as a page with single puzzles needs.

    Returns:
        `puzzles`: numbers of the puzzles, lowest (best) median first; `names`: names of these puzzles; `values` per
            solver.
    """
    values = grid.per_puzzle(metric)[list(order)]
    middle = np.median(values, axis=0)
    _, digests = puzzles_of(grid)
    names = puzzle_names(grid.rows)
    best_first = np.lexsort((np.array(digests), middle if metric.better == "low" else -middle))
    if not whole and len(best_first) > MOST_PUZZLES:
        best_first = best_first[np.linspace(0, len(best_first) - 1, MOST_PUZZLES).round().astype(int)]
    shown = values[:, best_first]
    return {
        "puzzles": best_first.tolist(),
        "names": [names[digests[number]] for number in best_first],
        "values": [shorts(np.exp(row) if metric.scale == "log" else row) for row in shown],
    }


def metric_pairs(grid: Grid, order: Sequence[int], metric: Metric, alpha: float) -> dict[str, list[list[Any]]]:
    """Test every pair of solvers.

    Returns:
        `p`, S x S: two-sided p-values of the sign-flip test, not adjusted; `ahead`, S x S: the number of puzzles on
        which the first solver is better than the second.
    """
    values = grid.per_puzzle(metric)[list(order)]
    better = values if metric.better == "high" else -values
    p = np.ones((len(values), len(values)))
    for (first, second), chance in pairwise_p(values, alpha).items():
        p[first, second] = p[second, first] = chance
    return {
        "p": [shorts(row) for row in p],
        "ahead": [(row > better).sum(axis=1).tolist() for row in better],
    }
