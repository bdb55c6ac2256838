"""What counts can show: intervals of a share, and whether two solvers differ on the same puzzles."""

from __future__ import annotations

import math
from functools import lru_cache

from scipy.special import bdtr, ndtri  # scipy.stats would take half a second to import

__all__ = ["ALPHA", "fewest_puzzles", "mcnemar", "wilson"]

ALPHA = 0.05
"""Two-sided level of tests; intervals cover 1 - ALPHA."""


@lru_cache(maxsize=65536)
def wilson(successes: int, trials: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Bound a share by its Wilson score interval; with no trials nothing is known: (0, 1)."""
    if trials == 0:
        return 0.0, 1.0
    z, share = float(ndtri(1 - alpha / 2)), successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    # Rounding may leave the bound of 0/n or n/n a hair off.
    low = 0.0 if successes == 0 else (centre - half) / whole
    return low, 1.0 if successes == trials else (centre + half) / whole


@lru_cache(maxsize=65536)
def mcnemar(only_first: int, only_second: int) -> float:
    """Give the p-value of the exact McNemar test, two-sided.

    Args:
        only_first: puzzles that the first solver alone solved.
        only_second: puzzles that the second one alone solved.
    """
    discordant = only_first + only_second
    # Both tails of the fair binomial distribution are alike.
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), discordant, 0.5)))


def fewest_puzzles(alpha: float = ALPHA) -> int:
    """Count the puzzles below which no outcome can separate two solvers: 2 * 0.5^n > alpha."""
    return math.ceil(1 - math.log2(alpha))
