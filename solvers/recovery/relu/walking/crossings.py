"""Cross the kinks of known units on a walk, into pieces where the surface is not determined yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solvers.recovery.relu.walking.lines import find_kinks
from solvers.recovery.relu.walking.steps import FARTHEST, distances, lengths, tangents
from solvers.recovery.relu.walking.surface import FLAT, WINDOW, locate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.walking.surface import Surface

__all__ = ["cross"]

NEAR = 0.02
"""Largest distance from a crossed kink at which the new angle is searched, relative to the scale. Hand-set."""
RAY = 1e-8
"""Largest distance between a ray and the kink found on it, relative to the scale. Hand-set, above rounding errors."""
SPREAD = 0.3
"""Random part of a step towards the kink of a unit, relative to the directed part. Hand-set."""
PAIRS = 64
"""Walkers per round. A larger value finds more crossings and takes longer. Hand-set."""
WIDTH = 8
"""Most crossings that are queried per round. A larger value takes more queries per round. Hand-set."""
LEAST = 1e-5
"""Least distance from a crossed kink at which the new angle is searched, relative to the scale. Narrower crossings are
left out. Hand-set."""
STRIDES = 6
"""Most pieces that a walker crosses without a query, while the surface is determined there. Hand-set."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Points at which walkers on a surface meet the kink of a known unit.

    Attributes:
        points: the points, rows x coordinates.
        unit: number of the known unit.
        walls: normals of its kink, of norm 1, in the direction of the walk.
        normals: normals of the surface before the kink, of norm 1.
        near: distance up to which there is no other known kink.
        ahead: normals of the surface beyond the kink, of norm 1.
        determined: whether the known points determine `ahead`.
    """

    points: NDArray[np.float64]
    unit: NDArray[np.int64]
    walls: NDArray[np.float64]
    normals: NDArray[np.float64]
    near: NDArray[np.float64]
    ahead: NDArray[np.float64]
    determined: NDArray[np.bool_]

    def take(self, index: NDArray[Any]) -> Edges:
        """Select edges."""
        return Edges(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def cross(surface: Surface, rng: np.random.Generator, strides: int = STRIDES) -> int:
    """Send walkers over the surface, and search the surface beyond the first kinks behind which it is not determined.

    Where the surface is determined, a walker crosses pieces without a query. If all walkers stay on such pieces, the
    surface is tested beyond the last kinks met.

    Returns:
        Number of crossings after which the surface was found again.
    """
    pick = rng.integers(len(surface.points), size=PAIRS)
    points = surface.points[pick]
    aims = _aims(surface, rng)
    edges = None
    for _ in range(strides):
        met, walkers = _walk_on(surface, points, aims, rng)
        if not len(met.points):
            break
        edges = met
        fresh = np.nonzero(~met.determined)[0]
        if len(fresh):
            edges = met.take(fresh)
            _, first = np.unique(edges.unit, return_index=True)
            edges = edges.take(np.sort(first)[:WIDTH])
            ahead = _new_angles(surface, edges)
            found = np.nonzero(np.isfinite(ahead).all(axis=1))[0]
            surface.tried += len(ahead) - len(found)
            surface.missed += len(ahead) - len(found)
            return _step_on(surface, edges.take(found), ahead[found], rng)
        # Cross the kink, and continue from a point of the surface just behind it.
        inward = met.walls - np.einsum("ij,ij->i", met.walls, met.ahead)[:, None] * met.ahead
        sizes = np.linalg.norm(inward, axis=1)
        good = sizes > FLAT
        points = (met.points + 0.5 * (met.near / np.where(good, sizes, 1.0))[:, None] * inward)[good]
        aims = aims[walkers][good]
    if edges is None:
        return 0
    edges = edges.take(np.arange(len(edges.points))[:WIDTH])
    return _step_on(surface, edges, edges.ahead, rng)


def _aims(surface: Surface, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw an aim for every second walker, a unit of layer l with an open weight; -1 stands for no aim."""
    known, null = surface.probe.known, surface.null()
    aims = np.full(PAIRS, -1)
    if known.layers and null.shape[1] > 1:
        share = np.linalg.norm(null[: known.prefix.units], axis=1) ** 2
        if share.sum() > 0:
            aims[::2] = rng.choice(known.prefix.units, size=len(aims[::2]), p=share / share.sum())
    return aims


def _walk_on(
    surface: Surface, points: NDArray[np.float64], aims: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Edges, NDArray[np.int64]]:
    """Walk from each point to the next known kink.

    Returns:
        The edges, and the numbers of the walkers that met them.
    """
    probe, scale, known = surface.probe, surface.probe.scale, surface.probe.known
    normals, single = surface.predict(points)
    steps = _directed(surface, points, normals, tangents(rng, normals), aims)
    ahead = distances(probe, points, steps)
    walkers = np.nonzero(single & (ahead[:, 0] < FARTHEST * scale))[0]
    points, normals, steps, ahead = points[walkers], normals[walkers], steps[walkers], ahead[walkers]
    edges = points + ahead[:, :1] * steps
    margins = known.margins(edges)
    rows = np.arange(len(edges))
    unit = margins.argmin(axis=1) if margins.size else np.zeros(0, np.int64)
    margins[rows, unit] = np.inf
    near = np.minimum(0.3 * (ahead[:, 1] - ahead[:, 0]), NEAR * scale)
    near = np.minimum(near, 0.25 * margins.min(axis=1, initial=np.inf))
    walls = known.gradients(edges)[1][rows, unit]
    sizes = np.linalg.norm(walls, axis=1)
    usable = (near > LEAST * scale) & (sizes > 0)
    walkers, edges, unit, walls, normals, near, steps = (
        x[usable]
        for x in (walkers, edges, unit, walls / np.where(sizes > 0, sizes, 1.0)[:, None], normals, near, steps)
    )
    walls = walls * np.sign(np.einsum("ij,ij->i", walls, steps))[:, None]
    beyond, determined = surface.predict(edges + near[:, None] * walls)
    return Edges(edges, unit, walls, normals, near, beyond, determined), walkers


def _directed(
    surface: Surface,
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    steps: NDArray[np.float64],
    aims: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Turn the steps of walkers with an aim towards the kink of that unit."""
    some = np.nonzero(aims >= 0)[0]
    if not len(some):
        return steps
    known = surface.probe.known
    units = known.prefix.units
    z = known.preactivations(points[some])[:, -units:][np.arange(len(some)), aims[some]]
    walls = known.gradients(points[some])[1][:, -units:][np.arange(len(some)), aims[some]]
    walls = walls - np.einsum("ij,ij->i", walls, normals[some])[:, None] * normals[some]
    sizes = np.linalg.norm(walls, axis=1)
    good = sizes > 0
    mixed = -np.sign(z[good])[:, None] * walls[good] / sizes[good, None] + SPREAD * steps[some[good]]
    steps = steps.copy()
    steps[some[good]] = mixed / np.linalg.norm(mixed, axis=1)[:, None]
    return steps


def _new_angles(surface: Surface, edges: Edges) -> NDArray[np.float64]:
    """Search the angle of the surface beyond a known kink.

    Both sides of the surface share the ridge on the known kink. So in the plane of the old normal and the kink's
    normal, the new side is a ray from the ridge. Three sides of a rectangle around the ridge meet every ray.

    Returns:
        New normals of norm 1; NaN if no ray was found.
    """
    points, walls, near = edges.points, edges.walls, edges.near
    along = edges.normals - np.einsum("ij,ij->i", edges.normals, walls)[:, None] * walls
    sizes = np.linalg.norm(along, axis=1)
    along /= np.where(sizes > FLAT, sizes, np.inf)[:, None]
    count = len(points)
    base = 1e-3 * near
    corner, side = near[:, None] * along, near[:, None] * walls
    floor = base[:, None] * walls
    starts = np.concatenate([points - corner + floor, points + corner + floor, points + side - corner])
    directions = np.concatenate([walls, walls, along])
    length = np.concatenate([near - base, near - base, 2 * near])
    kinks = find_kinks(surface.probe, starts, directions, (np.zeros(3 * count), length), 1e-6 * surface.probe.scale)
    new = np.full(points.shape, np.nan)
    case = kinks.piece % count
    hits = starts[kinks.piece] + kinks.at[:, None] * directions[kinks.piece] - points[case]
    rays = np.column_stack([np.einsum("ij,ij->i", hits, along[case]), np.einsum("ij,ij->i", hits, walls[case])])
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    candidates = rays[:, 1:] * along[case] - rays[:, :1] * walls[case]
    # A ray continues to the ridge; the kink of another unit does not.
    inner = points[case] + 0.1 * hits
    found, _, _, _ = locate(surface.probe, inner, candidates, WINDOW * surface.probe.scale, RAY * surface.probe.scale)
    for one in np.nonzero(found)[0]:
        new[case[one]] = candidates[one]
    return new


def _step_on(surface: Surface, edges: Edges, normals: NDArray[np.float64], rng: np.random.Generator) -> int:
    """Walk from crossed kinks into the new pieces, and test the surface there."""
    steps = tangents(rng, normals)
    slopes = np.einsum("ij,ij->i", steps, edges.walls)
    away = np.abs(slopes) > FLAT
    if not away.any():
        return 0
    edges, normals, slopes = edges.take(away), normals[away], slopes[away]
    steps = np.sign(slopes)[:, None] * steps[away]
    starts = edges.points + 1e-3 * (edges.near / np.abs(slopes))[:, None] * steps
    targets = starts + lengths(surface.probe, starts, steps, rng)[:, None] * steps
    return int(surface.test(targets, normals).sum())
