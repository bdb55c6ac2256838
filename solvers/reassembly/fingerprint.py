"""Weight statistics of a block that need no sign to be assumed, and filters that learn the network's own.

Training writes the same gradients into both halves of a block, so the hidden units of U_i and V_i come to
have similar norms, similar overlaps, and biases that follow what e_i says. On top of that, the update of U
is V^T times an average of outer products g x^T that all blocks share roughly, so V_i U_i has a common part C:
the trace assumes C = -I, the matched filter learns C from the pairs themselves. Early in training the adjoint
g is the head w for every block, so C is w c^T: the head filter learns c alone, d numbers instead of d^2, and
finds pairs in networks too young for the other. And what is c? The output's error depends on the present
output, so c has a part -w, the head's echo: a block undoes what the others say. And it has a part along the
linear trend of the predictions. Both are known, and cost nothing to learn.

How far a view stands out is measured against itself: the same statistics on the same weights, the hidden
units of every V_j permuted, so that no pair is a pair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.meanfield import sinkhorn
from solvers.reassembly.pairing import frobenius, match, mean_cosine, norm_correlation, trace

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network import ResidualNetwork
    from solvers.reassembly.evaluation import Rows

__all__ = [
    "Fingerprint",
    "bias_alignment",
    "fingerprints",
    "head_echo",
    "head_filter",
    "matched_filter",
    "standard_scores",
    "trend_echo",
]

TINY = 1e-30
"""Keeps quotients of zeros finite."""

FILTER_ROUNDS = 8
"""Rounds of matching and filtering; most settle in two."""

COMPANIONS = 0.7
"""Weight of the plain statistics beside the filter's own score."""

HEAD_ROUNDS = 20
"""Rounds of the head filter, while the belief sharpens."""

ENTROPIES = (2.0, 0.7)
"""Entropy of the belief about each half's partner, in nats, in the first rounds of the head filter and the last."""


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
    return _standardised(network.c) @ _standardised((network.V.transpose(1, 2) @ network.e[:, :, None])[:, :, 0]).T


def head_echo(network: ResidualNetwork) -> Tensor:
    """Score pairs by minus the correlation, over hidden units, of w V_j with U_i w, summed over outputs, K x K."""
    return -_correlations(network, network.head)


def trend_echo(network: ResidualNetwork, rows: Rows) -> Tensor:
    """Score pairs by the correlation of w V_j with U_i b, b the linear trend of the predictions, K x K."""
    centred = rows.inputs - rows.inputs.mean(dim=0)
    trend = torch.linalg.lstsq(centred, rows.targets - rows.targets.mean(dim=0), driver="gelsd").solution
    return _correlations(network, trend.T)


def _correlations(network: ResidualNetwork, read: Tensor) -> Tensor:
    """Correlate, over hidden units and output by output, what V_j tells the head with what U_i reads along o x d."""
    told = _standardised(network.head @ network.V)
    seen = _standardised(read @ network.U.transpose(1, 2))
    return seen.flatten(1) @ told.flatten(1).T


def matched_filter(network: ResidualNetwork, start: Tensor, companions: Tensor) -> Tensor:
    """Score pairs by what V_j U_i shares with the products of the pairs matched so far.

    A pair's own product is left out of the filter that judges it, so a wrong pair does not confirm itself.
    Scores are sums of K x K Gram products; the products V_j U_i are formed for the matched pairs only.

    Args:
        network: halves.
        start: scores to begin with, K x K.
        companions: scores that are added in every round, K x K.
    """
    U, V = network.U - network.U.mean(dim=0), network.V - network.V.mean(dim=0)
    rows = torch.arange(len(U))
    scores = start
    for _ in range(FILTER_ROUNDS):
        partners = torch.tensor(match(scores))
        own = V[partners] @ U
        pulled = torch.matmul(own.sum(dim=0).T, V)
        filtered = (U.flatten(1) @ pulled.transpose(1, 2).flatten(1).T).double()
        filtered[rows, partners] -= own.flatten(1).square().sum(dim=1)
        renewed = standard_scores(filtered) + companions
        if match(renewed) == partners.tolist():
            return renewed
        scores = renewed
    return scores


def head_filter(network: ResidualNetwork, start: Tensor, companions: Tensor) -> Tensor:
    """Score pairs by the correlation, over hidden units, of w V_j with U_i c, c learnt from the belief about pairs.

    The belief begins broad and sharpens, so that it finds much the same c from any start. What a half's own
    pairs say is left out of the c that judges them.

    Args:
        network: halves.
        start: scores to begin with, K x K.
        companions: scores that are added in every round, K x K.
    """
    depth = network.depth
    head = network.head / network.head.norm(dim=1, keepdim=True).clamp_min(TINY)
    written = _standardised(head @ network.V)
    written, read = written - written.mean(dim=0), network.U - network.U.mean(dim=0)
    told = torch.einsum("jom,imd->ijod", written, read).reshape(depth, depth, -1)
    energy = told.square().sum(dim=2)
    scores, scale = start, 1.0
    broad = 0.6 * math.log(depth)
    for step in range(HEAD_ROUNDS):
        progress = min(1.0, step / max(1, HEAD_ROUNDS - 6))
        entropy = min(broad, ENTROPIES[0] + (ENTROPIES[1] - ENTROPIES[0]) * progress)
        belief, scale = _belief(scores, entropy, scale)
        weighted = belief[:, :, None] * told
        common, mine, theirs = weighted.sum((0, 1)), weighted.sum(dim=1), weighted.sum(dim=0)
        filtered = told @ common - torch.einsum("ijf,if->ij", told, mine) - torch.einsum("ijf,jf->ij", told, theirs)
        scores = standard_scores(filtered + belief * energy) + companions
    return scores


def _belief(scores: Tensor, entropy: float, scale: float) -> tuple[Tensor, float]:
    """Turn scores into doubly stochastic beliefs of a wanted entropy per row; the scale found serves the next round."""
    low, high = math.log(scale) - 1.5, math.log(scale) + 1.5
    for _ in range(7):
        middle = 0.5 * (low + high)
        belief = sinkhorn(math.exp(middle) * scores, rounds=15)
        found = -float((belief * belief.clamp_min(TINY).log()).sum()) / len(scores)
        low, high = (middle, high) if found > entropy else (low, middle)
    return belief.float(), math.exp(middle)


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Scores of all pairs from one point of view, with how far they stand out from chance.

    Attributes:
        name: of the point of view.
        scores: standard scores, K x K.
        partners: their matching.
        margin: mean score of the matched pairs above that of the same statistic where no pair is one.
    """

    name: str
    scores: Tensor
    partners: list[int]
    margin: float


def fingerprints(network: ResidualNetwork, rows: Rows) -> list[Fingerprint]:
    """Score pairs from every point of view, the one that stands out most first."""
    unpaired = _views(_unpaired(network), rows)
    chance = {name: _matched_mean(scores, match(scores)) for name, scores in unpaired.items()}
    views = []
    for name, scores in _views(network, rows).items():
        partners = match(scores)
        views.append(Fingerprint(name, scores, partners, _matched_mean(scores, partners) - chance[name]))
    return sorted(views, key=lambda view: -view.margin)


def _views(network: ResidualNetwork, rows: Rows) -> dict[str, Tensor]:
    plain = {
        "frobenius": frobenius(network),
        "norm-correlation": norm_correlation(network),
        "bias-alignment": bias_alignment(network),
        "trace": trace(network),
        "mean-cosine": mean_cosine(network),
        "head-echo": head_echo(network),
        "trend-echo": trend_echo(network, rows),
    }
    standard = {name: standard_scores(scores) for name, scores in plain.items()}
    balanced = standard["frobenius"] + standard["norm-correlation"] + 0.5 * standard["bias-alignment"]
    starts = {"balanced": balanced, "trace": standard["trace"], "reversed-trace": balanced - standard["trace"]}
    companions = COMPANIONS * balanced
    views = {**standard, "balanced": balanced}
    views |= {f"filter-{name}": matched_filter(network, start, companions) for name, start in starts.items()}
    echoes = COMPANIONS * balanced + standard["head-echo"] + standard["trend-echo"]
    filtered = {
        "echoes": echoes,
        "filter-echoes": matched_filter(network, echoes, COMPANIONS * echoes),
        "head-filter": head_filter(network, echoes, COMPANIONS * echoes),
    }
    views |= filtered
    views["combined"] = sum(map(standard_scores, filtered.values()), torch.zeros_like(echoes))
    return {name: standard_scores(scores) for name, scores in views.items()}


def _unpaired(network: ResidualNetwork) -> ResidualNetwork:
    """Permute the hidden units of every outgoing half, each by its own permutation."""
    rng = torch.Generator().manual_seed(0)
    hidden = network.V.shape[2]
    shuffled = torch.stack([half[:, torch.randperm(hidden, generator=rng)] for half in network.V])
    return replace(network, V=shuffled)


def _matched_mean(scores: Tensor, partners: list[int]) -> float:
    return float(scores[torch.arange(len(partners)), torch.tensor(partners)].mean())


def _standardised(values: Tensor) -> Tensor:
    """Centre over the last dimension, and scale to length one."""
    centred = values - values.mean(dim=-1, keepdim=True)
    return torch.div(centred, centred.norm(dim=-1, keepdim=True).clamp_min(TINY))
