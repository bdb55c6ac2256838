"""The frozen records of a ranked table: one solver's row, and the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.family.record import SOLVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.family.metric import Metric

__all__ = ["Ranking", "Standing"]


@dataclass(frozen=True)
class Standing:
    """One solver in one table.

    Attributes:
        place: rank 1, 2, 3, ... in the order of the table; solvers with equal sort keys share a rank. None for a solver
            that is not ranked.
        letters: compact letter display: two ranked solvers share a letter exactly if no test separates them; empty for
            a solver that is not ranked.
        solver: name of the solver with parameters.
        source: digest of the source that is ranked.
        ranking_value: share of puzzles solved, or mean of the ranking metric.
        interval: confidence interval of the ranking value; None if all puzzles have the same value.
        puzzles: number of puzzles in the table.
        puzzles_solved: number of puzzles with more than half of the cells solved.
        cells: number of cells in the table.
        covered: number of cells with a row of this solver.
        solved: number of cells solved.
        scored: number of cells with a score, where a metric ranks.
        metrics: summary over all cells by metric name; NaN if no cell has a value.
        wall_s: median wall time over all cells, in seconds; infinite if half of the cells or more have no answer.
        statuses: number of cells by status, in the order of `Status`, then missing cells; without zero counts.
    """

    place: int | None
    letters: str
    solver: str
    source: str
    ranking_value: float
    interval: tuple[float, float] | None
    puzzles: int
    puzzles_solved: int
    cells: int
    covered: int
    solved: int
    scored: int
    metrics: Mapping[str, float]
    wall_s: float
    statuses: Mapping[str, int]

    @property
    def share(self) -> float:
        """Share of the puzzles that the solver solved."""
        return self.puzzles_solved / self.puzzles

    @property
    def provisional(self) -> bool:
        """Whether the solver lacks cells."""
        return self.covered < self.cells


@dataclass(frozen=True)
class Ranking:
    """One table: the solvers of a family on the same cells, the best solver first.

    Attributes:
        family: name of the puzzles' family.
        by: label that splits the tables; empty for one table per family.
        value: value of the label on this table's puzzles: a digest, or a group's value.
        heading: heading of the printed table.
        metrics: metrics of the family, headline metrics first.
        rank_by: `solved`, or the name of the metric that ranks the solvers.
        puzzles: number of puzzles.
        cells: number of cells.
        alpha: level of the tests and intervals.
        pairs: number of tested pairs of ranked solvers.
        standings: ranked solvers, then solvers without a rank.
        notes: sentences that a reader needs to compare the rows.
    """

    family: str
    by: str
    value: str | int | None
    heading: str
    metrics: tuple[Metric, ...]
    rank_by: str
    puzzles: int
    cells: int
    alpha: float
    pairs: int
    standings: tuple[Standing, ...]
    notes: tuple[str, ...] = ()

    @property
    def ranking_metric(self) -> Metric | None:
        """The metric that ranks the solvers; None if the family ranks by puzzles solved."""
        if self.rank_by == SOLVED:
            return None
        return next(metric for metric in self.metrics if metric.name == self.rank_by)

    @property
    def headline(self) -> tuple[Metric, ...]:
        """The metrics that break ties and have a column, without the ranking metric."""
        return tuple(metric for metric in self.metrics if metric.headline and metric.name != self.rank_by)
