"""Weight displacement from initialisation, estimated at the edges of the weights' distribution.

A weight is the sum of its initial value and its displacement. Inside the bulk of the initial distribution, a weight
says little about its displacement, and nothing if the initial distribution is uniform, as in torch's layers. Beyond the
edge of the bulk, the excess shows the displacement. So a soft threshold on the weights extracts the displacement with
little noise from initialisation. (For a density p of a weight, the score -p'/p is the best linear evidence of a small
displacement, by Le Cam's local asymptotics. For a uniform density the score is zero except at the edges.)

Gradients relate the displacement of one half to the weights of the other: dU = -sum (V^T g s') h^T, dV = -sum g s(U h +
c)^T. So pairs show in (displacement of U) x V and U x (displacement of V), while V U itself is mostly the product of
two initial draws. Hidden units with a large displacement in one half have a large displacement in the other half.
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
"""Share of the weights that are kept as displaced if only the size of the displacement counts. A larger value adds
noise from initialisation. Hand-set.
"""

LIKELY = 0.1
"""Share of the weights that are kept as displaced if sign and direction count, where noise averages out. Hand-set."""


def moved(weights: Tensor, share: float) -> Tensor:
    """Apply a soft threshold to weights: keep the excess of the largest weights, set all others to zero.

    Args:
        weights: the same tensor of all pieces, stacked.
        share: share of the weights above the threshold, between 0 and 1.
    """
    sizes = weights.abs().flatten()
    threshold = sizes.kthvalue(max(1, round((1.0 - share) * len(sizes)))).values
    return weights.sign() * (weights.abs() - threshold).clamp_min(0.0)


def displacement_correlation(network: ResidualNetwork) -> Tensor:
    """Score pairs by the correlation, over hidden units, of the sizes of their weight displacements, K x K."""
    return correlated(moved(network.U, CLEARLY).abs().sum(dim=2), moved(network.V, CLEARLY).abs().sum(dim=1))


def crossed(network: ResidualNetwork) -> tuple[ResidualNetwork, ResidualNetwork]:
    """Return (displacement of U, V) and (U, displacement of V) as networks."""
    incoming = replace(network, U=moved(network.U, LIKELY), c=moved(network.c, LIKELY))
    return incoming, replace(network, V=moved(network.V, LIKELY))
