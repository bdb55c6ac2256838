"""One table's results as matrices, solvers x cells, so that every summary is one numpy call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark.results.trial import Status
from leaderboard.ranking.frame import METRICS

if TYPE_CHECKING:
    from generator.family.metric import Metric

__all__ = ["MISSING", "Grid", "drop_skipped", "grid_of", "mark_live"]

MISSING = "missing"
"""Stands beside the statuses for a cell that has no row."""

_ENDINGS = (*map(str, Status), MISSING)

_TIMED = (Status.SOLVED, Status.PARTIAL, Status.TIMEOUT)
"""Statuses whose wall time says how long the solver took; all others count as never ending."""


@dataclass(frozen=True, eq=False)
class Grid:
    """What S solvers did on the C cells of a table.

    Attributes:
        solvers: names, S.
        sources: digest of each solver's latest source, S.
        rows: the frame that the results come from.
        planned: C, position in `rows` of some row on each cell, which tells its puzzle and seed.
        place: S x C, position of each cell's row in `rows`; -1 where it is missing.
        ending: S x C, index of each cell's status in `Status`, one more where it is missing.
    """

    solvers: list[str]
    sources: list[str]
    rows: pd.DataFrame
    planned: np.ndarray
    place: np.ndarray
    ending: np.ndarray

    @property
    def cells(self) -> int:
        """Number of cells, C."""
        return int(self.place.shape[1])

    @property
    def solved(self) -> np.ndarray:
        """Tell the solved cells, S x C."""
        return np.asarray(self.ending == _ENDINGS.index(Status.SOLVED))

    @property
    def puzzles_solved(self) -> np.ndarray:
        """Tell the solved puzzles, S x P: those of whose cells more than half are solved.

        Seeds of one puzzle are no independent evidence, since a deterministic solver does the
        same on each; so what is inferred from counts is inferred from these.
        """
        puzzle = pd.factorize(self.rows["puzzle"].iloc[self.planned])[0]
        wins = np.stack([np.bincount(puzzle, weights=solved) for solved in self.solved])
        return np.asarray(2 * wins > np.bincount(puzzle))

    def statuses(self) -> list[dict[str, int]]:
        """Count each solver's cells by how they ended, zeros left out."""
        counts = np.stack([(self.ending == code).sum(axis=1) for code in range(len(_ENDINGS))], axis=1)
        return [{name: n for name, n in zip(_ENDINGS, row, strict=True) if n} for row in counts.tolist()]

    def summary(self, metric: Metric) -> np.ndarray:
        """Sum a metric up over all cells, S values, a cell without it counting as a failure.

        A cell where somebody answered and nobody has a value is one where the metric cannot
        be known, e.g. because the answer is not: it is left out for all solvers alike. NaN
        where there are answers, but nobody has a value anywhere.
        """
        values = self.values(METRICS + metric.name)
        known = ~np.isnan(values)
        answered = (self.place >= 0) & self.rows["answered"].to_numpy()[self.place]
        knowable = known.any(axis=0) | ~answered.any(axis=0)
        if answered.any() and not known.any():
            return np.full(len(self.solvers), np.nan)
        filled = np.where(known, values, metric.if_failed)[:, knowable]
        return _mean(filled) if metric.summary == "mean" else _median(filled)

    def wall_s(self) -> np.ndarray:
        """Take each solver's median wall time, S values, a cell that had no ending counting as infinite."""
        timed = np.isin(self.ending, [_ENDINGS.index(status) for status in _TIMED])
        values = self.values("wall_s")
        return _median(np.where(timed & ~np.isnan(values), values, np.inf))

    def values(self, column: str) -> np.ndarray:
        """Lay a column out, S x C, NaN where there is no value."""
        if column not in self.rows.columns:
            return np.full(self.place.shape, np.nan)
        return np.where(self.place >= 0, self.rows[column].to_numpy(dtype=float)[self.place], np.nan)


def mark_live(frame: pd.DataFrame) -> pd.DataFrame:
    """Mark the rows that count: of each solver the latest source, of each cell the last row.

    Returns:
        The frame with three more columns: `latest`, the solver's latest source; `live`, whether
        the row counts; `answered`, whether it holds the score of an answer.
    """
    codes, sources = pd.factorize(frame["source"])
    latest = pd.Series(codes, index=frame.index).groupby([frame["family"], frame["solver"]], observed=True)
    newest = latest.transform("last").to_numpy()
    current = np.flatnonzero(codes == newest)
    repeated = frame[["family", "solver", "puzzle", "seed"]].iloc[current].duplicated(keep="last").to_numpy()
    live = np.zeros(len(frame), bool)
    live[current[~repeated]] = True
    metrics = [column for column in frame.columns if str(column).startswith(METRICS)]
    return frame.assign(
        latest=np.asarray(sources, dtype=object)[newest],
        live=live,
        answered=frame[metrics].notna().any(axis=1),
    )


def drop_skipped(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop the solvers of one table that were skipped on all of it, and the cells that only they planned.

    They are solvers of other families: that they were not run says nothing of them.
    """
    runs = rows["status"].astype(str) != Status.SKIPPED
    return rows[rows["solver"].isin(rows["solver"][runs])]


def grid_of(rows: pd.DataFrame) -> Grid:
    """Lay out the rows of one table, marked by `mark_live`.

    Rows that do not count still say that a cell was planned.
    """
    solver, solvers = pd.factorize(rows["solver"])
    cell = rows.groupby(["puzzle", "seed"], sort=False, observed=True).ngroup().to_numpy()
    live = np.flatnonzero(rows["live"].to_numpy())
    place = np.full((len(solvers), int(cell.max()) + 1), -1)
    place[solver[live], cell[live]] = live
    codes = pd.Categorical(rows["status"], categories=_ENDINGS).codes
    first = np.unique(solver, return_index=True)[1]
    return Grid(
        solvers=[str(name) for name in solvers],
        sources=[str(source) for source in rows["latest"].iloc[first]],
        rows=rows,
        planned=np.unique(cell, return_index=True)[1],
        place=place,
        ending=np.where(place >= 0, codes[place], _ENDINGS.index(MISSING)),
    )


def _mean(values: np.ndarray) -> np.ndarray:
    # Sorted, so that the last bit does not depend on the order of the store.
    return np.asarray(np.sort(values, axis=1).mean(axis=1))


def _median(values: np.ndarray) -> np.ndarray:
    # Between two infinities the interpolation of np.median would be NaN.
    middle = np.sort(values, axis=1)[:, [(values.shape[1] - 1) // 2, values.shape[1] // 2]]
    return np.asarray(np.where(middle[:, 0] == middle[:, 1], middle[:, 0], middle.mean(axis=1)))
