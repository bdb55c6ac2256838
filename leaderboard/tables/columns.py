"""Build the columns of numbers of a ranked table: text, values for sorting, and marks of the best values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.results.trial import Status
from leaderboard.ranking.captions import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generator.family.metric import Metric
    from leaderboard.ranking.records import Ranking, Standing

__all__ = ["Column", "failed_header", "failures", "measured", "rank_text"]


@dataclass(frozen=True)
class Column:
    """One column of numbers, a cell per standing.

    Attributes:
        header: column header with the unit.
        texts: texts that the table shows.
        values: values for sorting; NaN for an unknown value.
        best: whether a cell is the best among the ranked solvers; no cell if their values are equal.
        better: whether `high` or `low` values are better.
    """

    header: str
    texts: tuple[str, ...]
    values: tuple[float, ...]
    best: tuple[bool, ...]
    better: str


def measured(ranking: Ranking) -> list[Column]:
    """Make the columns of numbers, in the order of the table; the ranking value comes first."""
    rows = ranking.standings
    columns = _ranking_columns(ranking)
    for metric in ranking.headline:
        values = tuple(row.metrics[metric.name] for row in rows)
        best = _best(rows, values, max if metric.better == "high" else min)
        columns.append(
            Column(_header(metric), tuple(_shown(value, metric) for value in values), values, best, metric.better)
        )
    wall_s = tuple(row.wall_s for row in rows)
    # The best time must belong to a solver with a solution or a score.
    quickest = _best(rows, [row.wall_s if row.solved or row.scored else math.nan for row in rows], min)
    columns.append(Column("median wall (s)", tuple(number(value, ".2f") for value in wall_s), wall_s, quickest, "low"))
    return columns


def _ranking_columns(ranking: Ranking) -> list[Column]:
    """Make the columns of the ranking value and its interval."""
    rows, metric = ranking.standings, ranking.ranking_metric
    level = f"{100 * (1 - ranking.alpha):g} % interval"
    values = tuple(row.ranking_value for row in rows)
    lows = tuple(math.nan if row.interval is None else row.interval[0] for row in rows)
    if metric is None:
        solved = tuple(f"{row.puzzles_solved}/{row.puzzles}" for row in rows)
        return [
            Column("solved", solved, values, _best(rows, values, max), "high"),
            Column(
                f"{level} (%)", tuple(_interval(row, ".0f", 100) for row in rows), lows, (False,) * len(rows), "high"
            ),
        ]
    unit = " (%)" if metric.shown == "percent" else ""
    mean = "geometric mean" if metric.scale == "log" else "mean"
    form, factor = _form(metric)
    best = _best(rows, values, max if metric.better == "high" else min)
    texts = tuple(_shown(value, metric) for value in values)
    intervals = tuple(_interval(row, form, factor) for row in rows)
    return [
        Column(f"{mean} {metric.label}{unit}", texts, values, best, metric.better),
        Column(f"{level}{unit}", intervals, lows, (False,) * len(rows), metric.better),
    ]


def _interval(row: Standing, form: str, factor: int) -> str:
    if row.interval is None:
        return "–"
    return "–".join(number(factor * bound, form) for bound in row.interval)


def rank_text(row: Standing) -> tuple[str, str]:
    """Write a solver's rank, and the letters that it shares with solvers that no test separates from it."""
    return ("–", "–") if row.place is None else (str(row.place), row.letters)


def failed_header(ranking: Ranking) -> str:
    """Name the column of the cells that failed."""
    return "not solved" if ranking.ranking_metric is None else "not scored"


def failures(row: Standing) -> str:
    """List how the cells ended that are neither solved nor scored."""
    good = {Status.SOLVED, Status.SCORED}
    return ", ".join(f"{count} {status}" for status, count in row.statuses.items() if status not in good)


def _best(rows: Sequence[Standing], values: Sequence[float], pick: Callable[[list[float]], float]) -> tuple[bool, ...]:
    """Mark the best values among the ranked rows; mark none if the values are equal."""
    ranked = [value for row, value in zip(rows, values, strict=True) if row.place is not None and math.isfinite(value)]
    if len(set(ranked)) < 2:
        return (False,) * len(rows)
    best = pick(ranked)
    return tuple(row.place is not None and value == best for row, value in zip(rows, values, strict=True))


def _header(metric: Metric) -> str:
    label = f"{metric.label} (%)" if metric.shown == "percent" else metric.label
    return f"median {label}" if metric.summary == "median" else label


def _shown(value: float, metric: Metric) -> str:
    form, factor = _form(metric)
    return number(factor * value, form)


def _form(metric: Metric) -> tuple[str, int]:
    """Return the format and the factor in which a metric's values are written."""
    return f".{metric.digits}{'e' if metric.shown == 'scientific' else 'f'}", 100 if metric.shown == "percent" else 1
