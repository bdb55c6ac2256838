"""Statistics that tables and comparisons share: intervals, paired tests, and the adjustment for many tests.

Pure functions of arrays and counts. Equal values in any order give equal digits: random draws have fixed seeds, and
values are sorted before a draw.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "ALPHA",
    "CHUNK",
    "DRAWS",
    "EXACT_FLIPS",
    "adjust",
    "bootstrap_interval",
    "fewest_puzzles",
    "mcnemar",
    "sign_flip_tests",
    "sign_flips",
    "wilson",
]

ALPHA = 0.05
"""Two-sided level of tests; intervals cover 1 - ALPHA. A larger value separates more solvers by chance. Hand-set to the
usual level.
"""

DRAWS = 9999
"""Random draws of a bootstrap, and of a sign-flip test that is too large to enumerate. With 9,999 draws the smallest
p-value is 0.0001, and a p-value of 0.05 has a standard error of 0.002. Hand-set."""

EXACT_FLIPS = 30
"""Sign-flip tests of up to this many nonzero differences enumerate all sign patterns: two halves of 2^15 sums each,
which takes milliseconds. Two more double the time."""

CHUNK = 2_000_000
"""Number of random values held at a time, so that memory stays below about 20 MiB. Hand-set."""

SIGN_ROWS = 64
"""Number of rows of signs drawn at a time. A change of this value changes the draws and the last digits of p-values.
Hand-set.
"""

Side = Literal["two-sided", "less"]

# The standard library's normal distribution, because importing scipy.special takes a quarter of a second.
_NORMAL = NormalDist()


@lru_cache(maxsize=65536)
def wilson(successes: int, trials: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Compute the Wilson score interval of a share; without trials it is (0, 1)."""
    if trials == 0:
        return 0.0, 1.0
    z, share = _NORMAL.inv_cdf(1 - alpha / 2), successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    # The bounds of 0/n and n/n are exact; the formula would miss them by a rounding error.
    low = 0.0 if successes == 0 else (centre - half) / whole
    return low, 1.0 if successes == trials else (centre + half) / whole


@lru_cache(maxsize=65536)
def mcnemar(only_first: int, only_second: int) -> float:
    """Compute the two-sided p-value of the exact McNemar test.

    Args:
        only_first: puzzles that only the first solver solved.
        only_second: puzzles that only the second solver solved.
    """
    discordant = only_first + only_second
    # Both tails of the fair binomial distribution are equal.
    return min(1.0, 2 * _fair_tail(min(only_first, only_second), discordant))


def _fair_tail(most: int, trials: int) -> float:
    """Compute the probability of at most `most` heads in `trials` fair tosses, from whole numbers, without rounding."""
    ways, total = 1, 1
    for heads in range(most):
        ways = ways * (trials - heads) // (heads + 1)
        total += ways
    return total / (1 << trials)


def fewest_puzzles(alpha: float = ALPHA) -> int:
    """Count the puzzles below which no outcome of a paired test can reach alpha: 2 * 0.5^n > alpha."""
    return math.ceil(1 - math.log2(alpha))


def sign_flips(differences: np.ndarray, side: Side = "two-sided", draws: int = DRAWS) -> float:
    """Compute the p-value of the paired sign-flip test.

    Under the null hypothesis, both signs of each difference are equally likely. The statistic is the sum. The test is
    exact for differences of equal size (then it is the exact McNemar or sign test) and for at most `EXACT_FLIPS`
    nonzero differences. With more differences it uses random signs and counts the observed signs as one draw.

    Args:
        differences: one per puzzle.
        side: `less` looks for a negative sum only.
        draws: number of random sign patterns if there are too many patterns to enumerate.
    """
    return sign_flip_tests(np.asarray(differences, dtype=float)[None], side, draws)[0]


def sign_flip_tests(differences: np.ndarray, side: Side = "two-sided", draws: int = DRAWS) -> list[float]:
    """Compute the p-values of K sign-flip tests; each equals that of `sign_flips`.

    Args:
        differences: K x P, one test per row.
        side: same as in `sign_flips`.
        draws: same as in `sign_flips`.
    """
    found = [_exact_flips(row[row != 0], side) for row in differences]
    left = [number for number, p in enumerate(found) if p is None]
    step = max(1, CHUNK // draws)
    for start in range(0, len(left), step):
        some = left[start : start + step]
        for number, p in zip(some, _random_flips(differences[some], side, draws), strict=True):
            found[number] = p
    return [1.0 if p is None else p for p in found]


def _exact_flips(moved: np.ndarray, side: Side) -> float | None:
    """Test without random draws; return None if there are too many differences."""
    count, sizes = len(moved), np.sort(np.abs(moved))
    if not count:
        return 1.0
    if sizes[0] == sizes[-1]:
        positive = int((moved > 0).sum())
        return mcnemar(positive, count - positive) if side == "two-sided" else _fair_tail(positive, count)
    if count > EXACT_FLIPS:
        return None
    total = math.fsum(moved)
    limit = (total if side == "less" else -abs(total)) + _rounding(sizes)
    first, second = np.sort(_signed_sums(sizes[::2])), _signed_sums(sizes[1::2])
    share: float = int(np.searchsorted(first, limit - second, side="right").sum()) / 2.0**count
    return share if side == "less" else min(1.0, 2 * share)


def _signed_sums(sizes: np.ndarray) -> np.ndarray:
    """List the sums of all sign patterns."""
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate((sums - size, sums + size))
    return sums


def _rounding(sizes: np.ndarray) -> float:
    """Bound the rounding error of a sum, so that equal sums count as equal."""
    return 1e-12 * float(sizes.sum())


def _random_flips(differences: np.ndarray, side: Side, draws: int) -> list[float]:
    """Test K rows against the same random signs.

    Sizes are sorted, largest first, so that the order of puzzles does not matter; zeros come last and add nothing.
    """
    sizes = -np.sort(-np.abs(differences), axis=1)
    drawn = np.zeros((len(sizes), draws))
    for start, signs in _signs(sizes.shape[1], draws):
        drawn += sizes[:, start : start + len(signs)] @ signs
    found = []
    for row, size, sums in zip(differences, sizes, drawn, strict=True):
        total, rounding = math.fsum(row), _rounding(size)
        extreme = sums <= total + rounding if side == "less" else np.abs(sums) >= abs(total) - rounding
        found.append((1 + int(extreme.sum())) / (draws + 1))
    return found


def _signs(count: int, draws: int) -> Iterator[tuple[int, np.ndarray]]:
    """Draw `count` rows of signs, block by block; the first rows do not depend on `count`."""
    rng = np.random.default_rng(0)
    for start in range(0, count, SIGN_ROWS):
        bits = rng.integers(0, 2, (min(SIGN_ROWS, count - start), draws), dtype=np.int8)
        yield start, 2.0 * bits - 1.0


def bootstrap_interval(values: np.ndarray, alpha: float = ALPHA) -> tuple[float, float] | None:
    """Compute the BCa bootstrap interval of a mean (Efron 1987, Better bootstrap confidence intervals).

    Args:
        values: one value per puzzle; for a paired comparison, the differences.
        alpha: the interval covers 1 - alpha.

    Returns:
        Low and high; None if all values are equal, because a resample then has no spread.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    ordered = np.sort(np.asarray(values, dtype=float))
    middle, means = float(ordered.mean()), _resampled_means(ordered)
    below = float((means < middle).mean() + (means <= middle).mean()) / 2
    if not 0 < below < 1:
        return None
    spread = (ordered - middle) / np.abs(ordered - middle).max()
    acceleration = float((spread**3).sum()) / (6 * float((spread**2).sum()) ** 1.5)
    bias = _NORMAL.inv_cdf(below)
    shifted = [bias + _NORMAL.inv_cdf(level) for level in (alpha / 2, 1 - alpha / 2)]
    levels = [_NORMAL.cdf(bias + value / (1 - acceleration * value)) for value in shifted]
    low, high = np.quantile(means, levels)
    return float(low), float(high)


def _resampled_means(ordered: np.ndarray) -> np.ndarray:
    rng, count = np.random.default_rng(0), len(ordered)
    means, step = np.empty(DRAWS), max(1, CHUNK // count)
    for start in range(0, DRAWS, step):
        picked = rng.integers(0, count, (min(step, DRAWS - start), count))
        means[start : start + step] = ordered[picked].mean(axis=1)
    return means


def adjust(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values to control the false discovery rate (Benjamini and Hochberg 1995).

    `scipy.stats.false_discovery_control` gives the same values; importing it takes half a second.
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")[::-1]
    scaled = np.asarray(p_values, dtype=float)[order] * count / np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return [float(q) for q in adjusted]
