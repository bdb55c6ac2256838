"""Tell the hyperplanes of a layer from planes that bend: a deeper unit's surface turns where it meets the layer.

A ray inside a plane is followed to the first other plane that it meets. If the plane is one of the layer, it is seen on
both sides of that crossing. If it is tangent to the surface of a deeper unit, it is seen before the crossing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.refine import test_points, width_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["evidence", "straight_planes"]

POINTS = 192
"""Points per plane on which rays begin. A larger value finds rarer crossings. Hand-set."""
RAYS = 200
"""Rays per plane; half of them go towards a random other plane. A larger value finds planes that bend less often, and
takes 10 queries per ray. Hand-set."""
ASIDE = 0.3
"""Random part of a ray towards a plane, relative to the directed part. Hand-set."""
BESIDE = 0.02
"""Distance from a crossing at which half of the rays are tested, relative to the size of the point; the others are
tested halfway to the next plane, where a small bend shows better. Hand-set."""
BENT = 0.3
"""Share of the crossings with one plane beyond which another plane is not seen, from which the latter bends. Hand-set:
hyperplanes of a layer stay near 0, planes that bend near 1."""
LIMIT = 0.98
"""Share of the way to the faces of the domain up to which crossings count. Hand-set."""
MOST_SIZES = 6
"""Number of sizes of the jump beyond which more do not count. Hand-set."""
SAME = 1e-4
"""Largest relative difference of two jumps of the slope that count as equal. Hand-set."""


def straight_planes(domain: Domain, planes: Planes, rng: np.random.Generator) -> Planes:
    """Keep the planes that bend at no other plane."""
    if len(planes) < 2:
        return planes
    ended, crossed = _crossings(domain, planes, rng)
    bends = (ended > 0) & (ended >= BENT * (ended + crossed))
    # A plane of the layer may cease to be seen where a deeper unit switches; that unit's plane bends itself.
    kept = np.ones(len(planes), dtype=bool)
    while True:
        firm = ~bends.any(axis=1)
        fallen = kept & (bends & firm).any(axis=1)
        if not fallen.any():
            return planes.some(kept)
        kept &= ~fallen
        bends[:, fallen] = False
        bends[fallen] = False


def evidence(domain: Domain, planes: Planes, rng: np.random.Generator) -> NDArray[np.float64]:
    """Measure how much speaks for each plane: it crosses others without a bend, and its jumps have several sizes.

    A unit of the next layer jumps by an amount that depends on the units behind it. A unit of the last hidden layer has
    one jump in each region of the layers before.
    """
    which = np.repeat(np.arange(len(planes)), POINTS)
    found, room = test_points(domain, planes, which, planes.spread(domain, which, rng), width_for(domain))
    jumps = np.linalg.norm(found.after - found.before, axis=1)
    counts = np.zeros(len(planes))
    for number in range(len(planes)):
        mine = np.sort(jumps[(which[room] == number) & found.kink])
        counts[number] = (np.diff(mine) > SAME * mine[1:]).sum() + 1 if len(mine) else 0
    crossed = _crossings(domain, planes, rng)[1].sum(axis=1)
    return np.asarray(np.minimum(counts, MOST_SIZES) * np.log1p(crossed))


def _crossings(
    domain: Domain, planes: Planes, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count, for each plane (row) and each plane that rays in it meet (column), where it ends and where it goes on."""
    count = len(planes)
    which = np.repeat(np.arange(count), POINTS)
    points = planes.spread(domain, which, rng)
    seen = _visible(domain, planes, which, points)[0]
    parts = [rng.choice(spots, RAYS) for one in range(count) if len(spots := np.flatnonzero((which == one) & seen))]
    ended, crossed = np.zeros((count, count)), np.zeros((count, count))
    if not parts:
        return ended, crossed
    chosen = np.concatenate(parts)
    owner, starts = which[chosen], points[chosen]
    rays = _rays(domain, planes, owner, starts, rng)
    rows = np.arange(len(owner))
    with np.errstate(divide="ignore", invalid="ignore"):
        times = -planes.distances(starts) / (rays @ planes.normals.T)
    times[rows, owner] = np.inf
    times[~(times > 0)] = np.inf
    other = times.argmin(axis=1)
    first = times[rows, other]
    times[rows, other] = np.inf
    high = domain.stretch(starts, rays)[1]
    gap = 0.5 * np.minimum(first, np.minimum(times.min(axis=1), high) - first)
    inner = (first < LIMIT * high) & np.isfinite(gap)
    owner, other, starts, rays, first, gap = (x[inner] for x in (owner, other, starts, rays, first, gap))
    spots = starts + first[:, None] * rays
    near = np.minimum(BESIDE * np.maximum(np.linalg.norm(spots, axis=1), domain.reach), gap)
    step = np.where(rng.random(len(gap)) < 0.5, near, gap)[:, None]
    before, _ = _visible(domain, planes, owner, spots - step * rays)
    after, gone = _visible(domain, planes, owner, spots + step * rays)
    np.add.at(ended, (owner, other), before & gone)
    np.add.at(crossed, (owner, other), before & after)
    return ended, crossed


def _rays(
    domain: Domain,
    planes: Planes,
    owner: NDArray[np.intp],
    starts: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw unit directions inside the owners' planes, every second one towards another plane."""
    normals = planes.normals[owner]
    rays = planes.projected(owner, domain.sample(len(owner), rng)) - starts
    rays /= np.maximum(np.linalg.norm(rays, axis=1), np.finfo(float).tiny)[:, None]
    aim = rng.integers(len(planes), size=len(owner))
    arrows = planes.normals[aim] - (planes.normals[aim] * normals).sum(axis=1)[:, None] * normals
    sizes = np.linalg.norm(arrows, axis=1)
    side = -np.sign(planes.distances(starts)[np.arange(len(owner)), aim])
    aimed = (rng.random(len(owner)) < 0.5) & (sizes > 0)
    arrows = (side / np.where(sizes > 0, sizes, 1.0))[:, None] * arrows + ASIDE * rays
    rays = np.where(aimed[:, None], arrows, rays)
    rays = rays - (rays * normals).sum(axis=1)[:, None] * normals
    return np.asarray(rays / np.maximum(np.linalg.norm(rays, axis=1), np.finfo(float).tiny)[:, None])


def _visible(
    domain: Domain, planes: Planes, which: NDArray[np.intp], points: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell where a plane is seen at its points, and where the function is linear instead."""
    found, room = test_points(domain, planes, which, points, width_for(domain))
    kink, straight = np.zeros(len(points), dtype=bool), np.zeros(len(points), dtype=bool)
    kink[room], straight[room] = found.kink, found.straight
    return kink, straight
