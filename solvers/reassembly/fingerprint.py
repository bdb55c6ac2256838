"""Weight statistics of a block that need no sign to be assumed, and a filter that learns the network's own.

Training writes the same gradients into both halves of a block, so the hidden units of U_i and V_i come to
have similar norms, similar overlaps, and biases that follow what e_i says. On top of that, the update of U
is V^T times an average of outer products g x^T that all blocks share roughly, so V_i U_i has a common part C:
the trace assumes C = -I, the matched filter learns C from the pairs themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from solvers.reassembly.pairing import frobenius, match, mean_cosine, norm_correlation, trace

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network import ResidualNetwork

__all__ = ["Fingerprint", "bias_alignment", "fingerprints", "matched_filter", "standard_scores"]

TINY = 1e-30
"""Keeps quotients of zeros finite."""

FILTER_ROUNDS = 8
"""Rounds of matching and filtering; most settle in two."""

COMPANIONS = 0.7
"""Weight of the plain statistics beside the filter's own score."""


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


def matched_filter(products: Tensor, start: Tensor, companions: Tensor) -> Tensor:
    """Score pairs by what V_j U_i shares with the products of the pairs matched so far.

    A pair's own product is left out of the filter that judges it, so a wrong pair does not confirm itself.

    Args:
        products: centred V_j U_i, K x K x d^2.
        start: scores to begin with, K x K.
        companions: scores that are added in every round, K x K.
    """
    scores = start
    energies = products.square().sum(dim=2)
    rows = torch.arange(len(products))
    for _ in range(FILTER_ROUNDS):
        partners = torch.tensor(match(scores))
        filtered = products @ products[rows, partners].sum(dim=0)
        filtered[rows, partners] -= energies[rows, partners]
        renewed = standard_scores(filtered) + companions
        if match(renewed) == partners.tolist():
            return renewed
        scores = renewed
    return scores


class Fingerprint:
    """Scores of all pairs from one point of view, with how far they stand out from chance.

    Attributes:
        name: of the point of view.
        scores: standard scores, K x K.
        partners: their matching.
        margin: mean score of the matched pairs above that of as many matched random numbers.
    """

    def __init__(self, name: str, scores: Tensor) -> None:
        self.name = name
        self.scores = standard_scores(scores)
        self.partners = match(self.scores)
        noise = standard_scores(torch.randn(scores.shape, generator=torch.Generator().manual_seed(0)))
        self.margin = _matched_mean(self.scores, self.partners) - _matched_mean(noise, match(noise))


def fingerprints(network: ResidualNetwork) -> list[Fingerprint]:
    """Score pairs from every point of view, the one that stands out most first."""
    plain = {
        "frobenius": frobenius(network),
        "norm-correlation": norm_correlation(network),
        "bias-alignment": bias_alignment(network),
        "trace": trace(network),
        "mean-cosine": mean_cosine(network),
    }
    standard = {name: standard_scores(scores) for name, scores in plain.items()}
    balanced = standard["frobenius"] + standard["norm-correlation"] + 0.5 * standard["bias-alignment"]
    products = torch.einsum("jdm,ime->ijde", network.V, network.U).flatten(2)
    products = (
        products - products.mean(dim=0, keepdim=True) - products.mean(dim=1, keepdim=True) + products.mean((0, 1))
    )
    starts = {"balanced": balanced, "trace": standard["trace"], "reversed-trace": balanced - standard["trace"]}
    filtered = {
        f"filter-{name}": matched_filter(products, start, COMPANIONS * balanced) for name, start in starts.items()
    }
    views = [Fingerprint(name, scores) for name, scores in {**standard, "balanced": balanced, **filtered}.items()]
    return sorted(views, key=lambda view: -view.margin)


def _matched_mean(scores: Tensor, partners: list[int]) -> float:
    return float(scores[torch.arange(len(partners)), torch.tensor(partners)].mean())


def _standardised(values: Tensor) -> Tensor:
    centred = values - values.mean(dim=1, keepdim=True)
    return torch.div(centred, centred.norm(dim=1, keepdim=True).clamp_min(TINY))
