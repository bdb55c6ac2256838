"""Subset sums in several dimensions by lattice reduction, for more units than meeting in the middle can handle.

The rows (2 I, K C^T) and (1 ... 1, K t) span a lattice. A subset s of the columns C with C s = t gives a short vector
of this
lattice: its first entries are all 1 or -1, and its last entries are K (C s - t), about 0. Reduction finds this vector
if the equations have many more exact bits than there are columns (Coster, Joux, LaMacchia, Odlyzko, Schnorr and Stern
1992, Improved low-density subset sum algorithms). The factor K grows in stages, so that all numbers stay small enough
for float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["lattice_subset", "reduce_lattice"]

STAGE_BITS = 5
"""Bits by which K grows per stage. A larger value needs fewer stages and reduces larger numbers in each. Hand-set."""

MOST_BITS = 40
"""Bits of the largest K times the largest column entry. A larger value uses more bits of the equations. Hand-set:
products with the transformation must stay exact in float64, below 53 bits."""

LOVASZ = 0.99
"""Constant delta of the reduction, between 1/4 and 1. A larger value gives shorter vectors and takes longer. The usual
choice of lattice reduction."""

MOST_SWEEPS = 20_000
"""Most sweeps of one reduction; after them the basis is used unfinished. Hand-set."""


def lattice_subset(
    columns: NDArray[np.float64], target: NDArray[np.float64], tolerance: float
) -> NDArray[np.bool_] | None:
    """Find the columns whose sum is the target.

    Args:
        columns: equations x columns.
        target: one number per equation.
        tolerance: largest Euclidean norm of the difference.

    Returns:
        Whether each column belongs to the subset; None if no subset was found.
    """
    count = columns.shape[1]
    rows = np.vstack([columns.T, target])
    size = float(np.abs(rows).max())
    halves = np.vstack([2 * np.eye(count), np.ones(count)])
    transform = np.eye(count + 1)
    for bits in range(STAGE_BITS, MOST_BITS + 1, STAGE_BITS):
        factor = 2.0**bits / size
        scaled = np.rint(factor * rows)
        transform = reduce_lattice(transform, np.hstack([halves, scaled]))
        head = transform @ halves
        for vector in head[(np.abs(head) == 1).all(axis=1)]:
            for units in (vector > 0, vector < 0):
                if np.linalg.norm(columns @ units - target) <= tolerance:
                    return np.asarray(units, dtype=np.bool_)
        if factor * tolerance > 1:
            break
    return None


def reduce_lattice(transform: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reduce a lattice basis in the sense of Lenstra, Lenstra and Lovasz 1982.

    Every sweep reduces each vector by the vectors before it, and swaps neighbours if this shortens the first of the
    two. The pairs of one sweep do not overlap (Villard 1992, Parallel lattice basis reduction).

    Args:
        transform: integers, n x n with determinant 1 or -1; `transform @ rows` is the initial basis.
        rows: integers, n x dimensions, linearly independent.

    Returns:
        The transform of the reduced basis.
    """
    transform = transform.copy()
    basis = transform @ rows
    for sweep in range(MOST_SWEEPS):
        R = np.asarray(np.linalg.qr(basis.T, mode="r"))
        _reduce_sizes(R, basis, transform)
        diagonal = np.diag(R) ** 2
        swaps = LOVASZ * diagonal[:-1] > np.diag(R, 1) ** 2 + diagonal[1:]
        if not swaps.any():
            break
        parity = sweep % 2 if swaps[sweep % 2 :: 2].any() else 1 - sweep % 2
        first = parity + 2 * np.flatnonzero(swaps[parity::2])
        for array in (basis, transform):
            array[first], array[first + 1] = array[first + 1], array[first]
    return transform


def _reduce_sizes(R: NDArray[np.float64], basis: NDArray[np.float64], transform: NDArray[np.float64]) -> None:
    """Subtract multiples of earlier vectors from each vector, to at most half of their length along each of them.

    Args:
        R: triangular factor of the basis, one column per vector. All arrays are changed in place.
        basis: one row per vector.
        transform: one row per vector.
    """
    for at in range(len(R) - 2, -1, -1):
        factors = np.rint(R[at, at + 1 :] / R[at, at])
        changed = np.flatnonzero(factors)
        if len(changed):
            later, factors = at + 1 + changed, factors[changed]
            R[: at + 1, later] -= np.outer(R[: at + 1, at], factors)
            basis[later] -= np.outer(factors, basis[at])
            transform[later] -= np.outer(factors, transform[at])
