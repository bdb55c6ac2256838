"""Points of a domain at which the known layers have many different states, rare ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.scanning import Lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.walking.map import KnownMap

__all__ = ["SHORTEST", "diverse_lines", "diverse_points", "face_points"]

ON_FACES = 0.6
"""Share of the points that lie on faces of the regions; the others are drawn by the domain. Hand-set."""
INWARD = (1e-3, 0.3)
"""How far points are moved from their faces back to where they came from, as a share of the way. Hand-set."""
ASIDE = 0.5
"""Random part of a step towards a face, relative to a unit's row. Hand-set."""
LEAST = 1e-9
"""Least speed towards a wall that counts, relative to the wall's normal. Hand-set."""
DEPTH = 0.999
"""Largest share of the way from the centre of the domain to its faces. Hand-set."""
SHORT = 1e-3
"""Least length of a segment from a given point, relative to the way to another point. Hand-set."""
SHORTEST = 1e-4
"""Shortest line, relative to the typical norm. Hand-set."""


def diverse_points(domain: Domain, known: KnownMap, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw points near and far, and points near faces of all dimensions of the known layers' regions."""
    points = domain.sample(count, rng)
    some = rng.random(count) < ON_FACES
    faces = face_points(domain, known, points[some], rng)
    low, high = np.log(INWARD)
    share = np.exp(rng.uniform(low, high, (len(faces), 1)))
    points[some] = faces + share * (points[some] - faces)
    return domain.pulled(points, np.full(count, DEPTH))


def face_points(
    domain: Domain,
    known: KnownMap,
    starts: NDArray[np.float64],
    rng: np.random.Generator,
    aims: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Go from each point to a random face of the regions in which the known layers are linear, often to a vertex.

    A linear function on a region is largest at a vertex. So a unit that is on anywhere in a region of the layers before
    is on at some vertex, however small the part is where it is on.

    Args:
        domain: the states of the first layer.
        known: the known layers.
        starts: rows x coordinates.
        rng: draws the directions.
        aims: how much each walk is to raise each unit of the last known layer, rows x units; None draws them.
    """
    points = starts.copy()
    count, size = points.shape
    basis = np.zeros((count, size, size))
    rows = np.arange(count)
    dimension = rng.integers(0, size + 1, count)
    dimension[(rng.random(count) < 0.5) if aims is None else slice(None)] = size
    met = np.zeros((count, known.preactivations(points[:1]).shape[1] + len(domain.limits)), dtype=bool)
    if not met.shape[1]:
        return points
    normals_of_domain = domain.walls(np.eye(size)).T
    if aims is None:
        aims = _aims(known.prefix.units, count, rng)
    for step in range(size):
        going = rows[dimension > step]
        if not len(going):
            break
        here = points[going]
        gradients = known.gradients(here)[1]
        rays = rng.standard_normal(here.shape)
        rays /= np.linalg.norm(rays, axis=1)[:, None]
        rays = ASIDE * rays + np.einsum("ru,ruc->rc", aims[going], gradients[:, -aims.shape[1] :])
        rays -= np.einsum("rck,rk->rc", basis[going], np.einsum("rck,rc->rk", basis[going], rays))
        sizes = np.linalg.norm(rays, axis=1)
        rays /= np.where(sizes > 0, sizes, 1.0)[:, None]
        speeds = np.concatenate([np.einsum("ruc,rc->ru", gradients, rays), -domain.walls(rays)], axis=1)
        values = np.concatenate([known.preactivations(here), domain.limits - domain.walls(here)], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            times = -values / speeds
        times[~(times > 0) | met[going] | (np.abs(speeds) < LEAST)] = np.inf
        wall = times.argmin(axis=1)
        time = times[np.arange(len(going)), wall]
        fine = np.isfinite(time) & (sizes > LEAST)
        dimension[going[~fine]] = 0
        going, wall, time, rays, gradients = going[fine], wall[fine], time[fine], rays[fine], gradients[fine]
        points[going] += time[:, None] * rays
        met[going, wall] = True
        units = gradients.shape[1]
        inner = wall < units
        normal = np.empty((len(going), size))
        normal[inner] = gradients[inner, wall[inner]]
        normal[~inner] = normals_of_domain[wall[~inner] - units]
        for _ in range(2):
            normal -= np.einsum("rck,rk->rc", basis[going], np.einsum("rck,rc->rk", basis[going], normal))
        length = np.linalg.norm(normal, axis=1)
        basis[going, :, step] = normal / np.where(length > 0, length, 1.0)[:, None]
    return points


def _aims(units: int, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw how much each of several walks is to raise or lower each unit; every second walk is undirected."""
    aims = rng.standard_normal((count, units))
    rank = rng.random((count, units)).argsort(axis=1).argsort(axis=1)
    aims *= rank < rng.integers(1, units + 1, (count, 1))
    return np.asarray(aims * (rng.random((count, 1)) < 0.5))


def diverse_lines(
    domain: Domain, known: KnownMap, count: int, rng: np.random.Generator, ends: NDArray[np.float64] | None = None
) -> Lines:
    """Draw segments between two such points, or from given points to such points."""
    starts = diverse_points(domain, known, count, rng) if ends is None else ends
    stops = diverse_points(domain, known, len(starts), rng)
    if ends is not None:
        share = np.where(np.arange(len(ends)) % 2, 1.0, SHORT ** rng.random(len(ends)))
        stops = starts + share[:, None] * (stops - starts)
    long = np.linalg.norm(stops - starts, axis=1) > SHORTEST * domain.reach
    return Lines.between(starts[long], stops[long])
