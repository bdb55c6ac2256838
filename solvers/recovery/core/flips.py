"""Determine the signs of hidden units whose activation is an even function plus a linear one.

For these activations sigma(z) - sigma(-z) = 2 k z, so the unit (-w, -b, a) differs from (w, b, a) by the linear map
2 k a (w x + b). Methods that find units up to sign fit the outputs with a linear by-pass. The by-pass determines the
signs: the set S of wrongly signed units solves sum over S of 2 k a_i w_i = -by-pass, a subset-sum problem with outputs
x inputs real equations.

Up to two methods are tried:

* Relaxation: least squares with every unit's membership between 0 and 1. If there are more than half as many equations
as
  units, the subset is usually the only solution (Donoho and Tanner 2010, Counting the faces of randomly-projected
  hypercubes and orthants).
* If that fails, meeting in the middle for few units: match the sums of all subsets of both halves of the units
(Horowitz
  and Sahni 1974). For more units, lattice reduction, see `subset_lattice`.
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
"""Most units for meeting in the middle. Time and memory double with every two units. Hand-set: 34 units take about a
second.
"""

LATTICE_UNITS = 128
"""Most units for lattice reduction, whose time grows with about the fourth power of the units. Hand-set."""

PROJECTED = 3
"""Dimensions in which the sums of both halves are matched. A larger value finds fewer false matches and searches
longer. From experiments on 32 units: 16 dimensions take a hundred times as long as 3."""

MOST_MATCHES = 2_000_000
"""Most matches in the projection. With more, the tolerance is too coarse to determine the subset, and the search gives
up. A larger value takes more memory. Hand-set."""


@dataclass(frozen=True)
class FlipSearch:
    """The result of a search for flips.

    Attributes:
        units: whether each unit must be flipped, array of booleans; None if no subset meets the tolerance.
        residual: Euclidean norm of the by-pass that remains after the best flips found.
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
        bypass: linear by-pass fitted together with the units, outputs x inputs.
        half_slope: k of the activation, see `Activation.half_slope`.
        tolerance: largest norm of the by-pass that may remain; a few times the norm of its error.

    Returns:
        The flips with the smallest residual found; no flips if this residual exceeds the tolerance.
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
    """Flip units of a network with one hidden layer without changing its function.

    The linear functions by which the flips change the units are added to the by-pass and to the output bias.
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
    """Match the subset sums of both halves of the units; return None if no pair fits.

    The sums are matched in a few dimensions, by a projection that does not lengthen differences, and then checked in
    all dimensions.
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
    """List all subsets of a number of units, as rows of zeros and ones, 2^count x count."""
    return ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(np.float64)
