"""A piecewise-linear function on a convex set of points, which is searched for kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.scanning import Kinks, Lines, scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.scanning import Function, Noise

    Draw = Callable[[int, np.random.Generator], NDArray[np.float64]]

__all__ = ["Domain"]

STRETCH = 10.0
"""Half length of a line, in multiples of the norm of its sampled point, or of the typical norm if that is larger. A
larger value meets more hyperplanes. Hand-set: such lines meet nearly all hyperplanes that pass near the origin."""
NUMBERS = 100_000
"""Numbers of inequalities that are computed together, at least one point. A larger value is slower once they do not fit
into the processor's cache. Hand-set."""


@dataclass(frozen=True, eq=False)
class Domain:
    """A function of u on the convex set {u: A u <= c}.

    Attributes:
        dimensions: number of coordinates of a point.
        outputs: number of outputs of the function.
        function: the function, from rows x dimensions to rows x outputs.
        noise: function that bounds the errors of outputs, from points and outputs.
        reach: typical norm of a point.
        step: step of a difference quotient, relative to the norm of the point.
        walls: function that maps points to A u, rows x inequalities.
        norms: norm of each row of A.
        limits: c, one number per inequality; empty for the whole space.
        centre: an inner point, to which points outside are pulled.
        draw: function `(count, rng)` that draws points near the origin and far from it, rows x dimensions. They may lie
            outside.
        box: bound of every coordinate if the inequalities are |u_i| <= box. It saves half of the time.
        first: segments that together meet nearly all hyperplanes. They are scanned if random lines did not suffice.
    """

    dimensions: int
    outputs: int
    function: Function
    noise: Noise
    reach: float
    step: float
    walls: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    norms: NDArray[np.float64]
    limits: NDArray[np.float64]
    centre: NDArray[np.float64]
    draw: Draw
    box: float | None = None
    first: Lines | None = None

    @property
    def floor(self) -> float:
        """Least norm that counts for the steps of points near the origin."""
        return 0.1 * self.reach

    @property
    def coarseness(self) -> float:
        """Error of an output relative to its typical change, from which the step was chosen (see `Probe.step`)."""
        return float(self.step**2.5)

    def scan(self, lines: Lines) -> Kinks:
        """Find the kinks on segments."""
        return scan(self.function, self.noise, lines, step=self.step, floor=self.floor)

    def stretch(
        self, points: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Compute the least and the largest t with point + t direction inside, infinite without a bound.

        Args:
            points: rows x dimensions, or 1 x dimensions for one point of all directions.
            directions: rows x dimensions.
        """
        parts = [
            self._stretch(points if len(points) == 1 else points[some], directions[some])
            for some in self._parts(len(directions))
        ]
        low, high = (np.concatenate(part) for part in zip(*parts, strict=True))
        return low, high

    def _stretch(
        self, points: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        low, high = np.full(len(directions), -np.inf), np.full(len(directions), np.inf)
        if self.box is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                half, middle = self.box / np.abs(directions), points / directions
                # A direction of 0 gives no bound; fmin and fmax pass over the number that is not one.
                low, high = np.fmax.reduce(-half - middle, axis=1), np.fmin.reduce(half - middle, axis=1)
            low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
        elif len(self.limits):
            slack = np.maximum(self.limits - self.walls(points), 0.0)
            speed = self.walls(directions)
            with np.errstate(divide="ignore", invalid="ignore"):
                time = slack / speed
            high = np.where(speed > 0, time, np.inf).min(axis=1)
            low = np.where(speed < 0, time, -np.inf).max(axis=1)
        return low, high

    def _parts(self, count: int) -> list[slice]:
        """Cut rows into parts whose inequalities fit into the processor's cache."""
        together = max(1, NUMBERS // max(len(self.limits), self.dimensions))
        return [slice(at, at + together) for at in range(0, max(count, 1), together)]

    def inside(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points are inside."""
        if not len(self.limits):
            return np.ones(len(points), dtype=bool)
        if self.box is not None:
            return np.asarray(np.abs(points).max(axis=1, initial=0.0) <= self.box)
        return np.asarray((self.walls(points) <= self.limits).all(axis=1))

    def depth(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the distance of each point from the nearest face; 0 outside, infinite without faces."""
        if not len(self.limits):
            return np.full(len(points), np.inf)
        if self.box is not None:
            return np.asarray(np.maximum(self.box - np.abs(points).max(axis=1, initial=0.0), 0.0))
        parts = [
            ((self.limits - self.walls(points[some])) / self.norms).min(axis=1) for some in self._parts(len(points))
        ]
        return np.asarray(np.maximum(np.concatenate(parts), 0.0))

    def towards(
        self, starts: NDArray[np.float64], ends: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Move inner points to targets; if a target lies outside, stop at a random share of the way to the face."""
        high = self.stretch(starts, ends - starts)[1]
        share = np.where(high > 1, 1.0, high * rng.uniform(0.2, 0.95, len(high)))
        return np.asarray(starts + share[:, None] * (ends - starts))

    def pulled(self, points: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pull points outside towards the centre, to a share `depth` of the way from the centre to the faces."""
        arrows = points - self.centre
        high = self.stretch(self.centre[None], arrows)[1]
        return np.asarray(self.centre + arrows * np.minimum(1.0, high * depth)[:, None])

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw points; points outside are pulled towards the centre, to a face or to a random depth."""
        depth = np.where(rng.random(count) < 0.5, 1.0, rng.random(count))
        return self.pulled(self.draw(count, rng), depth)

    def lines(self, count: int, rng: np.random.Generator, along: NDArray[np.float64] | None = None) -> Lines:
        """Draw segments through two sampled points, or through one sampled point roughly along a row of `along`."""
        points, others = self.sample(count, rng), self.sample(count, rng)
        directions = others - points
        same = ~directions.any(axis=1)
        directions[same] = rng.standard_normal((int(same.sum()), self.dimensions))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        if along is not None and len(along):
            chosen = along[rng.integers(len(along), size=count)]
            directions = chosen / np.linalg.norm(chosen, axis=1)[:, None] + 0.3 * directions
            directions /= np.linalg.norm(directions, axis=1)[:, None]
        low, high = self.stretch(points, directions)
        most = STRETCH * np.maximum(np.linalg.norm(points, axis=1), self.reach)
        low, high = np.maximum(low, -most), np.minimum(high, most)
        long = high - low > 1e-3 * self.reach
        points, directions, low, high = points[long], directions[long], low[long], high[long]
        return Lines.between(points + low[:, None] * directions, points + high[:, None] * directions)
