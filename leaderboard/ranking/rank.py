"""Rank solvers from result rows. Pure; `leaderboard.ranking.captions.caption` states the rule of the order.

A cell is a puzzle and a seed. The cells of a table are all cells on which any of its solvers was run, superseded runs
included. A missing cell counts as a failure. Only the latest source of a solver is ranked. If a cell was run twice,
only the last row counts. A solver that lacks cells is provisional: it is listed last and has no rank. A solver that was
skipped on every cell is left out. Seeds repeat a trial, so tests and intervals count puzzles, not cells.

A family ranks by puzzles solved or by one metric (`Family.rank_by`). Each ranked solver has a rank, and solvers
that no test separates share a letter. If no solver solved a puzzle, no solver is ranked. If a metric ranks, a solver
without a score is not ranked.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmark.comparison.scale import from_scale
from benchmark.results.trial import Status
from benchmark.statistics import ALPHA, bootstrap_interval, wilson
from generator.errors import SpecError
from generator.family.registry import find_family
from generator.suggest import did_you_mean
from leaderboard.ranking.frame import GROUPS, check_frame, frame_of, group_keys
from leaderboard.ranking.grid import MISSING, drop_skipped, grid_of, mark_live
from leaderboard.ranking.letters import compact_letters
from leaderboard.ranking.notes import notes_of
from leaderboard.ranking.records import Ranking, Standing
from leaderboard.ranking.separation import pairwise_p, separated_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from benchmark.results.trial import Row
    from generator.family.metric import Metric
    from generator.family.record import Family
    from leaderboard.ranking.grid import Grid

__all__ = ["rank", "rank_frame"]


def rank(rows: Iterable[Row], *, by: str = "", alpha: float = ALPHA) -> tuple[Ranking, ...]:
    """Rank solvers from rows in store order.

    Args:
        rows: results; if two rows are on one cell, the later row counts.
        by: `family` or an empty text for one table per family, `puzzle`, or a group label.
        alpha: level of the tests and intervals.

    Raises:
        SpecError: if there are no rows, all are skipped, `by` is unknown, or a family is not registered.
    """
    return rank_frame(frame_of(rows), by=by, alpha=alpha)


def rank_frame(
    frame: pd.DataFrame, *, by: str = "", alpha: float = ALPHA, headline: tuple[str, ...] = ()
) -> tuple[Ranking, ...]:
    """Rank solvers from a frame with the columns of `leaderboard.ranking.frame`.

    Args:
        frame: results.
        by: same as in `rank`.
        alpha: level of the tests and intervals.
        headline: metrics that break ties instead of the family's headline metrics; ignored for a family that lacks one
            of these metrics.

    Raises:
        SpecError: for the reasons that `rank` names, or if a column is missing.
    """
    check_frame(frame)
    keys = ("family", "puzzle", *group_keys(frame))
    if by and by not in keys:
        raise SpecError(f"results cannot be split by {by!r}{did_you_mean(by, keys)}")
    tables = [
        (value, drop_skipped(part))
        for _, family in mark_live(frame.reset_index(drop=True)).groupby("family", sort=False, observed=True)
        for value, part in _split(family, by)
    ]
    if all(part.empty for _, part in tables):
        raise SpecError("no solver can be ranked because every result is 'skipped'; run solvers of the puzzles' family")
    return tuple(
        _one_table(part, by=by, value=value, alpha=alpha, headline=headline) for value, part in tables if not part.empty
    )


def _split(family: pd.DataFrame, by: str) -> Iterator[tuple[str | int | None, pd.DataFrame]]:
    """Split a family's rows by a label; the labels in a puzzle's last row apply to all rows of the puzzle."""
    if by in {"", "family"}:
        yield None, family
        return
    if by == "puzzle":
        for digest, part in family.groupby("puzzle", sort=False, observed=True):
            yield str(digest), part
        return
    labels = family[["puzzle", GROUPS + by]].drop_duplicates("puzzle", keep="last")
    value_of = dict(labels.itertuples(index=False, name=None))
    values = family["puzzle"].astype(object).map(value_of)
    parts = dict(iter(family.groupby(values, sort=False)))
    yield from sorted(parts.items(), key=lambda item: (isinstance(item[0], str), item[0]))
    if values.isna().any():
        yield None, family[values.isna()]


def _metrics(family: Family, headline: Sequence[str]) -> tuple[Metric, ...]:
    """Move the requested metrics to the front, in the requested order."""
    known = {metric.name: metric for metric in family.metrics}
    if not headline or not known.keys() >= set(headline):
        return family.metrics
    first = [replace(known.pop(name), headline=True) for name in headline]
    return (*first, *(replace(metric, headline=False) for metric in known.values()))


def _one_table(
    part: pd.DataFrame, *, by: str, value: str | int | None, alpha: float, headline: tuple[str, ...]
) -> Ranking:
    family = find_family(str(part["family"].iloc[0]))
    grid = grid_of(part)
    values = grid.puzzles_solved if family.ranks_solved else grid.per_puzzle(family.ranking_metric)
    table = Ranking(
        family=family.name,
        by=by,
        value=value,
        heading=_heading(part, by, value),
        metrics=_metrics(family, headline),
        rank_by=family.rank_by,
        puzzles=values.shape[1],
        cells=grid.cells,
        alpha=alpha,
        pairs=0,
        standings=(),
        notes=tuple(notes_of(part)),
    )
    standings = _standings(grid, values, table)
    order = sorted(range(len(standings)), key=lambda s: (*_key(standings[s], table), standings[s].solver))
    return _ranked(replace(table, standings=tuple(standings[s] for s in order)), values[order])


def _standings(grid: Grid, values: np.ndarray, table: Ranking) -> list[Standing]:
    """Summarise each solver; ranks and letters are assigned later."""
    metrics = {metric.name: grid.summary(metric).tolist() for metric in table.metrics}
    intervals = [_ranking_value(row, table) for row in values]
    if table.ranking_metric is not None:
        metrics[table.rank_by] = [value for value, _ in intervals]
    solved, wall_s, statuses = grid.puzzles_solved.sum(axis=1).tolist(), grid.wall_s().tolist(), grid.statuses()
    return [
        Standing(
            place=None,
            letters="",
            solver=solver,
            source=grid.sources[s],
            ranking_value=intervals[s][0],
            interval=intervals[s][1],
            puzzles=table.puzzles,
            puzzles_solved=solved[s],
            cells=grid.cells,
            covered=grid.cells - statuses[s].get(MISSING, 0),
            solved=statuses[s].get(Status.SOLVED, 0),
            scored=statuses[s].get(Status.SCORED, 0),
            metrics={name: summary[s] for name, summary in metrics.items()},
            wall_s=wall_s[s],
            statuses=statuses[s],
        )
        for s, solver in enumerate(grid.solvers)
    ]


def _ranking_value(row: np.ndarray, table: Ranking) -> tuple[float, tuple[float, float] | None]:
    """Average one solver's P values over puzzles, and compute the interval."""
    metric = table.ranking_metric
    if metric is None:
        return float(row.mean()), wilson(int(row.sum()), len(row), table.alpha)
    value = from_scale(float(np.sort(row).mean()), metric)
    interval = bootstrap_interval(row, table.alpha)
    return value, interval and (from_scale(interval[0], metric), from_scale(interval[1], metric))


def _key(standing: Standing, table: Ranking) -> tuple[object, ...]:
    """Sort key: complete solvers first, then the ranking value, then the headline metrics, then time."""
    metric = table.ranking_metric
    first: tuple[float, ...] = (-standing.puzzles_solved, -standing.solved)
    if metric is not None:
        first = (not standing.scored, _signed(standing.ranking_value, metric))
    ties = [_signed(standing.metrics[one.name], one) for one in table.headline]
    return (standing.provisional, *first, *ties, standing.wall_s)


def _signed(value: float, metric: Metric) -> float:
    """Convert a value so that the best sorts first; a metric that is unknown is unknown for all rows of a table."""
    if math.isnan(value):
        return math.inf
    return -value if metric.better == "high" else value


def _ranked(table: Ranking, values: np.ndarray) -> Ranking:
    """Assign ranks and letters to the ranked solvers.

    Args:
        table: table whose standings are in order.
        values: S x P in the same order: which puzzles are solved, or the ranking metric on its scale.
    """
    complete = [s for s, one in enumerate(table.standings) if not one.provisional]
    if table.ranking_metric is not None:
        complete = [s for s in complete if table.standings[s].scored]
    elif not any(table.standings[s].puzzles_solved for s in complete):
        complete = []
    p_values = pairwise_p(values[complete], table.alpha)
    letters = compact_letters(len(complete), separated_pairs(p_values, table.alpha))
    standings = list(table.standings)
    for number, s in enumerate(complete):
        before = standings[complete[number - 1]] if number else None
        tied = before is not None and _key(before, table) == _key(standings[s], table)
        place = before.place if before is not None and tied else number + 1
        standings[s] = replace(standings[s], place=place, letters=letters[number])
    return replace(table, standings=tuple(standings), pairs=len(p_values))


def _heading(part: pd.DataFrame, by: str, value: str | int | None) -> str:
    family = str(part["family"].iloc[0])
    if by in {"", "family"}:
        return family
    if by == "puzzle":
        return f"{family}, puzzle {part['puzzle_name'].iloc[-1]} ({str(value)[:12]})"
    return f"{family}, {by} {value}" if value is not None else f"{family}, puzzles without {by}"
