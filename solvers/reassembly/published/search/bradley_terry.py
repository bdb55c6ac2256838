"""Rank blocks by a Bradley-Terry model of pairwise tests.

Block a beats block b if the error is lower with a before b. The model gives each block
a strength p_a with P(a before b) = p_a / (p_a + p_b) (Bradley and Terry 1952).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from solvers.reassembly.core.evaluation import Walk
from solvers.reassembly.core.monitor import SILENT, Monitor
from solvers.reassembly.ordering.seeding import sorted_order

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["pairwise_tests", "rank", "strengths"]

TOLERANCE = 1e-9
"""Relative change of the strengths at which the iteration has converged. Hand-set; a lower value iterates longer."""

MAX_ITERATIONS = 10_000
"""Largest number of iterations. Hand-set."""

TEST_ROWS = 250
"""Rows that the pairwise tests use. Hand-set; more rows cost time in proportion and rank no better."""


def pairwise_tests(walk: Walk, monitor: Monitor = SILENT) -> Tensor:
    """Exchange every two blocks of the current order, one pair at a time, and record which order has the lower error.

    Returns:
        K x K; entry [a, b] is 1 where the error is lower with a before b. Pairs that were not tested before the
        deadline are 0 both ways.
    """
    wins = torch.zeros(walk.depth, walk.depth, dtype=torch.float64)
    for p in range(walk.depth - 1):
        for q in range(p + 1, walk.depth):
            if monitor.deadline.passed():
                return wins
            first, second = walk.order[p], walk.order[q]
            if walk.attempt_swap(p, q) < walk.mse:
                first, second = second, first
            wins[first, second] = 1.0
    return wins


def strengths(wins: Tensor) -> Tensor:
    """Fit the strengths to a table of wins, K x K, with one imagined win and loss for every block.

    The imagined games are against an opponent of strength 1. They keep the strength of a block that never lost finite
    and make the maximum unique. The fixed-point iteration converges from any start.

    Source: Newman 2023, "Efficient computation of rankings from pairwise comparisons", JMLR 24, section 5.
    """
    p = torch.ones(wins.shape[0], dtype=wins.dtype)
    for _ in range(MAX_ITERATIONS):
        sums = p[:, None] + p[None, :]
        imagined = 1.0 / (p + 1.0)
        updated = (imagined + (wins * p[None, :] / sums).sum(dim=1)) / (imagined + (wins.T / sums).sum(dim=1))
        change = float(((updated - p).abs() / updated).max())
        p = updated
        if change < TOLERANCE:
            break
    return p


def rank(walk: Walk, monitor: Monitor = SILENT) -> list[int]:
    """Order the blocks of a walk by their strengths, the strongest first.

    Blocks of equal strength keep their order in the walk.

    Source: Park 2026, arXiv:2602.19845, section 4.
    """
    tested = Walk(walk.network, walk.rows.head(TEST_ROWS), walk.order)
    fitted = strengths(pairwise_tests(tested, monitor))
    current = torch.tensor(walk.order)
    return [walk.order[t] for t in sorted_order(fitted[current], descending=True)]
