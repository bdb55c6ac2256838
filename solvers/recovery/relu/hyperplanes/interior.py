"""Find an inner point of a polytope by linear programming."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["inner_point"]

DEPTH = 1e-9
"""Least distance of an inner point from the faces, relative to its size. Hand-set, above rounding errors."""


def inner_point(
    faces: NDArray[np.float64], limits: NDArray[np.float64], size: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Find a point of {u: faces u <= limits} that keeps a distance from all faces.

    Args:
        faces: inequalities x dimensions.
        limits: right-hand sides of the inequalities.
        size: typical size of each coordinate; its norm bounds the distance from the faces.

    Returns:
        The point; None if the polytope has no inner point.
    """
    if (faces @ size < limits).all():
        return size
    norms = np.linalg.norm(faces, axis=1)
    cost = np.append(np.zeros(faces.shape[1]), -1.0)
    most = float(np.linalg.norm(size))
    bounds = [(None, None)] * faces.shape[1] + [(0.0, most)]
    found = linprog(cost, np.column_stack([faces, norms]), limits, bounds=bounds)
    if found.x is None or found.x[-1] <= DEPTH * most:
        return None
    return np.asarray(found.x[:-1])
