"""Simple ways to name the residues of one table, as baselines: principal components, and planes of two units."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from solvers.modular.relabelling.planes import roundness

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["by_components", "by_two_units"]

COMPONENTS = 12
"""Principal components whose pairs are tried. Hand-set."""
DRAWS = 2000
"""Pairs of units that are drawn. Hand-set."""
INSIDE = 0.95
"""Share of a unit's energy in a plane for the unit to count as inside. Hand-set."""


def by_components(rows: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Sort the symbols by their angle on the roundest pair of principal components (arXiv 2306.17844, appendix B).

    Args:
        rows: units x p.
    """
    components = np.linalg.svd(rows - rows.mean(axis=1, keepdims=True), full_matrices=False)[2][:COMPONENTS]
    pairs = [components[list(pair)] for pair in combinations(range(len(components)), 2)]
    return _by_angle(min(pairs, key=roundness)) if pairs else None


def by_two_units(rows: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Sort the symbols by their angle in the plane of two drawn units that holds most units (RANSAC)."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1)
    unit = centred[norms > 1e-9 * norms.max(initial=0.0)]
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    if len(unit) < 2:
        return None
    rng = np.random.default_rng(0)
    best, most = None, 0
    for _ in range(DRAWS):
        plane = np.linalg.qr(unit[rng.choice(len(unit), 2, replace=False)].T)[0].T
        inside = int((((unit @ plane.T) ** 2).sum(axis=1) > INSIDE).sum())
        if inside > most:
            best, most = plane, inside
    return None if best is None else _by_angle(best)


def _by_angle(plane: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number the symbols by their angle in a plane, 2 x p, scaled to a circle."""
    scaled = plane / np.maximum(plane.std(axis=1, keepdims=True), 1e-300)
    residues = np.empty(plane.shape[1], dtype=np.intp)
    residues[np.argsort(np.arctan2(scaled[1], scaled[0]), kind="stable")] = np.arange(plane.shape[1])
    return residues
