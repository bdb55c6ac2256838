"""Find the circles of a shuffled table: planes in which all symbols have the same distance from the origin.

A row of the table is the contribution of the p symbols to one hidden unit. A unit that computes cos(2 pi k t / p +
phase) of the residue t lies in the plane of circle k. Two such units of one circle span the plane. In an orthonormal
basis of the plane the symbols lie on a circle, whatever the order of the symbols is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Plane", "circle_planes", "roundness"]

PARALLEL = 0.95
"""Largest |cosine| of two rows that are taken to span a plane. A larger value tries pairs whose plane is uncertain.
Hand-set.
"""
FLAT = 1e-9
"""Smallest norm of a centred row, relative to the largest, that is looked at: dead units have none. Hand-set."""
ROUND = 0.35
"""Largest roundness of a pair of rows from which a plane is fitted. Pairs of two circles have about 0.5 and more.
Hand-set.
"""
MEMBER = 0.6
"""Smallest share of a row's energy in a plane for the row to belong to the plane. Hand-set."""
REFITS = 8
"""Rounds of refitting a plane to its member rows. Hand-set."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane of a table.

    Attributes:
        basis: orthonormal rows, 2 x p; the symbols' coordinates.
        members: rows of the table that lie in the plane.
        roundness: relative variance of the squared distances of the symbols from the origin; 0 for a circle.
    """

    basis: NDArray[np.float64]
    members: NDArray[np.intp]
    roundness: float


def roundness(basis: NDArray[np.float64]) -> float:
    """Compute the relative variance of the squared distances of p symbols from the origin; `basis` is 2 x p."""
    squared = (basis**2).sum(axis=0)
    return float(squared.var() / squared.mean() ** 2)


def circle_planes(table: NDArray[np.float64], most: int = 64) -> list[Plane]:
    """Find planes of a table, units x p, the plane with most energy of the table first.

    Rows are paired; the roundest pair gives a plane; rows that lie in the plane refit it and are removed; the search
    goes on with the others.
    """
    centred = table - table.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1)
    alive = np.flatnonzero(norms > FLAT * norms.max(initial=0.0))
    unit = centred[alive] / norms[alive, None]
    statistic = _pair_roundness(unit)
    free = np.ones(len(alive), dtype=bool)
    found: list[Plane] = []
    while free.sum() >= 2 and len(found) < most:
        open_pairs = np.where(free[:, None] & free[None, :], statistic, np.inf)
        i, j = np.unravel_index(int(open_pairs.argmin()), open_pairs.shape)
        if open_pairs[i, j] > ROUND:
            break
        basis, members = _refit(unit, norms[alive], np.array([i, j]), free)
        free[[i, j]] = False
        free[members] = False
        found.append(Plane(basis, alive[members], roundness(basis)))
    return sorted(found, key=lambda plane: -float((centred @ plane.basis.T).var() * len(plane.members)))


def _pair_roundness(unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the roundness of the plane of every pair of unit rows, units x units; infinite for parallel rows."""
    symbols = unit.shape[1]
    cosine = unit @ unit.T
    squares = unit**2
    # In an orthonormal basis of the plane of rows r and s with cosine c, the squared distance of a symbol is
    # (r^2 + s^2 - 2 c r s) / (1 - c^2). Its sum over the symbols is 2.
    both = squares @ squares.T
    cubes = (squares * unit) @ unit.T  # sum of r^3 s
    own = np.einsum("ip,ip->i", squares, squares)
    total = own[:, None] + own[None, :] + 2 * both + 4 * cosine**2 * both - 4 * cosine * (cubes + cubes.T)
    spread = np.maximum(1 - cosine**2, 1e-12)
    result: NDArray[np.float64] = symbols * total / (4 * spread**2) - 1
    result[np.abs(cosine) > PARALLEL] = np.inf
    np.fill_diagonal(result, np.inf)
    return result


def _refit(
    unit: NDArray[np.float64], weights: NDArray[np.float64], pair: NDArray[np.intp], free: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Refit the plane of two rows to all free rows that lie in it. Returns the basis and the members."""
    members = pair
    basis = np.linalg.svd(unit[pair], full_matrices=False)[2]
    for _ in range(REFITS):
        share = ((unit @ basis.T) ** 2).sum(axis=1)
        now = np.flatnonzero(free & (share > MEMBER))
        if len(now) < 2 or np.array_equal(now, members):
            break
        members = now
        basis = np.linalg.svd(unit[members] * weights[members, None], full_matrices=False)[2][:2]
    return basis, members
