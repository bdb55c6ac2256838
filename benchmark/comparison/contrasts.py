"""The comparison of one solver: every measure on both sides, and the puzzles that got worse and better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.comparison.inference import share_interval
from benchmark.comparison.matching import names_of
from benchmark.comparison.measures import sample_of
from benchmark.comparison.scale import from_scale
from benchmark.results.trial import Status
from benchmark.statistics import ALPHA, bootstrap_interval, sign_flips

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmark.comparison.matching import Contest
    from benchmark.comparison.measures import Measure, Sample
    from benchmark.results.trial import Row

__all__ = ["Contrast", "Swing", "contrasts_of", "swings"]


@dataclass(frozen=True)
class Contrast:
    """One measure on both sides.

    Attributes:
        measure: measure that is compared.
        puzzles: number of puzzles on which the measure is known.
        trials: number of pairs of trials on these puzzles.
        base: BASE's mean over puzzles; the median for measures of kind `rank`, the geometric mean for kind `ratio`.
        new: NEW's value, computed like `base`.
        difference: NEW - BASE; NEW / BASE for kind `ratio`; for kind `rank` the share of puzzles with a higher value
            minus the share with a lower one.
        interval: 95 % interval of the difference; None if all puzzles have the same difference.
        p: two-sided p-value over puzzles; NaN without a test.
        q: p adjusted for all measures of the comparison.
        unjudged: reason why there is no test; empty if there is a test.
        higher: number of puzzles on which NEW's value is higher.
        lower: number of puzzles on which NEW's value is lower.
    """

    measure: Measure
    puzzles: int
    trials: int
    base: float
    new: float
    difference: float
    interval: tuple[float, float] | None
    p: float
    q: float = math.nan
    unjudged: str = ""
    higher: int = 0
    lower: int = 0

    @property
    def verdict(self) -> str:
        """`better` or `worse` if the difference is significant; empty otherwise."""
        if not self.q <= ALPHA:
            return ""
        raised = self.difference > (1 if self.measure.kind == "ratio" else 0)
        return "better" if raised == (self.measure.better == "high") else "worse"


@dataclass(frozen=True)
class Swing:
    """A puzzle on which the ranking measure changed.

    Attributes:
        puzzle: digest of the puzzle.
        name: name of the puzzle.
        trials: number of pairs of trials on the puzzle.
        base: BASE's number of solved trials, or BASE's mean of the ranking metric.
        new: NEW's value, computed like `base`.
        ending: status and reason of NEW's first trial without a solution or score, else of NEW's first trial.
    """

    puzzle: str
    name: str
    trials: int
    base: float
    new: float
    ending: str


def contrasts_of(contest: Contest, measures: Sequence[Measure], obstacle: Callable[[Measure], str]) -> list[Contrast]:
    """Compare every measure that has a value in any pair; p-values are adjusted later.

    Args:
        contest: results of one solver.
        measures: measures of the solver's family.
        obstacle: returns the reason why a measure cannot be judged; empty if it can.
    """
    samples = [(measure, sample_of(measure, contest.pairs)) for measure in measures]
    return [_contrast(measure, sample, obstacle(measure)) for measure, sample in samples if sample is not None]


def _contrast(measure: Measure, sample: Sample, unjudged: str) -> Contrast:
    base, new = sample.per_puzzle(measure.kind)
    higher, lower = int((new > base).sum()), int((new < base).sum())
    # For ranks only the direction counts; two infinities are equal.
    differences = (new > base) * 1.0 - (new < base) if measure.kind == "rank" else new - base
    means, difference = (float(base.mean()), float(new.mean())), float(differences.mean())
    bounded = measure.kind in {"share", "rank"}
    interval = share_interval(differences) if bounded else bootstrap_interval(differences)
    if measure.kind == "rank":
        means = (_median(base), _median(new))
    if measure.kind == "ratio":
        means, difference = (math.exp(means[0]), math.exp(means[1])), math.exp(difference)
        interval = None if interval is None else (math.exp(interval[0]), math.exp(interval[1]))
    p = math.nan if unjudged else sign_flips(differences)
    return Contrast(
        measure,
        puzzles=len(base),
        trials=sample.trials,
        base=means[0],
        new=means[1],
        difference=difference,
        interval=interval,
        p=p,
        unjudged=unjudged,
        higher=higher,
        lower=lower,
    )


def _median(values: np.ndarray) -> float:
    middle = np.sort(values)[[(len(values) - 1) // 2, len(values) // 2]]
    return float(middle[0] if middle[0] == middle[1] else middle.mean())


def swings(contest: Contest, measure: Measure) -> tuple[tuple[Swing, ...], tuple[Swing, ...]]:
    """List the puzzles on which NEW is worse, and the puzzles on which NEW is better.

    Args:
        contest: results of one solver.
        measure: ranking measure of the family.
    """
    sample = sample_of(measure, contest.pairs)
    if sample is None:
        return (), ()
    names = names_of([row for pair in contest.pairs for row in pair.new])
    rows: dict[str, list[Row]] = {digest: [] for digest in names}
    for pair in contest.pairs:
        rows[pair.puzzle].extend(pair.new)
    changes = zip(sample.puzzles, *(side.tolist() for side in sample.per_puzzle(measure.kind)), strict=True)
    found: tuple[list[Swing], list[Swing]] = ([], [])
    for digest, before, after in sorted(changes, key=lambda change: names[change[0]]):
        if before != after:
            better = (after > before) == (measure.better == "high")
            found[better].append(_swing(names[digest], measure, rows[digest], (before, after)))
    return tuple(found[False]), tuple(found[True])


def _swing(name: str, measure: Measure, rows: Sequence[Row], values: tuple[float, float]) -> Swing:
    """Describe one puzzle by NEW's rows on it, and by the values of both sides on the measure's scale."""
    failed = next((row for row in rows if row.status not in {Status.SOLVED, Status.SCORED}), rows[0])
    metric, count = measure.metric, len(rows)
    base, new = (round(value * count) if metric is None else from_scale(value, metric) for value in values)
    ending = f"{failed.status}: {failed.reason}" if failed.reason else str(failed.status)
    return Swing(rows[0].puzzle, name, count, base, new, ending)
