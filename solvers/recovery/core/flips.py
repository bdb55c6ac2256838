"""Resolve the signs of hidden units whose activation is an even function plus a linear one.

For these activations sigma(z) - sigma(-z) = 2 k z, so the unit (-w, -b, a) differs from (w, b, a) by the linear map
2 k a (w x + b). Methods that find units up to sign fit the outputs with a linear by-pass. The by-pass then tells the
signs: the set S of wrongly signed units solves sum over S of 2 k a_i w_i = -by-pass, a subset-sum problem with
outputs x inputs real equations.

Three methods are tried in turn. A relaxation: least squares with every unit's membership between 0 and 1 has the
subset as its only solution, usually, if there are more than half as many equations as units (Donoho and Tanner 2010,
Counting the faces of randomly-projected hypercubes and orthants). Meet in the middle: the sums of all subsets of
either half of the units are matched (Horowitz and Sahni 1974). Lattice reduction, for many units: see `subset_lattice`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import lsq_linear
from scipy.spatial import KDTree

from solvers.recovery.core.subset_lattice import lattice_subset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP

__all__ = ["FlipSearch", "find_flips", "flip_units"]

MIDDLE_UNITS = 34
"""Most units for meeting in the middle. Its time and memory double with every two units; 34 take about a second.
Hand-set."""

LATTICE_UNITS = 128
"""Most units for lattice reduction, whose time grows with about the fourth power of the units. Hand-set."""

PROJECTED = 3
"""Dimensions in which the half sums are matched. A larger value finds fewer false matches and searches its tree longer.
From experiments on 32 units: 16 dimensions take a hundred times as long as 3."""

MOST_MATCHES = 2_000_000
"""Matches in the projection beyond which the tolerance is too coarse to tell the subset. Hand-set, for memory."""


@dataclass(frozen=True)
class FlipSearch:
    """The result of a search for flips.

    Attributes:
        units: whether each unit must be flipped, array of booleans; None if no subset meets the tolerance.
        residual: Euclidean norm of the by-pass that is left after the best flips found.
    """

    units: NDArray[np.bool_] | None
    residual: float


def find_flips(
    weight: NDArray[np.float64],
    outgoing: NDArray[np.float64],
    bypass: NDArray[np.float64],
    half_slope: float,
    tolerance: float,
) -> FlipSearch:
    """Find the units whose flips remove a linear by-pass.

    Args:
        weight: incoming weights, units x inputs.
        outgoing: outgoing weights, outputs x units.
        bypass: linear by-pass fitted beside the units, outputs x inputs.
        half_slope: k of the activation.
        tolerance: largest norm of the by-pass that may be left; a few times the norm of its error.

    Returns:
        The flips with the smallest residual found, or none.
    """
    columns = 2 * half_slope * np.einsum("oh,hd->odh", outgoing, weight).reshape(-1, len(weight))
    target = -bypass.reshape(-1)
    best = _relaxed(columns, target)
    residual = _residual(columns, target, best)
    if residual > tolerance:
        found = None
        if len(weight) <= MIDDLE_UNITS:
            found = _met_in_the_middle(columns, target, tolerance)
        elif len(weight) <= LATTICE_UNITS:
            found = lattice_subset(columns, target, tolerance)
        if found is not None and _residual(columns, target, found) < residual:
            best, residual = found, _residual(columns, target, found)
    return FlipSearch(best if residual <= tolerance else None, residual)


def flip_units(network: MLP, units: NDArray[np.bool_]) -> MLP:
    """Flip units of a network with one hidden layer, and keep its function.

    The linear functions that the flips leave over go to the by-pass and to the output bias.
    """
    (weight, outer), (bias, constant) = network.weights, network.biases
    sign = np.where(units, -1.0, 1.0)
    surplus = 2 * network.sigma.half_slope * outer[:, units]
    bypass = np.zeros((len(outer), weight.shape[1])) if network.bypass is None else network.bypass
    return replace(
        network,
        weights=(sign[:, None] * weight, outer),
        biases=(sign * bias, constant + surplus @ bias[units]),
        bypass=bypass + surplus @ weight[units],
    )


def _residual(columns: NDArray[np.float64], target: NDArray[np.float64], units: NDArray[np.bool_]) -> float:
    return float(np.linalg.norm(columns @ units - target))


def _relaxed(columns: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Round the least-squares memberships between 0 and 1."""
    return np.asarray(lsq_linear(columns, target, bounds=(0.0, 1.0)).x > 0.5, dtype=np.bool_)


def _met_in_the_middle(
    columns: NDArray[np.float64], target: NDArray[np.float64], tolerance: float
) -> NDArray[np.bool_] | None:
    """Match the subset sums of either half of the units; None if no pair fits.

    The sums are matched in a few dimensions, by a projection that cannot lengthen a difference, and checked in all.
    """
    count = columns.shape[1]
    left, right = _subsets(count // 2), _subsets(count - count // 2)
    sums, rest = left @ columns[:, : count // 2].T, target - right @ columns[:, count // 2 :].T
    basis = np.linalg.svd(columns, full_matrices=False)[0][:, :PROJECTED]
    first, second = KDTree(sums @ basis), KDTree(rest @ basis)
    if first.count_neighbors(second, tolerance) > MOST_MATCHES:
        return None
    pairs = first.sparse_distance_matrix(second, tolerance, output_type="ndarray")
    if not len(pairs):
        return None
    errors = np.linalg.norm(sums[pairs["i"]] - rest[pairs["j"]], axis=1)
    best = pairs[int(np.argmin(errors))]
    return np.concatenate([left[best["i"]], right[best["j"]]]) > 0.5


def _subsets(count: int) -> NDArray[np.float64]:
    """List all subsets of so many units, as rows of zeros and ones."""
    return ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(np.float64)
