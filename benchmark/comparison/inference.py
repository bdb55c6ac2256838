"""Paired statistics of a comparison. Pure functions: equal arrays give equal numbers.

Intervals and two-sided p-values are statements about puzzles in general, so puzzles are the unit. The gate makes
statements about the given puzzles, so seeds are its unit (`loss_within_puzzles`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import hypergeom, norm

from benchmark.statistics import ALPHA, CHUNK, DRAWS, sign_flips

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["loss_within_puzzles", "share_interval"]


def share_interval(differences: np.ndarray, alpha: float = ALPHA) -> tuple[float, float]:
    """Compute an interval for the mean of differences between -1 and 1.

    The interval of Bonett and Price (2012, Statistics in Medicine 31) for paired shares: Wald's interval after adding
    one puzzle won and one puzzle lost, so that it keeps a width where no puzzle differs.
    """
    padded = np.append(differences, (1.0, -1.0))
    half = float(norm.ppf(1 - alpha / 2)) * math.sqrt(float(padded.var()) / len(padded))
    middle = float(padded.mean())
    return max(-1.0, middle - half), min(1.0, middle + half)


def loss_within_puzzles(base: Sequence[np.ndarray], new: Sequence[np.ndarray]) -> float:
    """Test, one-sided, whether NEW is worse on these puzzles than the choice of seeds explains.

    Under the null hypothesis, all splits of a puzzle's 2 S values between the two sides are equally likely. So the test
    is exact for all probabilities of success. A puzzle solved on four of four seeds by BASE and on none by NEW has the
    p-value 1 / 70. With one seed per puzzle this is the sign-flip test; for shares, McNemar's test.

    Args:
        base: for each puzzle, S values; higher is better.
        new: S values of NEW for each puzzle.
    """
    pooled = [np.concatenate(values) for values in zip(base, new, strict=True)]
    levels = np.unique(np.concatenate(pooled))
    if len(levels) <= 2:
        return _exact_loss([values == levels[-1] for values in base], [values == levels[-1] for values in new])
    if all(len(values) == 1 for values in base):
        return sign_flips(np.concatenate(new) - np.concatenate(base), "less")
    return _shuffled_loss(base, new, pooled)


def _exact_loss(base: Sequence[np.ndarray], new: Sequence[np.ndarray]) -> float:
    """Convolve the hypergeometric distributions of NEW's successes over puzzles."""
    unit = math.lcm(*map(len, new))
    chances, reached = np.ones(1), 0
    for ours, theirs in zip(base, new, strict=True):
        seeds = len(theirs)
        steps = np.zeros(unit + 1)
        steps[:: unit // seeds] = hypergeom.pmf(np.arange(seeds + 1), 2 * seeds, ours.sum() + theirs.sum(), seeds)
        if steps.max() < 1 - 1e-12:  # equal results on both sides carry no evidence
            chances = np.convolve(chances, steps)
            reached += int(theirs.sum()) * (unit // seeds)
    return min(1.0, float(chances[: reached + 1].sum()))


def _shuffled_loss(base: Sequence[np.ndarray], new: Sequence[np.ndarray], pooled: Sequence[np.ndarray]) -> float:
    rng = np.random.default_rng(0)
    observed = sum(float(theirs.mean() - ours.mean()) for ours, theirs in zip(base, new, strict=True))
    drawn = np.zeros(DRAWS)
    mixed = [values for values in pooled if np.ptp(values) > 0]  # all splits of equal values have the same sum
    for seeds in sorted({len(values) // 2 for values in mixed}):
        pooled_values = np.stack([values for values in mixed if len(values) == 2 * seeds])
        step = max(1, CHUNK // pooled_values.size)
        for start in range(0, DRAWS, step):
            count = min(step, DRAWS - start)
            shuffled = rng.permuted(np.broadcast_to(pooled_values, (count, *pooled_values.shape)), axis=-1)
            gains = shuffled[..., :seeds].mean(-1) - shuffled[..., seeds:].mean(-1)
            drawn[start : start + count] += gains.sum(-1)
    rounding = 1e-9 * max(1.0, abs(observed))
    return float((1 + (drawn <= observed + rounding).sum()) / (DRAWS + 1))
