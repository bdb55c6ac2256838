"""Pairing statistics: scores of all K x K pairs of halves, and the one-to-one matching.

A score is high if U_i and V_j look like halves of one block. Most scores use the product M = V_j U_i, d x d. Training
leaves a mark on M: a block that counteracts its input has a negative trace (Park 2026, section 3). If a score is
bilinear, one matrix product of Gram matrices gives all pairs, and M is not formed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from generator.errors import SpecError
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = [
    "PAIRINGS",
    "asymmetry",
    "diagonal_dominance",
    "frobenius",
    "match",
    "mean_cosine",
    "norm_correlation",
    "pair",
    "trace",
]

CHUNK = 1 << 22
"""Largest number of values in an intermediate result: 16 MiB in float32. Hand-set."""

TINY = 1e-30
"""Smallest denominator, so that 0 / 0 gives 0."""


def trace(network: ResidualNetwork) -> Tensor:
    """Score pairs by -tr(V_j U_i), K x K.

    Source: the fastest public solver (github.com/cezarc1/droppedaneuralnet-puzzle).
    """
    return -_traces(network.U, network.V)


def diagonal_dominance(network: ResidualNetwork) -> Tensor:
    """Score pairs by |tr M| / |M|_F, K x K.

    Source: Park 2026, arXiv:2602.19845, equation 1.
    """
    return _traces(network.U, network.V).abs() / frobenius(network).clamp_min(TINY)


def frobenius(network: ResidualNetwork) -> Tensor:
    """Score pairs by |M|_F, K x K, through |V U|_F^2 = <V^T V, U U^T>."""
    U, V = network.U.double(), network.V.double()
    depth, hidden = U.shape[:2]
    total = torch.zeros(depth, depth, dtype=torch.float64)
    step = max(1, CHUNK // (depth * hidden))
    for start in range(0, hidden, step):
        part = slice(start, start + step)
        left = (U[:, part] @ U.transpose(1, 2)).flatten(1)
        right = (V[:, :, part].transpose(1, 2) @ V).flatten(1)
        total += left @ right.T
    return total.clamp_min(0.0).sqrt().to(network.U.dtype)


def asymmetry(network: ResidualNetwork) -> Tensor:
    """Score pairs by -|M - M^T|_F / |M|_F, K x K.

    tr(M M) does not factor into Gram matrices, so the products are formed, chunk by chunk.

    Source: a public solver (github.com/alyxya/janestreet-droppedaneuralnet).
    """
    U, V = network.U, network.V
    depth, width = V.shape[:2]
    step = max(1, CHUNK // (width * width))
    scores = torch.empty(depth, depth, dtype=U.dtype)
    for i in range(depth):
        for start in range(0, depth, step):
            products = V[start : start + step] @ U[i]
            skew = (products - products.transpose(1, 2)).flatten(1).norm(dim=1)
            scores[i, start : start + step] = -skew / products.flatten(1).norm(dim=1).clamp_min(TINY)
    return scores


def mean_cosine(network: ResidualNetwork) -> Tensor:
    """Score pairs by minus the mean cosine between a hidden unit's incoming and outgoing weights, K x K.

    The cosine is that of row h of U_i with column h of V_j. A unit that counteracts its input has a negative cosine.

    Source: a public solver (github.com/EugenHotaj/droppedaneuralnet).
    """
    U = network.U / network.U.norm(dim=2, keepdim=True).clamp_min(TINY)
    V = network.V / network.V.norm(dim=1, keepdim=True).clamp_min(TINY)
    return _traces(U, V).div(-U.shape[1])


def norm_correlation(network: ResidualNetwork) -> Tensor:
    """Score pairs by the correlation, over hidden units, of the row norms of U_i with the column norms of V_j.

    Weight decay balances the incoming and outgoing weights of a unit, so this score is strong where the trace is weak
    (Du, Hu and Lee 2018 on balanced layers). K x K.
    """
    return _standardised(network.U.norm(dim=2)) @ _standardised(network.V.norm(dim=1)).T


PAIRINGS: dict[str, Callable[[ResidualNetwork], Tensor]] = {
    "asymmetry": asymmetry,
    "diagonal-dominance": diagonal_dominance,
    "frobenius": frobenius,
    "mean-cosine": mean_cosine,
    "norm-correlation": norm_correlation,
    "trace": trace,
}
"""Pairing statistic by name."""


def match(scores: Tensor) -> list[int]:
    """Find the one-to-one matching of the highest total score by the Hungarian algorithm.

    Args:
        scores: K x K; a pair whose score is not finite is matched last.

    Returns:
        The number of the matched outgoing half, for each incoming half i.
    """
    finite = scores.isfinite()
    floor = scores[finite].min() - 1.0 if finite.any() else scores.new_zeros(())
    _, columns = linear_sum_assignment(torch.where(finite, scores, floor).double().numpy(), maximize=True)
    return [int(column) for column in columns]


def pair(network: ResidualNetwork, statistic: str) -> list[int]:
    """Match the halves of a network by a named statistic.

    Raises:
        SpecError: if no statistic has that name.
    """
    if statistic not in PAIRINGS:
        raise SpecError(f"no pairing statistic {statistic!r}{did_you_mean(statistic, PAIRINGS)}")
    return match(PAIRINGS[statistic](network))


def _traces(U: Tensor, V: Tensor) -> Tensor:
    """Compute tr(V_j U_i) for all i, j as one product of flattened matrices."""
    return U.flatten(1) @ V.transpose(1, 2).flatten(1).T


def _standardised(values: Tensor) -> Tensor:
    centred = values - values.mean(dim=1, keepdim=True)
    return torch.div(centred, centred.norm(dim=1, keepdim=True).clamp_min(TINY))
