"""What a page sums up for every solver: puzzles solved within a time, success by label, and pairs of solvers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.statistics import wilson
from leaderboard.page.encode import shorts
from leaderboard.page.results import puzzles_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leaderboard.ranking.grid import Grid

__all__ = ["MOST_VALUES", "cactus", "facet", "solved_bits", "solved_by_both"]

MOST_VALUES = 12
"""A label with more values than this parts the puzzles too finely for a chart."""

MOST_STEPS = 400
"""Steps of a line on the page; a line of more is thinned evenly."""


def cactus(grid: Grid, order: Sequence[int]) -> list[dict[str, list[Any]]]:
    """Give the times by which each solver has solved its 1st, 2nd, ... puzzle.

    A puzzle is solved within t if more than half of its cells are: so it counts from the time
    that a majority of its seeds needs, which agrees with `Grid.puzzles_solved` as t grows.

    Returns:
        Per solver `wall_s`, ascending, and how many puzzles are `solved` by then.
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
    """Count the puzzles that each solver solved by the value of one label.

    Args:
        key: the label's name.
        labels: value by puzzle digest; a puzzle may lack it.
        grid: the results.
        order: the solvers as the table lists them.
        alpha: the intervals cover 1 - alpha.

    Returns:
        `values`, the number of `puzzles` with each, and per solver `solved`, `low` and `high`;
        None where there are not 2 to `MOST_VALUES` values.
    """
    _, digests = puzzles_of(grid)
    values = sorted(set(labels.values()), key=lambda value: (isinstance(value, str), value))
    if not 2 <= len(values) <= MOST_VALUES:
        return None
    place = {value: number for number, value in enumerate(values)}
    member = np.zeros((len(digests), len(values)), dtype=int)
    for number, digest in enumerate(digests):
        if digest in labels:
            member[number, place[labels[digest]]] = 1
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


def solved_bits(grid: Grid, order: Sequence[int]) -> list[str]:
    """Write for each solver which puzzles it solved, 0 or 1 each, in the order of the puzzles."""
    return ["".join(map(str, row)) for row in grid.puzzles_solved[list(order)].astype(int).tolist()]


def solved_by_both(grid: Grid, order: Sequence[int]) -> list[list[int]]:
    """Count the puzzles that each pair of solvers both solved, S x S."""
    solved = grid.puzzles_solved[list(order)].astype(np.int64)
    counts: list[list[int]] = (solved @ solved.T).tolist()
    return counts
