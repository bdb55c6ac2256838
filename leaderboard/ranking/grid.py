"""Hold the results of one table as matrices of solvers by cells, so that every summary is one numpy call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark.comparison.scale import to_scale
from benchmark.results.trial import Status
from leaderboard.ranking.frame import METRICS

if TYPE_CHECKING:
    from generator.family.metric import Metric

__all__ = ["MISSING", "Grid", "drop_skipped", "grid_of", "mark_live"]

MISSING = "missing"
"""Status of a cell that has no row."""

_ENDINGS = (*map(str, Status), MISSING)

_TIMED = (Status.SOLVED, Status.SCORED, Status.PARTIAL, Status.TIMEOUT)
"""Statuses whose wall time is the time to an answer; for other statuses the time counts as infinite."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The results of S solvers on the C cells of a table.

    Attributes:
        solvers: names of the S solvers.
        sources: digest of each solver's latest source, S.
        rows: frame with the results.
        planned: C, index in `rows` of one row per cell; the row holds the cell's puzzle and seed.
        place: S x C, position of each cell's row in `rows`; -1 where it is missing.
        ending: S x C, index of each cell's status in `Status`; a missing cell has the number of statuses.
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
        """Which cells are solved, S x C."""
        return np.asarray(self.ending == _ENDINGS.index(Status.SOLVED))

    @property
    def puzzle(self) -> np.ndarray:
        """Number of each cell's puzzle, C; puzzles are numbered in order of first appearance."""
        return np.asarray(pd.factorize(self.rows["puzzle"].iloc[self.planned])[0])

    def per_puzzle(self, metric: Metric) -> np.ndarray:
        """Average the ranking metric over the seeds of each puzzle, S x P, on the metric's scale.

        Only cells with the status `scored` have a value; every other cell counts as the metric's `if_failed`.
        """
        scored = self.ending == _ENDINGS.index(Status.SCORED)
        cells = to_scale(np.where(scored, self.values(METRICS + metric.name), np.nan), metric)
        puzzle = self.puzzle
        counts = np.bincount(puzzle)
        starts = np.cumsum(counts) - counts
        # Sorted within each puzzle, so that the order of the store does not change the last digit of a sum.
        ordered = np.stack([row[np.lexsort((row, puzzle))] for row in cells])
        return np.asarray(np.add.reduceat(ordered, starts, axis=1) / counts)

    @property
    def puzzles_solved(self) -> np.ndarray:
        """Which puzzles are solved, S x P; a puzzle is solved if more than half of its cells are solved.

        Seeds of one puzzle are not independent evidence, because a deterministic solver gives the same answer for every
        seed. So tests and intervals count puzzles.
        """
        puzzle = self.puzzle
        wins = np.stack([np.bincount(puzzle, weights=solved) for solved in self.solved])
        return np.asarray(2 * wins > np.bincount(puzzle))

    def statuses(self) -> list[dict[str, int]]:
        """Count each solver's cells by status, without zero counts."""
        counts = np.stack([(self.ending == code).sum(axis=1) for code in range(len(_ENDINGS))], axis=1)
        return [{name: n for name, n in zip(_ENDINGS, row, strict=True) if n} for row in counts.tolist()]

    def summary(self, metric: Metric) -> np.ndarray:
        """Summarise a metric over all cells, S values; a cell without a value counts as a failure.

        A cell is left out for all solvers if the metric is unknown there: a solver answered, but no solver has a value,
            for example because the puzzle's true answer is unknown. The summary is NaN if no cell has a value.
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
        """Compute each solver's median wall time, S values; a cell without an answer counts as infinite."""
        timed = np.isin(self.ending, [_ENDINGS.index(status) for status in _TIMED])
        values = self.values("wall_s")
        return _median(np.where(timed & ~np.isnan(values), values, np.inf))

    def values(self, column: str) -> np.ndarray:
        """Arrange a column as S x C values; a missing value is NaN."""
        if column not in self.rows.columns:
            return np.full(self.place.shape, np.nan)
        return np.where(self.place >= 0, self.rows[column].to_numpy(dtype=float)[self.place], np.nan)


def mark_live(frame: pd.DataFrame) -> pd.DataFrame:
    """Mark the rows that count: rows of each solver's latest source, and only the last row per cell.

    Returns:
        The frame with three more columns: `latest`, the solver's latest source; `live`, whether the row counts;
        `answered`, whether it holds the score of an answer.
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
    """Drop the solvers of one table that were skipped on every cell, and cells that only dropped solvers planned.

    These are solvers of other families, so their skipped rows are no evidence.
    """
    runs = rows["status"].astype(str) != Status.SKIPPED
    return rows[rows["solver"].isin(rows["solver"][runs])]


def grid_of(rows: pd.DataFrame) -> Grid:
    """Arrange the rows of one table; `mark_live` must have marked the rows.

    Rows that do not count still show that a cell was planned.
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
    # Sorted, so that the order of the store does not change the last digit.
    return np.asarray(np.sort(values, axis=1).mean(axis=1))


def _median(values: np.ndarray) -> np.ndarray:
    # np.median gives NaN between two infinities.
    middle = np.sort(values, axis=1)[:, [(values.shape[1] - 1) // 2, values.shape[1] // 2]]
    return np.asarray(np.where(middle[:, 0] == middle[:, 1], middle[:, 0], middle.mean(axis=1)))
