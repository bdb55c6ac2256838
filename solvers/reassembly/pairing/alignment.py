"""Alignment statistics of a pair of halves: correlations over hidden units.

Training writes the same gradients into both halves of a block. So the biases c_i correlate with V_i^T e_i (bias
alignment). A block learns to correct the output of the other blocks along the head w, so w V_i and U_i w are
anticorrelated (head alignment). A block also follows the linear trend of the predictions (trend alignment).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows

__all__ = [
    "TINY",
    "bias_alignment",
    "correlated",
    "head_alignment",
    "standard_scores",
    "standardised",
    "trend_alignment",
]

TINY = 1e-30
"""Smallest denominator, so that 0 / 0 gives 0."""


def standard_scores(scores: Tensor) -> Tensor:
    """Centre rows and columns of K x K scores and scale both to unit spread, in float64."""
    scores = scores.double()
    scores = scores - scores.mean(dim=0, keepdim=True) - scores.mean(dim=1, keepdim=True) + scores.mean()
    for _ in range(4):
        scores = scores / scores.square().mean(dim=0, keepdim=True).sqrt().clamp_min(TINY)
        scores = scores / scores.square().mean(dim=1, keepdim=True).sqrt().clamp_min(TINY)
    return scores


def bias_alignment(network: ResidualNetwork) -> Tensor:
    """Score pairs by the correlation, over hidden units, of c_i with V_j^T e_j, K x K.

    The gradient of c is the gradient of e, pulled back through V and gated.
    """
    return correlated(network.c, (network.V.transpose(1, 2) @ network.e[:, :, None])[:, :, 0])


def head_alignment(network: ResidualNetwork) -> Tensor:
    """Score pairs by minus the correlation, over hidden units, of w V_j with U_i w, summed over outputs, K x K."""
    return -_correlations(network, network.head)


def trend_alignment(network: ResidualNetwork, rows: Rows) -> Tensor:
    """Score pairs by the correlation of w V_j with U_i b, where b is the linear trend of the predictions, K x K."""
    centred = rows.inputs - rows.inputs.mean(dim=0)
    trend = torch.linalg.lstsq(centred, rows.targets - rows.targets.mean(dim=0), driver="gelsd").solution
    return _correlations(network, trend.T)


def _correlations(network: ResidualNetwork, read: Tensor) -> Tensor:
    """Correlate w V_j with U_i r over hidden units, r a row of `read`, o x d; sum over outputs."""
    written = standardised(network.head @ network.V)
    seen = standardised(read @ network.U.transpose(1, 2))
    return seen.flatten(1) @ written.flatten(1).T


def correlated(read: Tensor, written: Tensor) -> Tensor:
    """Correlate one number per hidden unit of U_i with one of V_j over hidden units: K x m and K x m give K x K."""
    return standardised(read) @ standardised(written).T


def standardised(values: Tensor) -> Tensor:
    """Centre over the last dimension, and scale to norm 1."""
    centred = values - values.mean(dim=-1, keepdim=True)
    return torch.div(centred, centred.norm(dim=-1, keepdim=True).clamp_min(TINY))
