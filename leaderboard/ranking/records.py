"""The frozen records of a ranked table: one solver's line, and the table."""

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
        place: 1, 2, 3, ... in the order of the table, shared only by solvers that are equal in everything; None for a
            solver that is not ranked.
        letters: compact letter display: two ranked solvers share a letter exactly if no test separates them; empty for
            a solver that is not ranked.
        solver: name with parameters.
        source: digest of the source that is ranked.
        ranking_value: what the family ranks by: the share of puzzles solved, or the mean of the ranking metric.
        interval: of the ranking value; None where the puzzles show no spread.
        puzzles: number of puzzles in the table.
        puzzles_solved: number of puzzles of which it solved more than half of the cells.
        cells: number of cells in the table.
        covered: number of cells with a row of this solver.
        solved: number of cells solved.
        scored: number of cells with a score, where a metric ranks.
        metrics: summary over all cells, by metric name; NaN where nothing is known.
        wall_s: median over all cells; infinite where most cells have no answer.
        statuses: number of cells by status, in the order of `Status`, then missing cells; zeros are left out.
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
        family: name of the puzzles' family.
        by: label that splits the tables; empty for one table per family.
        value: the label's value on this table's puzzles: a digest, or a group's value.
        heading: for people.
        metrics: the family's metrics, headline metrics first.
        rank_by: `solved`, or the name of the metric that ranks the solvers.
        puzzles: number of puzzles.
        cells: number of cells.
        alpha: level of the tests and intervals.
        pairs: number of pairs of ranked solvers that were tested.
        standings: ranked solvers, then the others.
        notes: what a reader must know to compare the rows, as sentences.
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
        """The metric that ranks the solvers; None where puzzles solved do."""
        if self.rank_by == SOLVED:
            return None
        return next(metric for metric in self.metrics if metric.name == self.rank_by)

    @property
    def headline(self) -> tuple[Metric, ...]:
        """The metrics that break ties and have a column, without the one that ranks."""
        return tuple(metric for metric in self.metrics if metric.headline and metric.name != self.rank_by)
