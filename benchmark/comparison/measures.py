"""The measures of a comparison, and their values by puzzle.

There are four kinds of measures, because no single scale fits all:

    share   solved or not; the mean over puzzles
    mean    a metric that tables average; the mean over puzzles
    rank    a metric that spans decades or may be infinite (`summary="median"`); only the direction of a change counts
    ratio   wall time, and a ranking metric on a logarithmic scale: the geometric mean over puzzles of NEW / BASE

A family that ranks solvers by puzzles solved is compared by `solved` first. A family that ranks by a metric is compared
by that metric first, on its own scale, and has no measure `solved`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmark.comparison.scale import LARGEST, to_scale
from benchmark.results.trial import Status
from generator.family.registry import find_family

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmark.comparison.matching import Pair
    from benchmark.results.trial import Row
    from generator.family.metric import Metric

__all__ = ["SOLVED", "TIME", "Kind", "Measure", "Sample", "measures_of", "sample_of"]

Kind = Literal["share", "mean", "rank", "ratio"]


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name: name of the measure in a rule.
        label: text in tables.
        kind: way of comparison, see above.
        better: whether `high` or `low` values are better.
        metric: metric of the family; None for `solved` and `time`.
        ranks: whether the family ranks its solvers by this measure.
    """

    name: str
    label: str
    kind: Kind
    better: Literal["high", "low"]
    metric: Metric | None = None
    ranks: bool = False

    @property
    def is_time(self) -> bool:
        """Whether the measure is the wall time."""
        return self.kind == "ratio" and self.metric is None


SOLVED = Measure("solved", "solved", "share", "high", ranks=True)
TIME = Measure("time", "time to solve", "ratio", "low")


@dataclass(frozen=True, eq=False)
class Sample:
    """A measure's values on P puzzles.

    Attributes:
        puzzles: digests of the P puzzles.
        base: for each puzzle the values of BASE, one per seed; repeats of a seed are averaged.
        new: for each puzzle the values of NEW, on the same seeds.
    """

    puzzles: tuple[str, ...]
    base: tuple[np.ndarray, ...]
    new: tuple[np.ndarray, ...]

    @property
    def trials(self) -> int:
        """Number of pairs."""
        return sum(map(len, self.base))

    def per_puzzle(self, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
        """Average over seeds: P values of BASE and of NEW. Seeds of one puzzle are not independent evidence."""
        middle = np.median if kind == "rank" else np.mean
        with np.errstate(invalid="ignore"):  # np.median gives NaN for two infinities
            both = [np.array([_settle(middle, values) for values in side]) for side in (self.base, self.new)]
        return both[0], both[1]


def measures_of(family: str) -> tuple[Measure, ...]:
    """List the measures of a family, the ranking measure first and time last."""
    record = find_family(family)
    if record.ranks_solved:
        return (SOLVED, *map(_measure, record.metrics), TIME)
    ranking = record.ranking_metric
    kind: Kind = "ratio" if ranking.scale == "log" else "mean"
    first = Measure(ranking.name, ranking.label, kind, ranking.better, ranking, ranks=True)
    others = (_measure(metric) for metric in record.metrics if metric != ranking)
    return (first, *others, replace(TIME, label="time to answer"))


def _measure(metric: Metric) -> Measure:
    kind: Kind = "mean" if metric.summary == "mean" and math.isfinite(metric.if_failed) else "rank"
    return Measure(metric.name, metric.label, kind, metric.better, metric)


def sample_of(measure: Measure, pairs: Sequence[Pair]) -> Sample | None:
    """Collect a measure's values from the pairs; return None if no pair has a value.

    A pair is left out of a metric that is unknown for the pair: a side answered, but no side has a value, for example
    because the puzzle's true answer is unknown. The ranking measure is never unknown, because a trial without a valid
    answer counts as a failure. Time is compared on trials that both sides solved (or scored, if a metric ranks),
    because the time of a failure is not a time to a solution.
    """
    if measure.is_time:
        pairs = [pair for pair in pairs if all(_timed(row) for row in (*pair.base, *pair.new))]
    elif measure.metric is not None and not measure.ranks:
        pairs = [pair for pair in pairs if _known(measure.metric, pair)]
        if not any(measure.metric.name in row.metrics for pair in pairs for row in (*pair.base, *pair.new)):
            return None
    if not pairs:
        return None
    base: dict[str, list[float]] = defaultdict(list)
    new: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        base[pair.puzzle].append(_average(measure, pair.base))
        new[pair.puzzle].append(_average(measure, pair.new))
    return Sample(tuple(base), tuple(map(np.array, base.values())), tuple(map(np.array, new.values())))


def _timed(row: Row) -> bool:
    return row.status in {Status.SOLVED, Status.SCORED} and row.wall_s is not None and row.wall_s > 0


def _known(metric: Metric, pair: Pair) -> bool:
    rows = (*pair.base, *pair.new)
    return any(metric.name in row.metrics for row in rows) or not any(row.metrics for row in rows)


def _average(measure: Measure, rows: Sequence[Row]) -> float:
    """Average the repeats of one trial."""
    values = np.array([_value(measure, row) for row in rows])
    return _settle(np.median if measure.kind == "rank" else np.mean, values)


def _value(measure: Measure, row: Row) -> float:
    metric = measure.metric
    if metric is None:
        return math.log(row.wall_s or math.nan) if measure.is_time else float(row.status == Status.SOLVED)
    if measure.ranks:
        scored = row.metrics.get(metric.name, math.nan) if row.status == Status.SCORED else math.nan
        return float(to_scale(np.array(scored), metric))
    value = row.metrics.get(metric.name, metric.if_failed)
    if abs(value) > LARGEST:
        return math.copysign(math.inf if measure.kind == "rank" else LARGEST, value)
    return 0.0 if abs(value) < metric.floor else value


def _settle(middle: Callable[[np.ndarray], np.floating], values: np.ndarray) -> float:
    """Average values. The average of equal values, including infinities, is their value."""
    return float(values[0]) if np.all(values == values[0]) else float(middle(values))
