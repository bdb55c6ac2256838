"""Tell cheaply, before a normal is measured, whether a kink lies on a flat hyperplane.

In the plane spanned by the line of a kink and a random direction, a flat hyperplane is a straight line. Its slope is
measured near the kink, and far points of it are tested. That takes about 100 queries; a normal takes two gradients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.crossing import cross
from solvers.recovery.relu.hyperplanes.refine import width_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.scanning import Kinks

__all__ = ["flat"]

DIRECTIONS = 4
"""Random directions per kink. Hand-set."""
FAR = 4
"""Far points per direction. Hand-set."""
SHARE = 0.25
"""Least share of the far points that must be kinks. Bent surfaces reach 0.1, flat ones that a dead part of the network
hides in places reach 0.5. Hand-set."""


def flat(domain: Domain, kinks: Kinks, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Tell which kinks lie on flat hyperplanes."""
    count = len(kinks)
    room = kinks.room.min(axis=1)
    exact = cross(domain, kinks.points, kinks.directions, 0.2 * room)
    votes, seen = np.zeros(count), np.zeros(count)
    which = np.flatnonzero(exact.kink)
    for _ in range(DIRECTIONS):
        arrows = rng.standard_normal((len(which), domain.dimensions))
        arrows /= np.linalg.norm(arrows, axis=1)[:, None]
        base, along, width = exact.points[which], kinks.directions[which], 0.2 * room[which]
        shift = 0.2 * width
        beside = cross(domain, base + shift[:, None] * arrows, along, width)
        tangent = arrows + (beside.offset / shift)[:, None] * along
        good = beside.kink
        low, high = domain.stretch(base, tangent)
        # As far as the point is from the origin: a bent surface looks flat over a small share of that distance.
        reach = np.maximum(np.linalg.norm(base, axis=1), domain.reach)
        for _ in range(FAR):
            far = rng.uniform(0.2, 3.0, len(which)) * reach * rng.choice([-1.0, 1.0], len(which))
            far = np.clip(far, 0.9 * low, 0.9 * high)
            points = base + far[:, None] * tangent
            sizes = width_for(domain) * np.maximum(np.linalg.norm(points, axis=1), domain.reach)
            usable = good & domain.inside(points + 2 * sizes[:, None] * along)
            usable &= domain.inside(points - 2 * sizes[:, None] * along)
            found = cross(domain, points[usable], along[usable], sizes[usable])
            np.add.at(votes, which[usable], found.kink)
            np.add.at(seen, which[usable], found.kink | found.straight)
    return np.asarray(votes >= np.maximum(SHARE * seen, 1))
