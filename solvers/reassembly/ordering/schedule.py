"""A block order from the mean-field flow: fit the times at which each block acts.

The shares W[l, k] of block k over the time steps l are 1/L plus a few Legendre polynomials of time. The coefficients
start at 0, so every block acts equally at all time steps and no order is assumed. Gauss-Newton steps fit the
coefficients to the predictions. The blocks are then sorted by their mean time of action. The method needs no proxy of
depth, and gives a better first order than every proxy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.reassembly.scoring.certificate import squared_error
from solvers.reassembly.core.mean_field import ridge_step, schedule_flow, schedule_predictions
from solvers.reassembly.core.monitor import SILENT, Monitor

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows

__all__ = [
    "SharesFit",
    "improve_shares",
    "legendre",
    "mean_field_order",
    "order_of",
    "shares_of",
    "smeared_schedule",
]

STEPS = (1.0, 0.5, 0.25, 0.1, 0.04, 0.015)
"""Shares of a Gauss-Newton step that are tried in turn, the whole step first. Hand-set."""

LEAST_GAIN = 0.03
"""Smallest gain of a step of the last degree, as a share of the error, after which another step follows. Hand-set."""


def legendre(time_steps: int, degree: int) -> Tensor:
    """Evaluate the Legendre polynomials of degree 1 ... degree at the middles of L equal time steps: degree x L."""
    u = (torch.arange(time_steps) + 0.5) * (2.0 / time_steps) - 1.0
    values = [torch.ones_like(u), u]
    for n in range(1, degree):
        values.append(((2 * n + 1) * u * values[-1] - n * values[-2]) / (n + 1))
    return torch.stack(values[1:])


def smeared_schedule(positions: Tensor, time_steps: int, width: float) -> Tensor:
    """Compute shares L x K by which each block acts around its position in an order; they sum to 1 for every block.

    Args:
        positions: positions of the blocks, 0 ... K - 1.
        time_steps: number of time steps, L.
        width: standard deviation of a block's time, as a share of the whole time.
    """
    times = (torch.arange(time_steps) + 0.5) / time_steps
    centres = (positions + 0.5) / len(positions)
    shares = torch.exp(-0.5 * ((times[:, None] - centres) / width).square())
    return shares / shares.sum(dim=0)


def mean_field_order(
    network: ResidualNetwork,
    rows: Rows,
    monitor: Monitor = SILENT,
    *,
    time_steps: int = 10,
    degrees: tuple[int, ...] = (2, 3, 3, 4, 4, 4),
) -> list[int]:
    """Fit the shares, and sort the blocks by their mean time of action.

    Args:
        network: paired blocks.
        rows: rows to fit on.
        monitor: holds the deadline.
        time_steps: number of time steps, L.
        degrees: highest degree of the polynomials in each Gauss-Newton step.
    """
    basis = legendre(time_steps, max(degrees))
    coefficients = torch.zeros(len(basis), network.depth)
    for degree in degrees:
        if monitor.deadline.passed():
            break
        fit = improve_shares(network, rows, basis, coefficients, degree)
        coefficients = fit.coefficients
        if fit.after > (1.0 - LEAST_GAIN) * fit.before and degree == max(degrees):
            break
    return order_of(coefficients)


@dataclass(frozen=True, eq=False)
class SharesFit:
    """One Gauss-Newton step on the shares.

    Attributes:
        coefficients: coefficients of the polynomials, degree x K.
        before: mean squared error before the step, on half of the rows.
        after: mean squared error after the step, on the same rows.
    """

    coefficients: Tensor
    before: float
    after: float


def improve_shares(network: ResidualNetwork, rows: Rows, basis: Tensor, coefficients: Tensor, degree: int) -> SharesFit:
    """Fit polynomials up to a degree to the residual of the flow, and take the share of the step with the lowest error.

    Args:
        network: paired blocks, or averages of blocks.
        rows: rows to fit on.
        basis: polynomials, including degrees above `degree`, B x L.
        coefficients: coefficients before the step, B x K.
        degree: highest degree that is fitted.
    """
    time_steps, depth = basis.shape[1], network.depth
    few = rows.head(max(50, rows.count // 2))
    predictions, features = schedule_flow(network, rows.inputs, shares_of(basis, coefficients))
    residual = (rows.targets - predictions).T.reshape(-1)
    before = squared_error(predictions[: few.count], few.targets)
    if not torch.isfinite(residual).all():
        return SharesFit(coefficients, before, before)
    used = torch.einsum("bl,lkn->nbk", basis[:degree], features).reshape(len(residual), -1) / time_steps
    variances = torch.arange(1, degree + 1).repeat_interleave(depth).float().pow(-2)
    whole, _ = ridge_step(used, residual + used @ coefficients[:degree].reshape(-1), variances)
    step = torch.zeros_like(coefficients)
    step[:degree] = whole.view(degree, depth) - coefficients[:degree]
    after, share = before, 0.0
    for trial in STEPS:
        predictions = schedule_predictions(network, few.inputs, shares_of(basis, coefficients + trial * step))
        mse = squared_error(predictions, few.targets)
        if mse < after:
            after, share = mse, trial
        elif share:
            break
    return SharesFit(coefficients + share * step, before, after)


def order_of(coefficients: Tensor) -> list[int]:
    """Sort blocks by their mean time of action; with shares 1 + sum a_b P_b, it lies a_1 / 3 after the middle."""
    return [int(k) for k in coefficients[0].argsort(stable=True)]


def shares_of(basis: Tensor, coefficients: Tensor) -> Tensor:
    """Evaluate the shares L x K of polynomials B x L with coefficients B x K."""
    return (1.0 + basis.T @ coefficients) / basis.shape[1]
