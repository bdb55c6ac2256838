"""Pair halves by regressing the predictions on products of halves.

The mean-field flow depends on a belief M about the pairs almost linearly, so Gauss-Newton steps can fit M. The fit may
leave the doubly stochastic matrices, because a flow that fits the predictions has more accurate states than a doubly
stochastic average. Only the prior, towards which the ridge pulls M, stays doubly stochastic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.reassembly.scoring.certificate import squared_error
from solvers.reassembly.core.mean_field import pairing_flow, ridge_step, sinkhorn
from solvers.reassembly.core.monitor import SILENT, Monitor
from solvers.reassembly.pairing.alignment import standard_scores
from solvers.reassembly.pairing.statistics import match

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows

__all__ = ["mean_field_pairing"]

DOUBT = 0.2
"""Share of the prior belief that is spread evenly over all pairs. A larger value commits more slowly. Hand-set."""

STEPS = (1.0, 0.5, 0.25, 0.1)
"""Shares of a Gauss-Newton step that are tried in turn. Hand-set."""

TIME_STEPS = 8
"""Time steps of a flow without a known order. More steps resolve the flow better and take longer. Hand-set."""

STEADY = 3
"""Number of passes without a change of partners after which the fit ends. Hand-set."""


def mean_field_pairing(
    network: ResidualNetwork,
    rows: Rows,
    evidence: Tensor,
    monitor: Monitor = SILENT,
    *,
    schedule: Tensor | None = None,
    passes: int = 12,
) -> tuple[list[int], Tensor]:
    """Fit the pairs to the predictions.

    Args:
        network: halves.
        rows: rows to fit on; rows times outputs should exceed K^2.
        evidence: log-odds of the pairs from the weights, K x K; zeros without evidence.
        monitor: holds the deadline.
        schedule: shares by which the incoming halves act, L x K; equal at all time steps by default.
        passes: largest number of passes.

    Returns:
        The outgoing half of each incoming half, and standard scores of all pairs.
    """
    depth = network.depth
    schedule = torch.full((TIME_STEPS, depth), 1.0 / TIME_STEPS) if schedule is None else schedule
    centre = torch.eye(depth) - 1.0 / depth
    prior = (1.0 - DOUBT) * sinkhorn(evidence.float()) + DOUBT / depth
    belief, partners, scores, steady = prior, match(evidence), evidence.float(), 0
    few = rows.head(max(100, rows.count // 10))
    began = 0.0
    for step in range(passes):
        # A pass may take seconds. No pass starts that could overrun the deadline.
        spent = monitor.deadline.spent()
        if monitor.deadline.passed() or steady == STEADY or (step and 2 * spent - began > 1.0):
            break
        began = spent
        predictions, features = pairing_flow(network, rows.inputs, belief, schedule)
        residual = (rows.targets - predictions).T.reshape(-1)
        if not torch.isfinite(residual).all():
            break
        features = (centre @ features.view(-1, depth, depth) @ centre).reshape(len(residual), -1)
        variances = depth * (prior * (1.0 - prior) + DOUBT / depth).reshape(-1)
        wanted = residual + features @ (belief - prior).reshape(-1)
        change, left = ridge_step(features, wanted, variances)
        fitted = prior + centre @ change.view(depth, depth) @ centre
        scores = standard_scores(fitted).float()
        matched = match(scores)
        steady = steady + 1 if matched == partners else 0
        partners = matched
        error = squared_error(predictions, rows.targets)
        monitor.log(f"pairing pass {step + 1}: mse {error:.3e}, {left:.2f} of the residual left, steady {steady}")
        belief = _step(network, few, belief, fitted, schedule)
        prior = 0.5 * prior + 0.5 * ((1.0 - DOUBT / 2) * sinkhorn(scores + evidence.float()) + DOUBT / 2 / depth)
    return partners, scores


def _step(network: ResidualNetwork, rows: Rows, belief: Tensor, fitted: Tensor, schedule: Tensor) -> Tensor:
    """Move towards the fitted belief by the share of the step with the lowest error."""
    best, lowest = belief, float("inf")
    for share in STEPS:
        trial = belief + share * (fitted - belief)
        mse = squared_error(pairing_flow(network, rows.inputs, trial, schedule)[0], rows.targets)
        if mse < lowest:
            best, lowest = trial, mse
        elif lowest < float("inf"):
            break
    return best
