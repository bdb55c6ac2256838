"""Statistics of a pair of halves that need no sign to be assumed, hidden unit by hidden unit.

Training writes the same gradients into both halves of a block, so the hidden units of U_i and V_i come to have
biases that follow what e_i says, and the head alignment: the output's error depends on the present output, so a
block comes to undo what the others say, along the head w; and it follows the linear trend of the predictions.
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
"""Keeps quotients of zeros finite."""


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

    The gradient of c is that of e pulled back through V and gated.
    """
    return correlated(network.c, (network.V.transpose(1, 2) @ network.e[:, :, None])[:, :, 0])


def head_alignment(network: ResidualNetwork) -> Tensor:
    """Score pairs by minus the correlation, over hidden units, of w V_j with U_i w, summed over outputs, K x K."""
    return -_correlations(network, network.head)


def trend_alignment(network: ResidualNetwork, rows: Rows) -> Tensor:
    """Score pairs by the correlation of w V_j with U_i b, b the linear trend of the predictions, K x K."""
    centred = rows.inputs - rows.inputs.mean(dim=0)
    trend = torch.linalg.lstsq(centred, rows.targets - rows.targets.mean(dim=0), driver="gelsd").solution
    return _correlations(network, trend.T)


def _correlations(network: ResidualNetwork, read: Tensor) -> Tensor:
    """Correlate, over hidden units and output by output, what V_j tells the head with what U_i reads along o x d."""
    written = standardised(network.head @ network.V)
    seen = standardised(read @ network.U.transpose(1, 2))
    return seen.flatten(1) @ written.flatten(1).T


def correlated(read: Tensor, written: Tensor) -> Tensor:
    """Correlate, over hidden units, a number of each unit of U_i with one of V_j: K x m and K x m give K x K."""
    return standardised(read) @ standardised(written).T


def standardised(values: Tensor) -> Tensor:
    """Centre over the last dimension, and scale to length one."""
    centred = values - values.mean(dim=-1, keepdim=True)
    return torch.div(centred, centred.norm(dim=-1, keepdim=True).clamp_min(TINY))
