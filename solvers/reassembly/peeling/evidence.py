"""The evidence of a linear model: how well the remaining halves explain the predictions from one state.

The evidence decides which block comes next. If the state h is advanced by the right block, the halves that are left
explain the predictions better; if h is advanced by a wrong block, they explain them worse.

The next block reads the state h itself, and later blocks read states near h. So the predictions are modelled as linear
in h and in all hidden units that are left,

    f = b + g . h + sum_i a_i . sigma(U_i h + c_i) + noise,      a normal with a common variance, b and g free,

and the noise stands for everything that the model misses. Let f and P, the n x p units, be the residuals of their
regression on h, and r the ratio of noise variance to weight variance. Up to a constant, minus the log evidence is

    n / 2 log(min_a |f - P a|^2 + r |a|^2) + 1 / 2 log det(1 + P^T P / r)

(MacKay 1992, Bayesian interpolation). The evidence uses neither pairs of halves, nor weight norms, nor an order.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.core.activations import derivative_function

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["Slope", "evidence", "evidence_slope"]

STRIPES = 6
"""Stripes of columns from which a Gram matrix is assembled. Hand-set; more stripes compute less above the diagonal."""

ROUNDING = {torch.float32: 1e-7, torch.float64: 1e-14}
"""Relative rounding error by precision: a residual smaller than this share of the predictions is rounding. Hand-set."""


@dataclass(frozen=True, eq=False)
class Slope:
    """The evidence and its derivatives.

    Attributes:
        value: minus the log evidence, in nats; lower is better.
        states: its derivative by the states, n x d.
        log_ratio: its derivative by the logarithm of the ratio r.
        unexplained: share of the variance of the predictions that the fit leaves, between 0 and 1.
    """

    value: float
    states: Tensor
    log_ratio: float
    unexplained: float


@dataclass(frozen=True, eq=False)
class _Fit:
    value: float
    units: Tensor
    linear: Tensor
    factor: Tensor
    weights: Tensor
    trend: Tensor
    trends: Tensor
    errors: Tensor
    left: Tensor


def evidence(rest: ResidualNetwork, states: Tensor, targets: Tensor, ratio: float) -> float:
    """Compute minus the log evidence in nats.

    Args:
        rest: halves that are left; only the incoming halves are used.
        states: n x d.
        targets: n x o, each of mean 0.
        ratio: r, variance of the noise divided by the variance of the weights a.

    Returns:
        The sum over outputs; infinite where states or units overflow.
    """
    fit = _fit(rest, states, targets, ratio)
    return fit.value if fit else float("inf")


def evidence_slope(rest: ResidualNetwork, states: Tensor, targets: Tensor, ratio: float) -> Slope | None:
    """Compute minus the log evidence with its derivatives; None where states or units overflow."""
    fit = _fit(rest, states, targets, ratio)
    if fit is None:
        return None
    rows, outputs = targets.shape
    hidden = fit.units.shape[1]
    inverse = torch.cholesky_inverse(fit.factor)
    scaled = fit.errors * (rows / fit.left)
    freed = fit.units.addmm_(fit.linear, fit.trends, alpha=-1.0)
    by_units = torch.addmm(scaled @ -fit.weights.T, freed, inverse, alpha=float(outputs))
    by_linear = -(by_units @ fit.trends.T) - scaled @ fit.trend.T
    readers = rest.U.reshape(hidden, -1)
    inner = torch.addmm(rest.c.reshape(-1), states, readers.T)
    by_units *= derivative_function(rest.activation)(inner)
    by_states = by_linear[:, 1:].addmm(by_units, readers)
    penalty = 0.5 * rows * ratio * fit.weights.square().sum(dim=0) / fit.left
    log_ratio = float(penalty.sum()) + 0.5 * outputs * (ratio * float(inverse.diagonal().sum()) - hidden)
    unexplained = float((fit.left / targets.square().sum(dim=0).clamp_min(1e-30)).mean())
    return Slope(fit.value, by_states, log_ratio, unexplained)


def _fit(rest: ResidualNetwork, states: Tensor, targets: Tensor, ratio: float) -> _Fit | None:
    if not bool(torch.isfinite(states).all()):
        return None
    rows, outputs = targets.shape
    sigma = activation_function(rest.activation)
    units = sigma(torch.addmm(rest.c.reshape(-1), states, rest.U.reshape(-1, rest.U.shape[2]).T))
    linear = torch.cat([torch.ones_like(states[:, :1]), states], dim=1)
    base = linear.T @ linear
    base.diagonal().add_(ROUNDING[states.dtype] * float(base.diagonal().mean()))
    factor = torch.linalg.cholesky(base)
    seen = linear.T @ units
    trends = torch.cholesky_solve(seen, factor)
    trend = torch.cholesky_solve(linear.T @ targets, factor)
    errors = targets - linear @ trend
    # The Gram matrix of the units' residuals, without computing the residuals.
    gram = _gram(units).addmm_(seen.T, trends, alpha=-1.0)
    gram.diagonal().add_(ratio)
    scale = float(gram.diagonal().mean())
    if not math.isfinite(scale):
        return None
    lower, failed = torch.linalg.cholesky_ex(gram)
    boost = ROUNDING[states.dtype] * scale
    while int(failed):  # units that are copies of each other up to rounding
        gram.diagonal().add_(boost)
        boost *= 10.0
        lower, failed = torch.linalg.cholesky_ex(gram)
    right_hand_side = units.T @ errors
    weights = torch.cholesky_solve(right_hand_side, lower)
    power = targets.square().sum(dim=0).clamp_min(1e-30)
    errors = errors.addmm(units, weights, alpha=-1.0).addmm_(linear, trends @ weights)
    # Computed from the residuals: |f|^2 minus the explained part would lose the digits in which good fits differ.
    left = (errors.square().sum(dim=0) + ratio * weights.square().sum(dim=0)).maximum(
        ROUNDING[states.dtype] ** 2 * power
    )
    volume = 2.0 * float(lower.diagonal().double().log().sum()) - len(gram) * math.log(ratio)
    value = 0.5 * rows * float((left.double() / rows).log().sum()) + 0.5 * outputs * volume
    return _Fit(value, units, linear, lower, weights, trend, trends, errors, left)


def _gram(units: Tensor) -> Tensor:
    """Compute P^T P, symmetric, from the stripes on and below the diagonal."""
    width = units.shape[1]
    gram = units.new_empty(width, width)
    bounds = [width * k // STRIPES for k in range(STRIPES + 1)]
    for low, high in itertools.pairwise(bounds):
        gram[low:, low:high] = units[:, low:].T @ units[:, low:high]
        gram[low:high, high:] = gram[high:, low:high].T
    return gram
