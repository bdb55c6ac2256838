"""The measured columns of a ranked table: what is written, what it is sorted by, and which values are best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.results.trial import Status
from leaderboard.ranking.captions import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generator.family.metric import Metric
    from leaderboard.ranking.rank import Ranking, Standing

__all__ = ["Column", "failures", "measured"]


@dataclass(frozen=True)
class Column:
    """One column of numbers, a cell per standing.

    Attributes:
        header: with its unit.
        texts: as a reader sees them.
        values: as they are sorted; NaN where nothing is known.
        best: whether a cell is the best of the ranked ones, where they differ.
        better: which way is better.
    """

    header: str
    texts: tuple[str, ...]
    values: tuple[float, ...]
    best: tuple[bool, ...]
    better: str


def measured(ranking: Ranking) -> list[Column]:
    """Give the columns of numbers in the order of the table."""
    rows = ranking.standings
    shares = tuple(row.share for row in rows)
    intervals = tuple(f"{100 * row.interval[0]:.0f}–{100 * row.interval[1]:.0f}" for row in rows)
    solved = tuple(f"{row.puzzles_solved}/{row.puzzles}" for row in rows)
    header = f"{100 * (1 - ranking.alpha):g} % interval (%)"
    columns = [
        Column("solved", solved, shares, _best(rows, shares, max), "high"),
        Column(header, intervals, tuple(row.interval[0] for row in rows), (False,) * len(rows), "high"),
    ]
    for metric in ranking.headline:
        values = tuple(row.metrics[metric.name] for row in rows)
        best = _best(rows, values, max if metric.better == "high" else min)
        columns.append(
            Column(_header(metric), tuple(_shown(value, metric) for value in values), values, best, metric.better)
        )
    wall_s = tuple(row.wall_s for row in rows)
    # Being quick is no merit in a solver that solves nothing.
    quickest = _best(rows, [row.wall_s if row.solved else math.nan for row in rows], min)
    columns.append(Column("median wall (s)", tuple(number(value, ".2f") for value in wall_s), wall_s, quickest, "low"))
    return columns


def failures(row: Standing) -> str:
    """Say how the cells ended that were not solved."""
    return ", ".join(f"{count} {status}" for status, count in row.statuses.items() if status != Status.SOLVED)


def _best(rows: Sequence[Standing], values: Sequence[float], pick: Callable[[list[float]], float]) -> tuple[bool, ...]:
    """Tell the best values among the ranked rows, where there is something to compare."""
    ranked = [value for row, value in zip(rows, values, strict=True) if row.rank is not None and math.isfinite(value)]
    if len(set(ranked)) < 2:
        return (False,) * len(rows)
    best = pick(ranked)
    return tuple(row.rank is not None and value == best for row, value in zip(rows, values, strict=True))


def _header(metric: Metric) -> str:
    label = f"{metric.label} (%)" if metric.shown == "percent" else metric.label
    return f"median {label}" if metric.summary == "median" else label


def _shown(value: float, metric: Metric) -> str:
    if metric.shown == "percent":
        return number(100 * value, f".{metric.digits}f")
    return number(value, f".{metric.digits}{'e' if metric.shown == 'scientific' else 'f'}")
