"""Decide on each rule: is NEW worse by more than is tolerated, and by more than chance explains?

Both must hold for a regression. The tolerance is a threshold on what was measured. The test asks
whether chance alone, in a solver that did not change, explains it; so the rate of false alarms
is bounded whatever the tolerance is. It is one-sided, and the p-values of all rules and solvers of
one comparison are adjusted together. `strict` does without the test, and lets no gain on one
puzzle make up for a loss on another: for solvers whose answers chance has no part in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from benchmark.comparison.inference import adjust, loss_within_puzzles, sign_flips
from benchmark.comparison.measures import sample_of
from benchmark.comparison.rules import measure_of
from benchmark.statistics import ALPHA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmark.comparison.matching import Contest
    from benchmark.comparison.measures import Measure, Sample
    from benchmark.comparison.rules import Rule

__all__ = ["GATE_ALPHA", "Judgement", "judge", "with_adjusted"]

GATE_ALPHA = ALPHA / 2
"""Level of the one-sided tests: that half of a two-sided test at ALPHA which is a loss."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Judgement:
    """What a rule comes to for one solver.

    Attributes:
        rule: as typed.
        label: of the solver.
        measure: that the rule means.
        loss: by how much NEW is worse; for times and percentages relative to BASE, for measures
            that are ranked the share of puzzles that are worse less that of better ones.
        gain: with `strict` by how much NEW is better on the other puzzles, which then sets nothing off; else 0.
        tolerance: what is tolerated of the loss.
        p: chance of such a loss if nothing changed; NaN with `strict`.
        q: the same, adjusted for all rules of the comparison.
        unjudged: why it cannot be judged; empty where it can.
        regression: whether the gate closes.
    """

    rule: str
    label: str
    measure: Measure
    loss: float = math.nan
    gain: float = 0.0
    tolerance: float = math.nan
    p: float = math.nan
    q: float = math.nan
    unjudged: str = ""
    regression: bool = False

    @property
    def exceeds(self) -> bool:
        """Whether the measured loss is more than is tolerated."""
        return self.loss > self.tolerance + ROUNDING


def judge(
    contest: Contest,
    measures: Sequence[Measure],
    rules: Iterable[Rule],
    obstacle: Callable[[Measure], str],
    *,
    strict: bool,
) -> list[Judgement]:
    """Judge the rules that this family has a measure for; p-values are not adjusted yet.

    Args:
        contest: one solver.
        measures: of its family.
        rules: what is tolerated.
        obstacle: says why a measure cannot be judged, if it cannot.
        strict: whether any loss beyond the tolerance counts.
    """
    found = []
    for rule in rules:
        measure = measure_of(rule, measures)
        if measure is None:
            continue
        sample = sample_of(measure, contest.pairs)
        blank = Judgement(rule.text, contest.label, measure)
        if sample is None:
            nothing = "no trial was solved by both" if measure.kind == "ratio" else "no row holds it"
            found.append(replace(blank, unjudged=nothing))
        elif reason := obstacle(measure):
            found.append(replace(blank, unjudged=reason))
        else:
            loss, gain, tolerance, p = _measure(rule, measure, sample, strict=strict)
            found.append(replace(blank, loss=loss, gain=gain, tolerance=tolerance, p=math.nan if strict else p))
    return found


def _measure(rule: Rule, measure: Measure, sample: Sample, *, strict: bool) -> tuple[float, float, float, float]:
    """Give loss, gain that does not count, tolerance and p-value."""
    base, new = sample.per_puzzle(measure.kind)
    way = 1 if measure.better == "high" else -1
    if measure.kind == "ratio":
        return math.expm1(float((new - base).mean())), 0.0, rule.number, sign_flips(base - new, "less")
    if measure.kind == "rank":
        return _ranked(way * base, way * new, rule, strict=strict)
    losses = way * (base - new)
    loss = float((losses.clip(min=0) if strict else losses).mean())
    gain = float((-losses).clip(min=0).mean()) if strict else 0.0
    tolerance = rule.number * (abs(float(base.mean())) if rule.relative else 1.0)
    p = math.nan if strict else loss_within_puzzles([way * v for v in sample.base], [way * v for v in sample.new])
    return loss, gain, tolerance, p


def _ranked(base: np.ndarray, new: np.ndarray, rule: Rule, *, strict: bool) -> tuple[float, float, float, float]:
    """Count puzzles on which one side is worse by more than is tolerated, more being better; the sign test."""

    def below(low: np.ndarray, high: np.ndarray) -> int:
        """Count where `low` falls short of `high`; equal infinities do not."""
        margin = rule.number * np.where(np.isfinite(high), np.abs(high), 0.0) if rule.relative else rule.number
        return int(np.sum(low < high - margin))

    worse, better = below(new, base), below(base, new)
    p = float(binomtest(better, worse + better, 0.5, alternative="less").pvalue) if worse + better else 1.0
    if strict:
        return worse / len(base), better / len(base), 0.0, p
    return (worse - better) / len(base), 0.0, 0.0, p


def with_adjusted(judgements: Sequence[Judgement], *, strict: bool, alpha: float = GATE_ALPHA) -> list[Judgement]:
    """Adjust the p-values of all judgements together, and say which are regressions."""
    if strict:
        return [replace(one, regression=not one.unjudged and one.exceeds) for one in judgements]
    judged = [one for one in judgements if not one.unjudged]
    adjusted = iter(adjust([one.p for one in judged]))
    found = []
    for one in judgements:
        q = math.nan if one.unjudged else next(adjusted)
        found.append(replace(one, q=q, regression=not one.unjudged and one.exceeds and q <= alpha + ROUNDING))
    return found
