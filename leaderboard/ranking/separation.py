"""Pairwise tests of the solvers of one table, adjusted for the number of pairs."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from benchmark.statistics import DRAWS, adjust, mcnemar, sign_flip_tests

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["pairwise_p", "separated_pairs"]

MOST_DRAWS = 99_999
"""Largest number of random draws of one sign-flip test. More draws allow smaller p-values, and take time and memory in
proportion. Hand-set: enough for the pairs of about 70 solvers at alpha = 0.05.
"""

DRAWS_PER_PAIR = 2
"""Draws per pair, times alpha. With this value the smallest p-value is half of the p-value that one separated pair
needs. Hand-set.
"""


def pairwise_p(values: np.ndarray, alpha: float) -> dict[tuple[int, int], float]:
    """Test every pair of solvers over puzzles, two-sided; p-values are not adjusted.

    Args:
        values: S x P. Truth values (which puzzles are solved) take the exact McNemar test, numbers (the ranking metric
            on its scale) the sign-flip test.
        alpha: level at which the p-values will be used.
    """
    pairs = list(combinations(range(len(values)), 2))
    if values.dtype == bool:
        return {
            (a, b): mcnemar(int((values[a] & ~values[b]).sum()), int((values[b] & ~values[a]).sum())) for a, b in pairs
        }
    if not pairs:
        return {}
    draws = min(MOST_DRAWS, max(DRAWS, math.ceil(DRAWS_PER_PAIR * len(pairs) / alpha)))
    differences = np.stack([values[a] - values[b] for a, b in pairs])
    return dict(zip(pairs, sign_flip_tests(differences, draws=draws), strict=True))


def separated_pairs(p_values: dict[tuple[int, int], float], alpha: float) -> list[tuple[int, int]]:
    """List the separated pairs; the false discovery rate over all pairs is at most alpha."""
    adjusted: Sequence[float] = adjust(list(p_values.values()))
    return [pair for pair, p in zip(p_values, adjusted, strict=True) if p <= alpha]
