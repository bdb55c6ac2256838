"""Pair halves by their weights alone: many views, each weighted by its margin over chance.

The margin of a view compares its matched scores with the same statistics on weights without pairs: the hidden units of
every V_j are permuted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.pairing.alignment import bias_alignment, head_alignment, standard_scores, trend_alignment
from solvers.reassembly.pairing.displacement import crossed, displacement_correlation
from solvers.reassembly.pairing.filters import annealed_filter, head_filter, matched_filter
from solvers.reassembly.pairing.statistics import frobenius, match, mean_cosine, norm_correlation, trace

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows

__all__ = ["COMBINED", "PairingView", "pairing_views"]

COMPANIONS = 0.7
"""Weight of the plain statistics relative to the score of a filter on the unchanged weights. Hand-set."""

COMBINED = (
    "filter-balanced",
    "filter-trace",
    "filter-reversed-trace",
    "filter-alignments",
    "filter-everything",
    "filter-crossed",
    "filter-all-aspects",
    "head-filter",
)
"""Views that the combined view sums, each weighted by the square of its margin."""

LEAST_MARGIN = 0.05
"""Smallest margin of a view in the weights of the combined view. Hand-set."""


@dataclass(frozen=True, eq=False)
class PairingView:
    """Scores of all pairs by one method, with their margin over chance.

    Attributes:
        name: name of the view.
        scores: standard scores, K x K.
        partners: matched outgoing half of each incoming half.
        margin: mean score of the matched pairs, less the same mean on weights without pairs.
    """

    name: str
    scores: Tensor
    partners: list[int]
    margin: float


def pairing_views(network: ResidualNetwork, rows: Rows) -> list[PairingView]:
    """Score pairs by every view, and sort the views by margin, the largest first.

    The view "combined" sums the views that `COMBINED` names, weighted by the squares of their margins.
    """
    views, chance = _views(network, rows), _views(_unpaired(network), rows)
    found = [_view(name, scores, chance[name]) for name, scores in views.items()]
    weights = {view.name: max(view.margin, LEAST_MARGIN) ** 2 for view in found if view.name in COMBINED}
    found.append(_view("combined", _weighted(views, weights), _weighted(chance, weights)))
    return sorted(found, key=lambda view: -view.margin)


def _view(name: str, scores: Tensor, chance: Tensor) -> PairingView:
    partners = match(scores)
    return PairingView(name, scores, partners, _matched_mean(scores, partners) - _matched_mean(chance, match(chance)))


def _weighted(views: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    return standard_scores(torch.stack([weight * views[name] for name, weight in weights.items()]).sum(dim=0))


def _views(network: ResidualNetwork, rows: Rows) -> dict[str, Tensor]:
    aspects = crossed(network)
    plain = {
        "frobenius": frobenius(network),
        "norm-correlation": norm_correlation(network),
        "bias-alignment": bias_alignment(network),
        "trace": trace(network),
        "mean-cosine": mean_cosine(network),
        "head-alignment": head_alignment(network),
        "trend-alignment": trend_alignment(network, rows),
        "displacement": displacement_correlation(network),
    }
    views = {name: standard_scores(scores) for name, scores in plain.items()}
    balanced = views["frobenius"] + views["norm-correlation"] + 0.5 * views["bias-alignment"]
    alignments = COMPANIONS * balanced + views["head-alignment"] + views["trend-alignment"]
    head = standard_scores(torch.stack([standard_scores(head_alignment(aspect)) for aspect in aspects]).sum(dim=0))
    trend = standard_scores(
        torch.stack([standard_scores(trend_alignment(aspect, rows)) for aspect in aspects]).sum(dim=0)
    )
    views |= {"balanced": standard_scores(balanced), "alignments": standard_scores(alignments)}
    views["crossed"] = standard_scores(1.5 * views["displacement"] + head + 0.6 * trend + 0.5 * views["balanced"])
    views["everything"] = standard_scores(views["crossed"] + views["alignments"] + views["balanced"])
    filters = {
        "filter-balanced": matched_filter([network], balanced, COMPANIONS * balanced),
        "filter-trace": matched_filter([network], views["trace"], COMPANIONS * balanced),
        "filter-reversed-trace": matched_filter([network], balanced - views["trace"], COMPANIONS * balanced),
        "filter-alignments": matched_filter([network], alignments, COMPANIONS * alignments),
        "filter-everything": matched_filter([network], views["everything"], views["everything"]),
        "filter-crossed": annealed_filter(aspects, views["crossed"], views["crossed"]),
        "filter-all-aspects": annealed_filter([*aspects, network], views["everything"], views["everything"]),
        "head-filter": head_filter(network, alignments, COMPANIONS * alignments),
    }
    return views | {name: standard_scores(scores) for name, scores in filters.items()}


def _unpaired(network: ResidualNetwork) -> ResidualNetwork:
    """Permute the hidden units of every outgoing half, each by its own permutation."""
    rng = torch.Generator().manual_seed(0)
    hidden = network.V.shape[2]
    shuffled = torch.stack([half[:, torch.randperm(hidden, generator=rng)] for half in network.V])
    return replace(network, V=shuffled)


def _matched_mean(scores: Tensor, partners: list[int]) -> float:
    return float(scores[torch.arange(len(partners)), torch.tensor(partners)].mean())
