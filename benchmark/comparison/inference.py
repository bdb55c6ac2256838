"""Paired statistics. Pure: arrays in, numbers out; the same arrays give the same numbers.

Differences are NEW - BASE, turned so that more is better. Puzzles are the unit of what is
said about puzzles in general: intervals and two-sided p-values. What is said about the very
puzzles at hand, in the gate, takes the seeds as what varies (`loss_within_puzzles`).
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import (
    DegenerateDataWarning,
    binomtest,
    bootstrap,
    false_discovery_control,
    hypergeom,
    norm,
    permutation_test,
)

from benchmark.statistics import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "adjust",
    "bootstrap_interval",
    "loss_within_puzzles",
    "share_interval",
    "sign_flips",
]

RESAMPLES = 9999
"""Draws for permutation tests that are too large to enumerate, and for bootstraps."""
CHUNK = 2_000_000
"""Values that are shuffled at a time."""

Side = Literal["two-sided", "less"]


def share_interval(differences: np.ndarray, alpha: float = ALPHA) -> tuple[float, float]:
    """Bound the mean of differences that lie between -1 and 1.

    The interval of Bonett and Price (2012, Statistics in Medicine 31) for paired shares: Wald's
    after one imagined puzzle won and one lost, so that it does not collapse where nothing
    differs. With several seeds a difference may lie in between.
    """
    padded = np.append(differences, (1.0, -1.0))
    half = float(norm.ppf(1 - alpha / 2)) * math.sqrt(float(padded.var()) / len(padded))
    middle = float(padded.mean())
    return max(-1.0, middle - half), min(1.0, middle + half)


def bootstrap_interval(differences: np.ndarray, alpha: float = ALPHA) -> tuple[float, float] | None:
    """Bound the mean difference by a paired BCa bootstrap over puzzles; None where they show no spread."""
    if len(differences) < 2 or np.ptp(differences) == 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # it says NaN then, which is looked at here
        interval = bootstrap(
            (differences,),
            np.mean,
            n_resamples=RESAMPLES,
            batch=max(1, CHUNK // len(differences)),
            confidence_level=1 - alpha,
            rng=np.random.default_rng(0),
        ).confidence_interval
    low, high = float(interval.low), float(interval.high)
    return None if math.isnan(low) or math.isnan(high) else (low, high)


def sign_flips(differences: np.ndarray, side: Side = "two-sided") -> float:
    """Test whether differences are as likely the other way round, by their sum; `less` looks for losses.

    Exact for differences of one size, where it is the exact McNemar or sign test, and for at
    most 13 that are not zero; else by random flips.
    """
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    if np.ptp(np.abs(moved)) == 0:
        return float(binomtest(int((moved > 0).sum()), len(moved), 0.5, alternative=side).pvalue)
    tested = permutation_test(
        (moved,),
        np.mean,
        permutation_type="samples",
        n_resamples=RESAMPLES,
        batch=max(1, CHUNK // len(moved)),
        alternative=side,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(tested.pvalue)


def loss_within_puzzles(base: Sequence[np.ndarray], new: Sequence[np.ndarray]) -> float:
    """Test whether NEW is worse on these puzzles than seeds explain, one-sided.

    If nothing changed, the 2 S values of a puzzle are as likely to be dealt to the two sides in any
    other way. So the test is exact whatever each puzzle's own chance is, and a solver that
    does the same on every seed has no chance to hide behind: a puzzle that is lost on all of four
    seeds has 1 / 70. With one seed per puzzle it is the sign-flip test, for shares McNemar's.

    Args:
        base: for each puzzle S values, more is better.
        new: likewise.
    """
    pooled = [np.concatenate(values) for values in zip(base, new, strict=True)]
    levels = np.unique(np.concatenate(pooled))
    if len(levels) <= 2:
        return _exact_loss([values == levels[-1] for values in base], [values == levels[-1] for values in new])
    if all(len(values) == 1 for values in base):
        return sign_flips(np.concatenate(new) - np.concatenate(base), "less")
    return _shuffled_loss(base, new, pooled)


def _exact_loss(base: Sequence[np.ndarray], new: Sequence[np.ndarray]) -> float:
    """Convolve the hypergeometric distributions of NEW's successes, puzzle by puzzle."""
    unit = math.lcm(*map(len, new))
    chances, reached = np.ones(1), 0
    for ours, theirs in zip(base, new, strict=True):
        seeds = len(theirs)
        steps = np.zeros(unit + 1)
        steps[:: unit // seeds] = hypergeom.pmf(np.arange(seeds + 1), 2 * seeds, ours.sum() + theirs.sum(), seeds)
        if steps.max() < 1 - 1e-12:  # a puzzle that all trials of both sides agree on tells nothing
            chances = np.convolve(chances, steps)
            reached += int(theirs.sum()) * (unit // seeds)
    return min(1.0, float(chances[: reached + 1].sum()))


def _shuffled_loss(base: Sequence[np.ndarray], new: Sequence[np.ndarray], pooled: Sequence[np.ndarray]) -> float:
    rng = np.random.default_rng(0)
    observed = sum(float(theirs.mean() - ours.mean()) for ours, theirs in zip(base, new, strict=True))
    drawn = np.zeros(RESAMPLES)
    mixed = [values for values in pooled if np.ptp(values) > 0]  # the others are the same however they are dealt
    for seeds in sorted({len(values) // 2 for values in mixed}):
        dealt = np.stack([values for values in mixed if len(values) == 2 * seeds])
        step = max(1, CHUNK // dealt.size)
        for start in range(0, RESAMPLES, step):
            count = min(step, RESAMPLES - start)
            cards = rng.permuted(np.broadcast_to(dealt, (count, *dealt.shape)), axis=-1)
            gains = cards[..., :seeds].mean(-1) - cards[..., seeds:].mean(-1)
            drawn[start : start + count] += gains.sum(-1)
    rounding = 1e-9 * max(1.0, abs(observed))
    return float((1 + (drawn <= observed + rounding).sum()) / (RESAMPLES + 1))


def adjust(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that a threshold bounds the rate of false discoveries (Benjamini and Hochberg 1995)."""
    return [float(q) for q in false_discovery_control(p_values)] if p_values else []
