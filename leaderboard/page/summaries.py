"""Summaries on the page: puzzles solved within a time, the metric by puzzle, results by label, and pairs of solvers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.comparison.scale import from_scale
from benchmark.statistics import bootstrap_interval, wilson
from leaderboard.page.encode import short, shorts
from leaderboard.page.results import puzzles_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from leaderboard.ranking.grid import Grid
    from leaderboard.ranking.records import Ranking

__all__ = ["MOST_VALUES", "cactus", "facet", "metric_facet", "solved_bits", "solved_by_both"]

MOST_VALUES = 12
"""Largest number of values of a label with a chart. More values would leave too few puzzles per value. Hand-set."""

MOST_STEPS = 400
"""Largest number of steps of a line on the page; longer lines are thinned evenly. More steps make the page larger.
Hand-set.
"""


def cactus(grid: Grid, order: Sequence[int]) -> list[dict[str, list[Any]]]:
    """Compute the times within which each solver solved its 1st, 2nd, ... puzzle.

    A puzzle is solved within t if more than half of its cells are. For large t this agrees with `Grid.puzzles_solved`.

    Returns:
        Per solver `wall_s`, ascending, and the number of puzzles `solved` within each time.
    """
    puzzle, digests = puzzles_of(grid)
    majority = np.bincount(puzzle, minlength=len(digests)) // 2
    wall_s = np.where(grid.solved, np.nan_to_num(grid.values("wall_s"), nan=np.inf), np.inf)
    by_puzzle = np.argsort(puzzle, kind="stable")
    starts = np.searchsorted(puzzle[by_puzzle], np.arange(len(digests)))
    lines = []
    for s in order:
        ascending = np.lexsort((wall_s[s], puzzle))
        needed = wall_s[s][ascending][starts + majority]
        times = np.sort(needed[np.isfinite(needed)])
        steps = np.unique(np.linspace(0, len(times) - 1, min(len(times), MOST_STEPS)).round().astype(int))
        lines.append({"wall_s": shorts(times[steps]), "solved": (steps + 1).tolist()})
    return lines


def facet(
    key: str, labels: Mapping[str, str | int | float], grid: Grid, order: Sequence[int], alpha: float
) -> dict[str, Any] | None:
    """Count the puzzles that each solver solved, for each value of one label.

    Args:
        key: the label's name.
        labels: value of the label by puzzle digest; a puzzle may lack the label.
        grid: the results.
        order: the solvers in the order of the table.
        alpha: the intervals cover 1 - alpha.

    Returns:
        `values`, the number of `puzzles` with each value, and per solver `solved`, `low` and `high`; None unless the
        label has 2 to `MOST_VALUES` values.
    """
    values = _values(labels)
    if not values:
        return None
    member = _members(grid, labels, values)
    puzzles = member.sum(axis=0).tolist()
    solved = (grid.puzzles_solved[list(order)].astype(int) @ member).tolist()
    bounds = [[wilson(k, n, alpha) for k, n in zip(row, puzzles, strict=True)] for row in solved]
    return {
        "key": key,
        "values": values,
        "puzzles": puzzles,
        "solved": solved,
        "low": [[round(low, 3) for low, _ in row] for row in bounds],
        "high": [[round(high, 3) for _, high in row] for row in bounds],
    }


def metric_facet(
    key: str, labels: Mapping[str, str | int | float], grid: Grid, order: Sequence[int], ranking: Ranking
) -> dict[str, Any] | None:
    """Average the ranking metric over the puzzles with each value of one label.

    Args:
        key: the label's name.
        labels: same as in `facet`.
        grid: the results.
        order: the solvers in the order of the table.
        ranking: table of a family that ranks by a metric.

    Returns:
        Same as `facet`, with `mean` instead of `solved`.
    """
    values, metric = _values(labels), ranking.ranking_metric
    if not values or metric is None:
        return None
    member = _members(grid, labels, values).astype(bool)
    by_puzzle = grid.per_puzzle(metric)[list(order)]
    parts = [[row[held] for held in member.T] for row in by_puzzle]
    bounds = [[bootstrap_interval(part, ranking.alpha) or (np.nan, np.nan) for part in row] for row in parts]

    def written(numbers: Iterable[float]) -> list[float | int | None]:
        return [short(from_scale(float(number), metric)) for number in numbers]

    return {
        "key": key,
        "values": values,
        "puzzles": member.sum(axis=0).tolist(),
        "mean": [written(np.sort(part).mean() for part in row) for row in parts],
        "low": [written(low for low, _ in row) for row in bounds],
        "high": [written(high for _, high in row) for row in bounds],
    }


def _values(labels: Mapping[str, str | int | float]) -> list[str | int | float]:
    """List the values of a label, sorted; return an empty list if there are too few or too many for a chart."""
    values = sorted(set(labels.values()), key=lambda value: (isinstance(value, str), value))
    return values if 2 <= len(values) <= MOST_VALUES else []


def _members(grid: Grid, labels: Mapping[str, str | int | float], values: Sequence[str | int | float]) -> np.ndarray:
    """Mark which puzzle has which value, P x V; a puzzle may have no value."""
    _, digests = puzzles_of(grid)
    column_of = {value: number for number, value in enumerate(values)}
    member = np.zeros((len(digests), len(values)), dtype=int)
    for number, digest in enumerate(digests):
        if digest in labels:
            member[number, column_of[labels[digest]]] = 1
    return member


def solved_bits(grid: Grid, order: Sequence[int]) -> list[str]:
    """Encode which puzzles each solver solved, one digit 0 or 1 per puzzle."""
    return ["".join(map(str, row)) for row in grid.puzzles_solved[list(order)].astype(int).tolist()]


def solved_by_both(grid: Grid, order: Sequence[int]) -> list[list[int]]:
    """Count the puzzles that each pair of solvers both solved, S x S."""
    solved = grid.puzzles_solved[list(order)].astype(np.int64)
    counts: list[list[int]] = (solved @ solved.T).tolist()
    return counts
