"""What training moved, seen at the edges of the weights' distribution.

A weight is its initial value plus what training added. Inside the bulk of the initial distribution a weight tells
little about what was added - nothing at all if it was drawn uniformly, as torch's layers are. Past the edge of the bulk
it tells almost all: how far it sticks out. So weights cut down by a soft threshold show the displacement from
initialisation, with next to no initial noise (for a density p of a weight, its score -p'/p is the best linear evidence
of a small displacement, Le Cam's local asymptotics; for a uniform density it vanishes but at the edges).

Gradients tie what moves in one half to what stands in the other: dU = -sum (V^T g s') h^T, dV = -sum g s(U h + c)^T.
So pairs show in (moved U) x V and U x (moved V), where V U itself is mostly the product of two initial draws; and units
that training moves much, it moves in both halves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from solvers.reassembly.pairing.alignment import correlated

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["crossed", "displacement_correlation", "moved"]

CLEARLY = 0.03
"""Share of the weights that are taken to be moved where only the amount counts."""

LIKELY = 0.1
"""Share of the weights that are taken to be moved where sign and direction count too, and errors average out."""


def moved(weights: Tensor, share: float) -> Tensor:
    """Cut weights down by a threshold that leaves a share of them, and those only by what is past it.

    Args:
        weights: of one kind, of all pieces.
        share: between 0 and 1.
    """
    sizes = weights.abs().flatten()
    threshold = sizes.kthvalue(max(1, round((1.0 - share) * len(sizes)))).values
    return weights.sign() * (weights.abs() - threshold).clamp_min(0.0)


def displacement_correlation(network: ResidualNetwork) -> Tensor:
    """Score pairs by the correlation, over hidden units, of how far their weights were moved, K x K."""
    return correlated(moved(network.U, CLEARLY).abs().sum(dim=2), moved(network.V, CLEARLY).abs().sum(dim=1))


def crossed(network: ResidualNetwork) -> tuple[ResidualNetwork, ResidualNetwork]:
    """Give the displacement of the incoming halves beside the outgoing ones as they are, and the other way round."""
    incoming = replace(network, U=moved(network.U, LIKELY), c=moved(network.c, LIKELY))
    return incoming, replace(network, V=moved(network.V, LIKELY))
