"""Fit hyperplanes to measured points of them, by least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from solvers.recovery.relu.hyperplanes.planes import Planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.crossing import Crossings

__all__ = ["fit_planes"]

OUTLIER = 30.0
"""Distance from the plane, in medians, beyond which a point belongs to another plane. Hand-set."""
STRAY = 8.0
"""The same after a fit of more points than unknowns, in medians of the residuals over their error bounds. A point of
another plane that passed the first test keeps a sixth of its distance in such a fit, above 8 medians. Hand-set."""
REPEATS = 4
"""Most fits of one plane, each without the stray points of the one before. Hand-set."""
RIDGE = 1e-13
"""Damping of the normal equations, relative to their trace. Hand-set, above their rounding errors."""
SPARE = 1.02
"""Least number of points that a fit without stray points must keep, in unknowns. Hand-set."""


def fit_planes(
    planes: Planes, owners: NDArray[np.intp], found: Crossings
) -> tuple[Planes, NDArray[np.intp], NDArray[np.float64]]:
    """Correct each plane by the least change of (n, b) that puts its points on it.

    A kink of another plane may lie near a point by chance. Its distance from the plane is far above the median, before
    the fit or at the latest after it.

    Returns:
        The planes; and the points used and the error of the normal before this fit, one for each plane.
    """
    normals, offsets = planes.normals.copy(), planes.offsets.copy()
    counts, errors = np.zeros(len(planes), dtype=np.intp), np.zeros(len(planes))
    dimensions = normals.shape[1]
    for number in np.unique(owners):
        mine = np.flatnonzero(owners == number)
        size = np.abs(found.offset[mine]) / np.maximum(np.linalg.norm(found.points[mine], axis=1), 1e-300)
        mine, size = (part[size <= OUTLIER * np.median(size)] for part in (mine, size))
        # A random direction shows the share 1 / sqrt(d) of an error.
        errors[number] = np.sqrt(dimensions * (size**2).mean())
        for _ in range(REPEATS):
            counts[number] = len(mine)
            if len(mine) < 2:
                break
            normals[number], centre = _fitted(normals[number], found.points[mine], found.error[mine])
            offsets[number] = -normals[number] @ centre
            rest = np.abs(found.points[mine] @ normals[number] + offsets[number]) / found.error[mine]
            good = rest <= max(STRAY * np.median(rest), 1.0)
            if good.all() or good.sum() <= SPARE * dimensions:
                break
            mine = mine[good]
    return Planes(normals, offsets, planes.anchors), counts, errors


def _fitted(
    normal: NDArray[np.float64], points: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correct a normal by the least change; return it and the weighted centre of the points, which is on the plane."""
    # Points whose error is far below the median are not much better than it: the positions of all are rounded.
    weights = 1 / np.maximum(errors, 0.3 * np.median(errors))
    centre = weights @ points / weights.sum()
    arms = weights[:, None] * (points - centre)
    arms /= np.linalg.norm(arms, axis=1).max()
    wide = len(arms) < arms.shape[1]
    gram = arms @ arms.T if wide else arms.T @ arms
    factor = cho_factor(gram + RIDGE * np.trace(gram) * np.eye(len(gram)))
    for _ in range(2):  # the second time takes away the rounding errors of the first
        gaps = arms @ normal
        normal = normal - (arms.T @ cho_solve(factor, gaps) if wide else cho_solve(factor, arms.T @ gaps))
        normal /= np.linalg.norm(normal)
    return normal, centre
