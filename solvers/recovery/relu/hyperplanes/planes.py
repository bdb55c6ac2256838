"""Hyperplanes on which a function has kinks, and their normals from gradients on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.scanning import Kinks

__all__ = ["Planes", "gradients", "planes_at"]

NEAR = 1e-6
"""A kink this near to a known hyperplane, relative to the size of its point, lies on it. Hand-set, between the errors
of a scan (1e-9) and the distance of two kinks on a line (1e-3)."""
PACE = 0.05
"""Step of a gradient, as a share of the distance to the nearest kink on the scanned line. Hand-set."""
CHECKS = 4
"""Points around a gradient's point that prove it linear there. Hand-set."""
SHRINK = 0.1
"""Factor of the step where the function proves not linear around a point. Hand-set."""
RANK_ONE = 1e-4
"""Largest part of a gradient jump beyond one direction; several outputs must jump in parallel. Hand-set."""


@dataclass(frozen=True, eq=False)
class Planes:
    """Hyperplanes n u + b = 0.

    Attributes:
        normals: planes x dimensions, norm 1.
        offsets: b, one per plane.
        anchors: a kink on each plane, inside the domain; planes x dimensions.
    """

    normals: NDArray[np.float64]
    offsets: NDArray[np.float64]
    anchors: NDArray[np.float64]

    @classmethod
    def none(cls, dimensions: int) -> Planes:
        """Make an empty set."""
        return cls(np.empty((0, dimensions)), np.empty(0), np.empty((0, dimensions)))

    def __len__(self) -> int:
        """Count the planes."""
        return len(self.offsets)

    def some(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Planes:
        """Select planes."""
        return Planes(self.normals[chosen], self.offsets[chosen], self.anchors[chosen])

    def joined(self, other: Planes) -> Planes:
        """Append other planes."""
        pairs = ((self.normals, other.normals), (self.offsets, other.offsets), (self.anchors, other.anchors))
        return Planes(*(np.concatenate(pair) for pair in pairs))

    def distances(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute signed distances, points x planes."""
        return np.asarray(points @ self.normals.T + self.offsets)

    def projected(self, which: NDArray[np.intp], points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project each point to the plane whose number stands in `which`."""
        normals = self.normals[which]
        gap = (points * normals).sum(axis=1) + self.offsets[which]
        return np.asarray(points - gap[:, None] * normals)

    def spread(self, domain: Domain, which: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw points of planes from the whole domain; those outside are pulled towards the plane's anchor."""
        targets = self.projected(which, domain.sample(len(which), rng))
        return domain.towards(self.projected(which, self.anchors[which]), targets, rng)

    def explain(self, kinks: Kinks, reach: float, tolerance: float) -> NDArray[np.bool_]:
        """Tell which kinks lie on one of the planes."""
        if not len(self):
            return np.zeros(len(kinks), dtype=bool)
        size = np.maximum(np.linalg.norm(kinks.points, axis=1), 0.1 * reach)
        return np.asarray(np.abs(self.distances(kinks.points)).min(axis=1) <= tolerance * size)

    def distinct(self, reach: float, tolerance: float = 1e-5) -> Planes:
        """Leave out planes that equal an earlier one up to sign."""
        rows = np.column_stack([self.normals, self.offsets / reach])
        kept: list[int] = []
        for number, row in enumerate(rows):
            others = rows[kept]
            apart = (
                np.minimum(np.abs(others - row).max(axis=1), np.abs(others + row).max(axis=1)) if kept else np.ones(1)
            )
            if apart.min() > tolerance:
                kept.append(number)
        return self.some(np.array(kept, dtype=np.intp))


def gradients(
    domain: Domain, points: NDArray[np.float64], steps: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Measure gradients by forward differences.

    Args:
        domain: the function.
        points: points on no kink.
        steps: step of each point.
        rng: random generator.

    Returns:
        Gradients, points x outputs x dimensions; and whether the function proved linear around each point.
    """
    count, size = len(points), domain.dimensions
    signs = rng.choice([-1.0, 1.0], size)
    checks = rng.standard_normal((CHECKS, size))
    # As long as the other moves: longer ones would cross kinks that the others do not reach.
    checks /= np.linalg.norm(checks, axis=1)[:, None]
    moves = np.concatenate([np.zeros((1, size)), np.diag(signs), checks])
    found, linear = np.empty((count, domain.outputs, size)), np.zeros(count, dtype=bool)
    for number in range(count):
        rows = points[number] + steps[number] * moves
        values = domain.function(rows)
        rise = values - values[0]
        found[number] = (rise[1 : size + 1] / (steps[number] * signs[:, None])).T
        noise = domain.noise(points[number : number + 1], values[:1])[0]
        wrong = np.abs(rise[size + 1 :] - steps[number] * checks @ found[number].T).max()
        linear[number] = wrong <= 8 * noise * 3
    return found, linear


def planes_at(domain: Domain, kinks: Kinks, rng: np.random.Generator) -> tuple[Planes, NDArray[np.bool_]]:
    """Measure the hyperplanes through kinks from the gradients on both sides.

    Returns:
        The planes, and which kinks they belong to; kinks whose sides are not linear are left out.
    """
    room = np.minimum(kinks.room.min(axis=1), domain.depth(kinks.points))
    sides: list[NDArray[np.float64]] = []
    good = np.ones(len(kinks), dtype=bool)
    for sign in (-1.0, 1.0):
        points = kinks.points + (0.5 * sign * room)[:, None] * kinks.directions
        found, linear = _careful_gradients(domain, points, PACE * room, rng)
        sides.append(found)
        good &= linear
    jump = sides[1] - sides[0]
    normals, rest = np.empty((len(kinks), domain.dimensions)), np.empty(len(kinks))
    for number, matrix in enumerate(jump):
        _, values, right = np.linalg.svd(matrix, full_matrices=False)
        normals[number] = right[0]
        rest[number] = values[1] / max(values[0], 1e-300) if len(values) > 1 else 0.0
    good &= (rest <= RANK_ONE) & (np.abs(jump).max(axis=(1, 2)) > 0)
    offsets = -(normals * kinks.points).sum(axis=1)
    return Planes(normals, offsets, kinks.points).some(good), good


def _careful_gradients(
    domain: Domain, points: NDArray[np.float64], steps: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Measure gradients, with shorter steps where the first ones cross a kink."""
    found, linear = gradients(domain, points, steps, rng)
    for attempt in (1, 2):
        again = np.flatnonzero(~linear)
        if not len(again):
            break
        found[again], linear[again] = gradients(domain, points[again], steps[again] * SHRINK**attempt, rng)
    return found, linear
