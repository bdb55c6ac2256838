"""What is compared, and each measure's values puzzle by puzzle.

Four kinds of measures, since no one scale fits all:

    share   solved or not; the mean over puzzles
    mean    a family's metric that tables sum up by a mean; the mean over puzzles
    rank    one that spans decades or may be infinite (`summary="median"`): only which side is better counts
    ratio   wall time; the geometric mean over puzzles of NEW / BASE
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmark.results.trial import Status
from generator.family.registry import find_family

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmark.comparison.matching import Pair
    from benchmark.results.trial import Row
    from generator.family.metric import Metric

__all__ = ["SOLVED", "TIME", "Kind", "Measure", "Sample", "measures_of", "sample_of"]

Kind = Literal["share", "mean", "rank", "ratio"]

LARGEST = 1e100
"""Values beyond this stand for an answer that overflowed; a mean of them says nothing."""


@dataclass(frozen=True)
class Measure:
    """One thing that is compared.

    Attributes:
        name: as typed in a rule.
        label: as tables show it.
        kind: how it is compared.
        better: which way.
        metric: the family's record; None for what every family has.
    """

    name: str
    label: str
    kind: Kind
    better: Literal["high", "low"]
    metric: Metric | None = None


SOLVED = Measure("solved", "solved", "share", "high")
TIME = Measure("time", "time to solve", "ratio", "low")


@dataclass(frozen=True, eq=False)
class Sample:
    """A measure's values on P puzzles.

    Attributes:
        puzzles: digests, P.
        base: for each puzzle the values of BASE, one per seed; repeats of a seed are summed up in it.
        new: likewise of NEW, for the same seeds.
    """

    puzzles: tuple[str, ...]
    base: tuple[np.ndarray, ...]
    new: tuple[np.ndarray, ...]

    @property
    def trials(self) -> int:
        """Number of pairs."""
        return sum(map(len, self.base))

    def per_puzzle(self, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
        """Sum seeds up, P values of BASE and of NEW: puzzles are the unit, seeds of one repeat it."""
        middle = np.median if kind == "rank" else np.mean
        with np.errstate(invalid="ignore"):  # the median of two infinities
            both = [np.array([_settle(middle, values) for values in side]) for side in (self.base, self.new)]
        return both[0], both[1]


def measures_of(family: str) -> tuple[Measure, ...]:
    """List what is compared in a family: solved, each of its metrics, time."""
    return (SOLVED, *map(_measure, find_family(family).metrics), TIME)


def _measure(metric: Metric) -> Measure:
    kind: Kind = "mean" if metric.summary == "mean" and math.isfinite(metric.if_failed) else "rank"
    return Measure(metric.name, metric.label, kind, metric.better, metric)


def sample_of(measure: Measure, pairs: Sequence[Pair]) -> Sample | None:
    """Take a measure's values out of the pairs; None where no pair has any.

    A metric is unknown on a pair where somebody answered and nobody has a value, e.g. because
    the puzzle's answer is not known: such a pair is left out. Time is that of trials that both
    sides solved: how fast a wrong answer came says nothing.
    """
    if measure.kind == "ratio":
        pairs = [pair for pair in pairs if all(_timed(row) for row in (*pair.base, *pair.new))]
    elif measure.metric is not None:
        pairs = [pair for pair in pairs if _known(measure.metric, pair)]
    if not pairs or (measure.metric and not any(measure.metric.name in row.metrics for row in _rows(pairs))):
        return None
    base: dict[str, list[float]] = defaultdict(list)
    new: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        base[pair.puzzle].append(_sum_up(measure, pair.base))
        new[pair.puzzle].append(_sum_up(measure, pair.new))
    return Sample(tuple(base), tuple(map(np.array, base.values())), tuple(map(np.array, new.values())))


def _rows(pairs: Sequence[Pair]) -> list[Row]:
    return [row for pair in pairs for row in (*pair.base, *pair.new)]


def _timed(row: Row) -> bool:
    return row.status == Status.SOLVED and row.wall_s is not None and row.wall_s > 0


def _known(metric: Metric, pair: Pair) -> bool:
    rows = (*pair.base, *pair.new)
    return any(metric.name in row.metrics for row in rows) or not any(row.metrics for row in rows)


def _sum_up(measure: Measure, rows: Sequence[Row]) -> float:
    """Sum the repeats of one trial up."""
    values = np.array([_value(measure, row) for row in rows])
    return _settle(np.median if measure.kind == "rank" else np.mean, values)


def _value(measure: Measure, row: Row) -> float:
    match measure.kind:
        case "share":
            return float(row.status == Status.SOLVED)
        case "ratio":
            return math.log(row.wall_s or math.nan)
    metric = measure.metric
    if metric is None:
        raise TypeError(f"measure {measure.name} has no metric")
    value = row.metrics.get(metric.name, metric.if_failed)
    if abs(value) > LARGEST:
        return math.copysign(math.inf if measure.kind == "rank" else LARGEST, value)
    return 0.0 if abs(value) < metric.floor else value


def _settle(middle: Callable[[np.ndarray], np.floating], values: np.ndarray) -> float:
    """Sum values up; those that are all the same, infinities too, are their own middle."""
    return float(values[0]) if np.all(values == values[0]) else float(middle(values))
