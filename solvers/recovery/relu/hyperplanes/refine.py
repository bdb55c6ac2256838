"""Refine hyperplanes by least squares over many of their points, and tell flat from bent ones.

A kink of the first layer lies on one flat hyperplane through the whole domain. The kinks of a deeper unit lie on a
surface that bends where it meets a hyperplane of an earlier layer, so far points of its tangent plane are no kinks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.crossing import cross, joined
from solvers.recovery.relu.hyperplanes.points import fit_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.crossing import Crossings
    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["refine", "visible_share"]

WIDTH = 3e-5
"""Half width of the test of a kink, relative to the size of its point. Hand-set: far below the distance of two kinks,
far above the error of a float64 kink (1e-12)."""
GROWTH = 20.0
"""Factor of the radius from one stage of the refinement to the next. Hand-set."""
SURPLUS = 8
"""Points beyond the number of unknowns in the last fit of a plane. Hand-set."""
SURPLUS_SHARE = 1.2
"""Points of the last fit, in unknowns. A larger value takes more queries and averages more errors. Hand-set."""
CHECKED = 64
"""Points of a short last fit, which is tried first where the long one needs more than four times as many points: if
these points show that the normal is fine, the long fit is left out. Hand-set."""
FINE = 1e-10
"""Largest error of a normal, as these points show it, after which the long fit is left out. A smaller value takes more
queries. Hand-set: worst weight errors of 784-128-128-1 then stay below 1e-8."""
SEEN = 0.4
"""Least share of the wanted points of the last fit that must be found. Hand-set."""
ROUNDS = 4
"""Most draws of points in the last fit, for planes that are seen in a part of the domain only. Hand-set."""


def test_points(
    domain: Domain, planes: Planes, which: NDArray[np.intp], points: NDArray[np.float64], width: float
) -> tuple[Crossings, NDArray[np.bool_]]:
    """Test for kinks at points of planes, along the normals; also tell which points have room in the domain."""
    normals = planes.normals[which]
    # Five values lie within two widths of the point: nearer than the nearest face.
    widths = np.minimum(width * np.maximum(np.linalg.norm(points, axis=1), domain.reach), 0.4 * domain.depth(points))
    room = widths > 0
    return cross(domain, points[room], normals[room], widths[room]), room


def visible_share(domain: Domain, planes: Planes, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Estimate the share of each plane, inside the domain, on which the function has a kink.

    Args:
        domain: the function.
        planes: the planes.
        count: points per plane.
        rng: random generator.

    Returns:
        One share per plane; 0 where no point could be decided.
    """
    which = np.repeat(np.arange(len(planes)), count)
    points = planes.spread(domain, which, rng)
    found, room = test_points(domain, planes, which, points, width_for(domain))
    kinks = np.bincount(which[room], found.kink, minlength=len(planes))
    decided = np.bincount(which[room], found.kink | found.straight, minlength=len(planes))
    return np.asarray(kinks / np.maximum(decided, 1))


def width_for(domain: Domain) -> float:
    """Choose the half width of a test: larger for outputs with larger errors."""
    return float(max(WIDTH, 3 * domain.step)) if domain.step > 1e-5 else WIDTH


def refine(
    domain: Domain,
    planes: Planes,
    rooms: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[Planes, NDArray[np.bool_]]:
    """Refine planes in stages of growing radius around one known kink each.

    Args:
        domain: the function.
        planes: planes with rough normals.
        rooms: distance to the next kink at each anchor.
        rng: random generator.

    Returns:
        The refined planes, and which of them were confirmed in every stage.
    """
    width = width_for(domain)
    size = np.maximum(np.linalg.norm(planes.anchors, axis=1), domain.reach)
    radius = np.minimum(rooms, 0.3 * size)
    alive = np.ones(len(planes), dtype=bool)
    few = min(domain.dimensions + SURPLUS, 2 * SURPLUS)
    while alive.any() and (radius[alive] < size[alive]).any():
        which = np.repeat(np.flatnonzero(alive & (radius < size)), few)
        arrows = rng.standard_normal((len(which), domain.dimensions)) / np.sqrt(domain.dimensions)
        targets = planes.projected(which, planes.anchors[which] + radius[which][:, None] * arrows)
        points = domain.towards(planes.projected(which, planes.anchors[which]), targets, rng)
        found, room = test_points(domain, planes, which, points, min(width, 0.02 * float((radius / size)[alive].min())))
        planes, counts, _ = fit_planes(planes, which[room][found.kink], found.some(found.kink))
        alive[np.unique(which)] &= counts[np.unique(which)] >= few // 4
        radius = radius * GROWTH
    long = int(SURPLUS_SHARE * domain.dimensions) + SURPLUS
    short = CHECKED if long > 4 * CHECKED else long
    planes, counts, errors = _last_fit(domain, planes, np.flatnonzero(alive), short, rng)
    alive &= counts >= SEEN * short
    coarse = np.flatnonzero(alive & (errors > FINE))
    if short < long and len(coarse):
        planes, counts, _ = _last_fit(domain, planes, coarse, long, rng)
        alive[coarse] = counts[coarse] >= SEEN * long
    return planes, alive


def _last_fit(
    domain: Domain,
    planes: Planes,
    chosen: NDArray[np.intp],
    total: int,
    rng: np.random.Generator,
) -> tuple[Planes, NDArray[np.intp], NDArray[np.float64]]:
    """Fit chosen planes to a number of points from the whole domain.

    Returns:
        The planes; and the points found and the error of the normal before this fit, one for each plane.
    """
    missing = np.zeros(len(planes), dtype=np.intp)
    missing[chosen] = total
    owners: list[NDArray[np.intp]] = []
    parts: list[Crossings] = []
    for _ in range(ROUNDS):
        which = np.repeat(np.arange(len(planes)), missing)
        if not len(which):
            break
        spots = planes.spread(domain, which, rng)
        found, room = test_points(domain, planes, which, spots, width_for(domain))
        owners.append(which[room][found.kink])
        parts.append(found.some(found.kink))
        counts = np.bincount(np.concatenate(owners), minlength=len(planes))
        # Planes of which less than one point in ten is seen are given up: they are bent.
        hopeful = counts * 10 >= total
        missing = np.where(hopeful, np.maximum(total - counts, 0), 0) * (missing > 0)
    if not parts:
        return planes, np.zeros(len(planes), dtype=np.intp), np.zeros(len(planes))
    return fit_planes(planes, np.concatenate(owners), joined(parts))
