"""From result rows to ranked records. Pure; `leaderboard.ranking.captions.caption` says the rule of the order.

A cell is a puzzle and a seed. A table's cells are all that any of its solvers was ever run
on, superseded runs included: a missing cell counts as a failure, never as an absence. Only
the latest source of a solver is ranked, and of a cell run twice only the last row. A solver
that lacks cells is provisional: listed last, without a rank. One that was skipped on all of
a table is not in it. Seeds repeat a trial, so tests and intervals count puzzles, not cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.results.trial import Status
from benchmark.statistics import ALPHA, mcnemar, wilson
from generator.errors import SpecError
from generator.family.registry import find_family
from generator.suggest import did_you_mean
from leaderboard.ranking.captions import notes
from leaderboard.ranking.frame import GROUPS, check_frame, frame_of, group_keys
from leaderboard.ranking.grid import MISSING, drop_skipped, grid_of, mark_live

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import pandas as pd

    from benchmark.results.trial import Row
    from generator.family.metric import Metric
    from generator.family.record import Family

__all__ = ["MISSING", "Ranking", "Standing", "rank", "rank_frame"]


@dataclass(frozen=True)
class Standing:
    """One solver in one table.

    Attributes:
        rank: shared by those that cannot be told apart; None while provisional.
        solver: name with parameters.
        source: digest of the source that is ranked.
        puzzles: how many puzzles the table has.
        puzzles_solved: on how many of them it solved more than half of the cells.
        interval: Wilson interval of puzzles_solved / puzzles.
        cells: how many cells the table has.
        covered: how many of them have a row of this solver.
        solved: how many it solved.
        metrics: summary over all cells, by metric name; NaN where nothing can be known.
        wall_s: median over all cells; infinite where most cells came to no ending.
        statuses: cells by status, in the order of `Status`, then missing ones; no zeros.
    """

    rank: int | None
    solver: str
    source: str
    puzzles: int
    puzzles_solved: int
    interval: tuple[float, float]
    cells: int
    covered: int
    solved: int
    metrics: Mapping[str, float]
    wall_s: float
    statuses: Mapping[str, int]

    @property
    def share(self) -> float:
        """Share of the puzzles that it solved."""
        return self.puzzles_solved / self.puzzles

    @property
    def provisional(self) -> bool:
        """Whether cells are missing."""
        return self.covered < self.cells


@dataclass(frozen=True)
class Ranking:
    """One table: the solvers of a family on the same cells, best first.

    Attributes:
        family: whose puzzles.
        by: what the tables are split by; empty for one table per family.
        value: what this table's puzzles have in common: a digest, or a group's value.
        heading: for people.
        metrics: the family's, headline first.
        puzzles: number of puzzles.
        cells: number of cells.
        alpha: level of the tests and intervals.
        standings: ranked ones, then provisional ones.
        notes: sentences on what a reader must know to compare the rows.
    """

    family: str
    by: str
    value: str | int | None
    heading: str
    metrics: tuple[Metric, ...]
    puzzles: int
    cells: int
    alpha: float
    standings: tuple[Standing, ...]
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> tuple[Metric, ...]:
        """The metrics that decide the order."""
        return tuple(metric for metric in self.metrics if metric.headline)


def rank(rows: Iterable[Row], *, by: str = "", alpha: float = ALPHA) -> tuple[Ranking, ...]:
    """Rank solvers from rows in store order.

    Args:
        rows: results; of two rows on one cell the later counts.
        by: `family` (as does an empty text: one table per family), `puzzle`, or a group label.
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
        by: as for `rank`.
        alpha: level of the tests and intervals.
        headline: metrics that decide the order instead of those that the family puts first; a family
            that does not have them all keeps its own.

    Raises:
        SpecError: as `rank` does, and if a column is missing.
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
        raise SpecError("there is no solver to rank, every result is 'skipped'; run solvers of the puzzles' own family")
    return tuple(
        _one_table(part, by=by, value=value, alpha=alpha, headline=headline) for value, part in tables if not part.empty
    )


def _split(family: pd.DataFrame, by: str) -> Iterator[tuple[str | int | None, pd.DataFrame]]:
    """Part a family's rows; what a puzzle's last row says of it holds for all its rows."""
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


def _metrics(family: Family, headline: tuple[str, ...]) -> tuple[Metric, ...]:
    """Put the asked metrics first, in the order asked for."""
    known = {metric.name: metric for metric in family.metrics}
    if not headline or not known.keys() >= set(headline):
        return family.metrics
    first = [replace(known.pop(name), headline=True) for name in headline]
    return (*first, *(replace(metric, headline=False) for metric in known.values()))


def _one_table(
    part: pd.DataFrame, *, by: str, value: str | int | None, alpha: float, headline: tuple[str, ...]
) -> Ranking:
    family = find_family(str(part["family"].iloc[0]))
    shown = _metrics(family, headline)
    grid = grid_of(part)
    metrics = {metric.name: grid.summary(metric).tolist() for metric in family.metrics}
    solved, wall_s, statuses = grid.puzzles_solved, grid.wall_s().tolist(), grid.statuses()
    puzzles = solved.shape[1]
    standings = [
        Standing(
            rank=None,
            solver=solver,
            source=grid.sources[s],
            puzzles=puzzles,
            puzzles_solved=int(solved[s].sum()),
            interval=wilson(int(solved[s].sum()), puzzles, alpha),
            cells=grid.cells,
            covered=grid.cells - statuses[s].get(MISSING, 0),
            solved=statuses[s].get(Status.SOLVED, 0),
            metrics={name: summary[s] for name, summary in metrics.items()},
            wall_s=wall_s[s],
            statuses=statuses[s],
        )
        for s, solver in enumerate(grid.solvers)
    ]
    order = sorted(range(len(standings)), key=lambda s: _place(standings[s], shown))
    return Ranking(
        family=family.name,
        by=by,
        value=value,
        heading=_heading(part, by, value),
        metrics=shown,
        puzzles=puzzles,
        cells=grid.cells,
        alpha=alpha,
        standings=_share_ranks([standings[s] for s in order], solved[order], alpha),
        notes=tuple(notes(part, alpha)),
    )


def _place(standing: Standing, metrics: Sequence[Metric]) -> tuple[object, ...]:
    """Order: ranked first, puzzles solved, cells solved, headline metrics as the family lists them, time, name."""
    metrics = [metric for metric in metrics if metric.headline]
    values = [standing.metrics[metric.name] for metric in metrics]
    signed = [-value if metric.better == "high" else value for value, metric in zip(values, metrics, strict=True)]
    # NaN compares with nothing; what cannot be known is so for all rows of a table.
    known = [math.inf if math.isnan(value) else value for value in signed]
    return (standing.provisional, -standing.puzzles_solved, -standing.solved, *known, standing.wall_s, standing.solver)


def _share_ranks(standings: Sequence[Standing], solved: np.ndarray, alpha: float) -> tuple[Standing, ...]:
    """Give each complete row its place, or the rank of the first row that it cannot be told apart from.

    Being indistinguishable is not transitive, so each row is tested against the first of the
    rank above it only: that keeps the ranks in the order of the table.

    Args:
        standings: S, in the order of the table.
        solved: S x P, the puzzles that each solved.
        alpha: level of the test.
    """
    ranked: list[Standing] = []
    first = 0
    for s, standing in enumerate(standings):
        if standing.provisional:
            ranked.append(standing)
            continue
        alone = int((solved[first] & ~solved[s]).sum()), int((solved[s] & ~solved[first]).sum())
        if mcnemar(*alone) < alpha:
            first = s
        ranked.append(replace(standing, rank=first + 1))
    return tuple(ranked)


def _heading(part: pd.DataFrame, by: str, value: str | int | None) -> str:
    family = str(part["family"].iloc[0])
    if by in {"", "family"}:
        return family
    if by == "puzzle":
        return f"{family}, puzzle {part['puzzle_name'].iloc[-1]} ({str(value)[:12]})"
    return f"{family}, {by} {value}" if value is not None else f"{family}, puzzles without {by}"
