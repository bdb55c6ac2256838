"""Judge each rule: a regression is a loss above the tolerance that chance does not explain.

The tolerance is a threshold on the measured loss and is not part of the test. The null hypothesis of the test is that
nothing changed, so the rate of false alarms is bounded for every tolerance. The test is one-sided, and p-values are
adjusted for all rules and solvers of the comparison. `strict` is for solvers whose answers do not depend on chance: it
skips the test, and a gain on one puzzle does not offset a loss on another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from benchmark.comparison.inference import loss_within_puzzles
from benchmark.comparison.measures import sample_of
from benchmark.comparison.rules import measure_of
from benchmark.statistics import ALPHA, adjust, sign_flips

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmark.comparison.matching import Contest
    from benchmark.comparison.measures import Measure, Sample
    from benchmark.comparison.rules import Rule

__all__ = ["GATE_ALPHA", "Judgement", "judge", "with_adjusted"]

GATE_ALPHA = ALPHA / 2
"""Level of the one-sided tests: half of ALPHA, the loss side of a two-sided test at ALPHA."""
ROUNDING = 1e-9
"""Largest difference at which two losses or two p-values count as equal. Hand-set, far above rounding errors."""


@dataclass(frozen=True)
class Judgement:
    """The outcome of one rule for one solver.

    Attributes:
        rule: rule as the user typed it.
        label: name of the solver.
        measure: measure that the rule limits.
        loss: loss of NEW. For kind `ratio` the loss is relative to BASE; for kind `rank` it is the share of puzzles
            that are worse minus the share of puzzles that are better.
        gain: with `strict`, the gain of NEW on the other puzzles, which does not offset the loss; else 0.
        tolerance: tolerated loss.
        p: probability of a loss of this size or more if nothing changed; NaN with `strict`.
        q: p adjusted for all rules of the comparison.
        unjudged: reason why the rule cannot be judged; empty if it can.
        regression: whether the gate fails.
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
        """Whether the measured loss is larger than the tolerance."""
        return self.loss > self.tolerance + ROUNDING


def judge(
    contest: Contest,
    measures: Sequence[Measure],
    rules: Iterable[Rule],
    obstacle: Callable[[Measure], str],
    *,
    strict: bool,
) -> list[Judgement]:
    """Judge the rules whose measures this family has; p-values are adjusted later.

    Args:
        contest: results of one solver.
        measures: measures of the solver's family.
        rules: tolerated losses.
        obstacle: returns the reason why a measure cannot be judged; empty if it can.
        strict: whether any loss beyond the tolerance is a regression, without a test.
    """
    found = []
    for rule in rules:
        measure = measure_of(rule, measures)
        if measure is None:
            continue
        sample = sample_of(measure, contest.pairs)
        blank = Judgement(rule.text, contest.label, measure)
        if sample is None:
            nothing = _no_time(measures) if measure.is_time else "no row has a value of it"
            found.append(replace(blank, unjudged=nothing))
        elif reason := obstacle(measure):
            found.append(replace(blank, unjudged=reason))
        else:
            loss, gain, tolerance, p = _measure(rule, measure, sample, strict=strict)
            found.append(replace(blank, loss=loss, gain=gain, tolerance=tolerance, p=math.nan if strict else p))
    return found


def _no_time(measures: Sequence[Measure]) -> str:
    solved = any(measure.ranks and measure.metric is None for measure in measures)
    return "no trial was solved by both" if solved else "no trial was scored on both sides"


def _measure(rule: Rule, measure: Measure, sample: Sample, *, strict: bool) -> tuple[float, float, float, float]:
    """Compute the loss, the gain that does not offset it, the tolerance and the p-value."""
    base, new = sample.per_puzzle(measure.kind)
    way = 1 if measure.better == "high" else -1
    if measure.is_time:  # a slow phase of the machine slows all seeds of a puzzle, so the test counts puzzles
        return math.expm1(float((new - base).mean())), 0.0, rule.number, sign_flips(base - new, "less")
    if measure.kind == "rank":
        return _ranked(way * base, way * new, rule, strict=strict)
    losses = way * (base - new)
    loss = float((losses.clip(min=0) if strict else losses).mean())
    gain = float((-losses).clip(min=0).mean()) if strict else 0.0
    if measure.kind == "ratio":
        # The geometric mean of NEW / BASE rises by a loss if low is better, and falls by a loss if high is better.
        loss, gain, tolerance = -way * math.expm1(-way * loss), way * math.expm1(way * gain), rule.number
    else:
        tolerance = rule.number * (abs(float(base.mean())) if rule.relative else 1.0)
    p = math.nan if strict else loss_within_puzzles([way * v for v in sample.base], [way * v for v in sample.new])
    return loss, gain, tolerance, p


def _ranked(base: np.ndarray, new: np.ndarray, rule: Rule, *, strict: bool) -> tuple[float, float, float, float]:
    """Count the puzzles that are worse by more than the tolerance (higher is better), and apply the sign test."""

    def below(low: np.ndarray, high: np.ndarray) -> int:
        """Compute the shortfall of `low` below `high`; equal infinities have no shortfall."""
        margin = rule.number * np.where(np.isfinite(high), np.abs(high), 0.0) if rule.relative else rule.number
        return int(np.sum(low < high - margin))

    worse, better = below(new, base), below(base, new)
    p = float(binomtest(better, worse + better, 0.5, alternative="less").pvalue) if worse + better else 1.0
    if strict:
        return worse / len(base), better / len(base), 0.0, p
    return (worse - better) / len(base), 0.0, 0.0, p


def with_adjusted(judgements: Sequence[Judgement], *, strict: bool, alpha: float = GATE_ALPHA) -> list[Judgement]:
    """Adjust the p-values of all judgements together, and mark the regressions."""
    if strict:
        return [replace(one, regression=not one.unjudged and one.exceeds) for one in judgements]
    judged = [one for one in judgements if not one.unjudged]
    adjusted = iter(adjust([one.p for one in judged]))
    found = []
    for one in judgements:
        q = math.nan if one.unjudged else next(adjusted)
        found.append(replace(one, q=q, regression=not one.unjudged and one.exceeds and q <= alpha + ROUNDING))
    return found
