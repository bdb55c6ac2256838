"""Points of a domain at which the known layers have many different states, rare ones too."""

from __future__ import annotations

from dataclasses import dataclass
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
    count, size = starts.shape
    # Walks that go to smaller faces come first, so that the ones still going are always the first rows.
    depth = rng.integers(0, size + 1, count)
    depth[(rng.random(count) < 0.5) if aims is None else slice(None)] = size
    order = np.argsort(-depth, kind="stable")
    walks = _Walks.of(
        domain, known, starts[order], _aims(known.prefix.units, count, rng) if aims is None else aims[order]
    )
    for step in range(size):
        walks.step(step, int((depth > step).sum()), rng)
    found = np.empty_like(starts)
    found[order] = walks.points
    return found


@dataclass(eq=False)
class _Walks:
    """Walks that go from face to face, each of one dimension less.

    Attributes:
        known: the known layers.
        faces: unit normals of the domain's faces, outwards.
        points: rows x coordinates.
        aims: how much each walk is to raise each unit of the last known layer.
        slack: distance to each face of the domain.
        met: which units' kinks and which faces each walk has met.
        basis: orthonormal normals of these, rows x steps x coordinates.
    """

    known: KnownMap
    faces: NDArray[np.float64]
    points: NDArray[np.float64]
    aims: NDArray[np.float64]
    slack: NDArray[np.float64]
    met: NDArray[np.bool_]
    basis: NDArray[np.float64]

    @classmethod
    def of(cls, domain: Domain, known: KnownMap, starts: NDArray[np.float64], aims: NDArray[np.float64]) -> _Walks:
        count, size = starts.shape
        faces = (domain.walls(np.eye(size)) / domain.norms).T[: len(domain.limits)]
        slack = (domain.limits - domain.walls(starts)[:, : len(domain.limits)]) / domain.norms[: len(domain.limits)]
        units = known.preactivations(starts[:1]).shape[1]
        met = np.zeros((count, units + len(faces)), dtype=bool)
        return cls(known, faces, starts.copy(), aims, slack, met, np.zeros((count, size, size)))

    def step(self, step: int, count: int, rng: np.random.Generator) -> None:
        """Take the first walks, so many, to the next kink or face along a direction inside the current face."""
        if not count or not self.met.shape[1]:
            return
        here, basis, slack, met = self.points[:count], self.basis[:count, :step], self.slack[:count], self.met[:count]
        gradients = self.known.gradients(here)[1]
        aims = self.aims[:count]
        rays = rng.standard_normal(here.shape)
        rays /= np.linalg.norm(rays, axis=1)[:, None]
        rays = ASIDE * rays + np.matmul(aims[:, None], gradients[:, -aims.shape[1] :])[:, 0]
        rays = _without(basis, rays)
        sizes = np.linalg.norm(rays, axis=1)
        rays /= np.where(sizes > 0, sizes, 1.0)[:, None]
        towards = rays @ self.faces.T
        speeds = np.concatenate([np.matmul(gradients, rays[:, :, None])[:, :, 0], -towards], axis=1)
        values = np.concatenate([self.known.preactivations(here), slack], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            times = -values / speeds
        times[~(times > 0) | met | (np.abs(speeds) < LEAST)] = np.inf
        rows = np.arange(count)
        wall = times.argmin(axis=1)
        time = times[rows, wall]
        # A walk that meets nothing more stays where it is.
        stuck = ~np.isfinite(time) | (sizes <= LEAST)
        time[stuck] = 0.0
        here += time[:, None] * rays
        slack -= time[:, None] * towards
        met[rows, wall] |= ~stuck
        units = gradients.shape[1]
        normals = np.where(
            (wall < units)[:, None],
            gradients[rows, np.minimum(wall, units - 1)],
            self.faces[np.maximum(wall - units, 0)] if len(self.faces) else 0.0,
        )
        normals = _without(basis, _without(basis, normals))
        lengths = np.linalg.norm(normals, axis=1)
        normals /= np.where(lengths > 0, lengths, 1.0)[:, None]
        self.basis[:count, step] = np.where(stuck[:, None], 0.0, normals)


def _without(basis: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Remove the parts of vectors (rows x coordinates) along orthonormal ones (rows x steps x coordinates)."""
    parts = np.matmul(basis, vectors[:, :, None])
    return np.asarray(vectors - np.matmul(parts.transpose(0, 2, 1), basis)[:, 0])


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
