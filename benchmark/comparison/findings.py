"""What is found of one solver: every measure on both sides, and the puzzles that were lost and won."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.comparison.inference import bootstrap_interval, share_interval, sign_flips
from benchmark.comparison.matching import names_of
from benchmark.comparison.measures import sample_of
from benchmark.results.trial import Status
from benchmark.statistics import ALPHA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmark.comparison.matching import Contest
    from benchmark.comparison.measures import Measure, Sample
    from benchmark.results.trial import Row

__all__ = ["Finding", "Swing", "find_all", "swings"]


@dataclass(frozen=True)
class Finding:
    """One measure on both sides.

    Attributes:
        measure: what.
        puzzles: how many it is known on.
        trials: how many pairs they have.
        base: mean over puzzles; median of ranked measures; geometric mean of times, in seconds.
        new: likewise.
        difference: NEW - BASE; of times the ratio; of ranked measures the share of puzzles with a
            higher value less that of a lower one.
        interval: of the difference, 95 %; None where the puzzles show no spread.
        p: two-sided, over puzzles; NaN where it is not judged.
        q: adjusted for all measures of the comparison.
        unjudged: why there is no test; empty where there is one.
        higher: on how many puzzles NEW's value is higher.
        lower: on how many it is lower.
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
        """Say which way the difference goes, if it is more than chance: better, worse or nothing."""
        if not self.q <= ALPHA:
            return ""
        raised = self.difference > (1 if self.measure.kind == "ratio" else 0)
        return "better" if raised == (self.measure.better == "high") else "worse"


@dataclass(frozen=True)
class Swing:
    """A puzzle that one side solved more often: how many of its trials each solved, and how NEW's others ended."""

    puzzle: str
    name: str
    trials: int
    base: int
    new: int
    ending: str


def find_all(contest: Contest, measures: Sequence[Measure], obstacle: Callable[[Measure], str]) -> list[Finding]:
    """Compare every measure that any pair has a value of; p-values are not adjusted yet.

    Args:
        contest: one solver.
        measures: of its family.
        obstacle: says why a measure cannot be judged, if it cannot.
    """
    samples = [(measure, sample_of(measure, contest.pairs)) for measure in measures]
    return [_find(measure, sample, obstacle(measure)) for measure, sample in samples if sample is not None]


def _find(measure: Measure, sample: Sample, unjudged: str) -> Finding:
    base, new = sample.per_puzzle(measure.kind)
    higher, lower = int((new > base).sum()), int((new < base).sum())
    # Of ranks only the direction counts; two infinities are equal.
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
    return Finding(
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


def swings(contest: Contest) -> tuple[tuple[Swing, ...], tuple[Swing, ...]]:
    """List the puzzles of which NEW solved fewer trials, and those of which it solved more."""
    names = names_of([row for pair in contest.pairs for row in pair.new])
    rows: dict[str, tuple[list[Row], list[Row]]] = {digest: ([], []) for digest in names}
    for pair in contest.pairs:
        rows[pair.puzzle][0].extend(pair.base)
        rows[pair.puzzle][1].extend(pair.new)
    found = []
    for digest, (base, new) in rows.items():
        failed = next((row for row in new if row.status != Status.SOLVED), new[0])
        ending = f"{failed.status}: {failed.reason}" if failed.reason else str(failed.status)
        counts = [sum(row.status == Status.SOLVED for row in side) for side in (base, new)]
        found.append(Swing(digest, names[digest], len(new), counts[0], counts[1], ending))
    found.sort(key=lambda swing: swing.name)
    return tuple(s for s in found if s.new < s.base), tuple(s for s in found if s.new > s.base)
