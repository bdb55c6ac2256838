"""Determine on which side of its hyperplane a first-layer unit is on, from slopes along the dual basis.

If the rows W are independent, a step along column i of W^+ changes only the preactivation of unit i. On the side where
unit i is off, the output does not change (ReLU), or q times as much as on the other side (leaky ReLU, with slope q
below zero).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.crossing import cross
from solvers.recovery.relu.hyperplanes.planes import Planes
from solvers.recovery.relu.hyperplanes.refine import width_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain

__all__ = ["oriented"]

PLACES = 16
"""Points per plane at which both slopes are measured. A larger value is more reliable and takes more queries.
Hand-set."""
CLEAR = 0.1
"""Largest slope on the off side, relative to the on side. Hand-set, above the slope 0.01 of leaky ReLU."""


def oriented(domain: Domain, planes: Planes, rng: np.random.Generator) -> tuple[Planes, NDArray[np.float64]]:
    """Choose the sign of each plane such that its unit is on where n u + b > 0.

    Returns:
        The planes, and for each plane the share of its measured points that agree with the sign; 0 for no points.
    """
    dual = np.linalg.pinv(planes.normals).T
    which = np.repeat(np.arange(len(planes)), PLACES)
    points = planes.spread(domain, which, rng)
    widths = width_for(domain) * np.maximum(np.linalg.norm(points, axis=1), domain.reach)
    steps = np.asarray(dual[which] / np.linalg.norm(dual[which], axis=1)[:, None], dtype=np.float64)
    room = domain.inside(points + 2 * widths[:, None] * steps) & domain.inside(points - 2 * widths[:, None] * steps)
    which, points, widths, steps = which[room], points[room], widths[room], steps[room]
    found = cross(domain, points, steps, widths)
    before, after = np.abs(found.before).max(axis=1), np.abs(found.after).max(axis=1)
    votes = found.kink * ((before < CLEAR * after) * 1.0 - (after < CLEAR * before) * 1.0)
    total = np.bincount(which, votes, minlength=len(planes))
    cast = np.bincount(which, found.kink, minlength=len(planes))
    signs = np.where(total >= 0, 1.0, -1.0)
    turned = Planes(signs[:, None] * planes.normals, signs * planes.offsets, planes.anchors)
    return turned, np.abs(total) / np.maximum(cast, 1)
