"""Distance irrelevance: how little a logit depends on the distance a - b (arXiv 2306.17844, definition 4.2).

With M[s, d] the logit of the right answer at s = a + b and d = a - b, the measure is the mean over d of the standard
deviation over s, divided by the standard deviation of all entries. The paper reads 0 to .4 as pizza
and .4 to 1 as clock. The `distance_irrelevance` column of the paper's published tables is computed on the largest wrong
logit instead.

The measure is a ratio: it does not say how deep the modulation is. `shares` and `relative_spread` do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from generator.modular.measures.grid import by_difference, correct_logits, largest_wrong_logits
from generator.modular.network.model import sums

__all__ = ["Shares", "distance_irrelevance", "irrelevance", "relative_spread", "shares"]

CONSTANT = 1e-9
"""Spread, relative to the spread of all logits, below which values count as constant. Hand-set, far above rounding."""


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of the correct logit over all pairs. They sum to 1.

    Attributes:
        difference: explained by a - b alone.
        total: explained by a + b. For an even modulus the parities of a + b and a - b are equal; what the parity
            explains is counted here only.
        residual: explained by neither, nor by a sum of both.
    """

    difference: float
    total: float
    residual: float


def distance_irrelevance(logits: torch.Tensor) -> tuple[float, float]:
    """Compute the distance irrelevance of the correct logit (the paper's text) and of the largest wrong one.

    Returns:
        Two values from 0 to 1; NaN where the values are constant, as those of an exact clock are.
    """
    floor = CONSTANT * float(logits.std(correction=0))
    return irrelevance(correct_logits(logits), floor), irrelevance(largest_wrong_logits(logits), floor)


def irrelevance(values: torch.Tensor, floor: float = 0.0) -> float:
    """Compute the distance irrelevance of any values of pairs, p x p; NaN if they spread by `floor` or less."""
    spread = float(values.std(correction=0))
    if spread <= floor:
        return float("nan")
    return float(by_difference(values).std(dim=0, correction=0).mean()) / spread


def shares(logits: torch.Tensor) -> Shares:
    """Split the variance of the correct logit over the effects of a - b and a + b; NaN if it is constant."""
    values = correct_logits(logits)
    variance = float(values.var(correction=0))
    if variance <= (CONSTANT * float(logits.std(correction=0))) ** 2:
        return Shares(float("nan"), float("nan"), float("nan"))
    columns = by_difference(values).mean(dim=0)
    total = float(_by_sum(values).var(correction=0))
    difference = float(columns.var(correction=0))
    if len(values) % 2 == 0:
        difference -= float(torch.stack((columns[::2].mean(), columns[1::2].mean())).var(correction=0))
    return Shares(difference / variance, total / variance, max(0.0, 1 - (difference + total) / variance))


def relative_spread(logits: torch.Tensor) -> float:
    """Compute the standard deviation of the correct logit over all pairs, divided by the absolute value of its mean.

    Logits are centred over the answers of each pair first, because a common offset changes no answer.
    """
    values = correct_logits(logits - logits.mean(dim=2, keepdim=True))
    return float(values.std(correction=0) / values.mean().abs())


def _by_sum(values: torch.Tensor) -> torch.Tensor:
    """Average values of pairs, p x p, over the p pairs of each sum."""
    means = torch.zeros(len(values), dtype=values.dtype)
    return means.index_add(0, sums(len(values)).flatten(), values.flatten()) / len(values)
