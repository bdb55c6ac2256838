"""What counts can show: intervals of a share, and whether two solvers differ on the same puzzles."""

from __future__ import annotations

import math
from functools import lru_cache

from scipy.stats import binomtest

__all__ = ["ALPHA", "fewest_puzzles", "mcnemar", "wilson"]

ALPHA = 0.05
"""Two-sided level of tests; intervals cover 1 - ALPHA."""


@lru_cache(maxsize=65536)
def wilson(successes: int, trials: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Bound a share by its Wilson score interval; with no trials nothing is known: (0, 1)."""
    if trials == 0:
        return 0.0, 1.0
    interval = binomtest(successes, trials).proportion_ci(confidence_level=1 - alpha, method="wilson")
    # Rounding may leave the bound of 0/n or n/n a hair outside.
    return max(0.0, float(interval.low)), min(1.0, float(interval.high))


@lru_cache(maxsize=65536)
def mcnemar(only_first: int, only_second: int) -> float:
    """Give the p-value of the exact McNemar test, two-sided.

    Args:
        only_first: puzzles that the first solver alone solved.
        only_second: puzzles that the second one alone solved.
    """
    discordant = only_first + only_second
    return 1.0 if discordant == 0 else float(binomtest(only_first, discordant, 0.5).pvalue)


def fewest_puzzles(alpha: float = ALPHA) -> int:
    """Count the puzzles below which no outcome can separate two solvers: 2 * 0.5^n > alpha."""
    return math.ceil(1 - math.log2(alpha))
