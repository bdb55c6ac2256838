"""Refine hyperplanes by least squares over many of their points, and tell flat from bent ones.

A kink of the first layer lies on one flat hyperplane through the whole domain. The kinks of a deeper unit lie on a
surface that bends where it meets a hyperplane of an earlier layer, so far points of its tangent plane are no kinks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.crossing import cross
from solvers.recovery.relu.hyperplanes.planes import Planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.crossing import Crossings
    from solvers.recovery.relu.hyperplanes.domain import Domain

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
OUTLIER = 30.0
"""Distance from the plane, in medians, beyond which a point belongs to another plane. Hand-set."""
ROUNDS = 4
"""Most draws of points in the last fit, for planes that are seen in a part of the domain only. Hand-set."""


def test_points(
    domain: Domain, planes: Planes, which: NDArray[np.intp], points: NDArray[np.float64], width: float
) -> tuple[Crossings, NDArray[np.bool_]]:
    """Test for kinks at points of planes, along the normals; also tell which points have room in the domain."""
    normals = planes.normals[which]
    widths = np.minimum(width * np.maximum(np.linalg.norm(points, axis=1), domain.reach), 0.4 * domain.depth(points))
    room = widths > 0
    room &= domain.inside(points + 2 * widths[:, None] * normals) & domain.inside(
        points - 2 * widths[:, None] * normals
    )
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
    radius = np.minimum(rooms, 0.3 * domain.reach)
    alive = np.ones(len(planes), dtype=bool)
    few = min(domain.dimensions + SURPLUS, 2 * SURPLUS)
    while alive.any() and (radius[alive] < domain.reach).any():
        which = np.repeat(np.flatnonzero(alive & (radius < domain.reach)), few)
        arrows = rng.standard_normal((len(which), domain.dimensions)) / np.sqrt(domain.dimensions)
        targets = planes.projected(which, planes.anchors[which] + radius[which][:, None] * arrows)
        points = domain.towards(planes.projected(which, planes.anchors[which]), targets, rng)
        found, room = test_points(
            domain, planes, which, points, min(width, 0.02 * float(radius[alive].min() / domain.reach))
        )
        owners = which[room][found.kink]
        planes, counts = _fit(planes, owners, found.points[found.kink], found.offset[found.kink])
        alive[np.unique(which)] &= counts[np.unique(which)] >= few // 4
        radius = radius * GROWTH
    planes, counts = _last_fit(domain, planes, np.flatnonzero(alive), width, rng)
    return planes, alive & (counts >= domain.dimensions // 2)


def _last_fit(
    domain: Domain,
    planes: Planes,
    chosen: NDArray[np.intp],
    width: float,
    rng: np.random.Generator,
) -> tuple[Planes, NDArray[np.intp]]:
    """Fit planes to points from the whole domain."""
    total = int(SURPLUS_SHARE * domain.dimensions) + SURPLUS
    missing = np.zeros(len(planes), dtype=np.intp)
    missing[chosen] = total
    points: list[NDArray[np.float64]] = []
    offsets: list[NDArray[np.float64]] = []
    owners: list[NDArray[np.intp]] = []
    for _ in range(ROUNDS):
        which = np.repeat(np.arange(len(planes)), missing)
        if not len(which):
            break
        spots = planes.spread(domain, which, rng)
        found, room = test_points(domain, planes, which, spots, width)
        owners.append(which[room][found.kink])
        points.append(found.points[found.kink])
        offsets.append(found.offset[found.kink])
        counts = np.bincount(np.concatenate(owners), minlength=len(planes))
        # Planes of which less than one point in ten is seen are given up: they are bent.
        hopeful = counts * 10 >= total
        missing = np.where(hopeful, np.maximum(total - counts, 0), 0) * (missing > 0)
    if not points:
        return planes, np.zeros(len(planes), dtype=np.intp)
    return _fit(planes, np.concatenate(owners), np.concatenate(points), np.concatenate(offsets))


def _fit(
    planes: Planes, owners: NDArray[np.intp], points: NDArray[np.float64], gaps: NDArray[np.float64]
) -> tuple[Planes, NDArray[np.intp]]:
    """Correct each plane by the least change of (n, b) that puts its points on it.

    A kink of another plane may lie near a point by chance. Its distance from the plane is far above the median.
    """
    normals, offsets = planes.normals.copy(), planes.offsets.copy()
    counts = np.zeros(len(planes), dtype=np.intp)
    for number in np.unique(owners):
        mine = np.flatnonzero(owners == number)
        size = np.abs(gaps[mine]) / np.maximum(np.linalg.norm(points[mine], axis=1), 1e-300)
        mine = mine[size <= OUTLIER * np.median(size)]
        counts[number] = len(mine)
        if len(mine) < 2:
            continue
        centre = points[mine].mean(axis=0)
        arms = points[mine] - centre
        arms /= np.linalg.norm(arms, axis=1).max()
        normal = normals[number]
        for _ in range(2):
            normal = normal - _least_change(arms, arms @ normal)
            normal /= np.linalg.norm(normal)
        normals[number], offsets[number] = normal, -normal @ centre
    return Planes(normals, offsets, planes.anchors), counts


def _least_change(arms: NDArray[np.float64], gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve min |arms change - gaps| by the smaller Gram matrix; the caller repeats it, so its error shrinks."""
    rows, columns = arms.shape
    if rows < columns:
        gram = arms @ arms.T
        return np.asarray(arms.T @ np.linalg.solve(gram + _ridge(gram), gaps))
    gram = arms.T @ arms
    return np.asarray(np.linalg.solve(gram + _ridge(gram), arms.T @ gaps))


def _ridge(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1e-13 * np.trace(gram) * np.eye(len(gram)))
