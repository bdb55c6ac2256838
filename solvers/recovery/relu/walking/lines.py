"""Query a scalar function of the coordinates u along lines, and find all its kinks on given pieces of lines.

On a line, a piecewise-linear network is a piecewise-linear function of one number. If the tangents at both ends of an
interval meet on the graph, the interval has one kink; otherwise it is halved (the search of Carlini, Jagielski, Mironov
2020, arXiv 2003.04884, section 4.1, for all intervals at once).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle
    from solvers.recovery.relu.walking.map import KnownMap

__all__ = ["Kinks", "Probe", "find_kinks"]

END = 1 / 32
"""Step of the difference quotient at an end of an interval, relative to the interval. Larger values make slopes more
precise, but miss more kinks near the ends, which takes further halvings. Hand-set."""
ROUNDING = 4e-16
"""Least rounding error of an output, relative to the output. From the unit in the last place of float64 and a few
additions."""
SAMPLE = 256
"""Points on which the rounding error is measured. A larger value takes more queries. Hand-set."""
USUAL = 0.8
"""Quantile of the second differences at these points that counts as the rounding error. Hand-set below 1, because
second differences at kinks are larger."""
SLACK = 20.0
"""Largest difference of two numbers that count as equal, in rounding errors. A larger value misses more weak kinks.
Hand-set."""
HALVINGS = 45
"""Most halvings of an interval. Hand-set so large that the least length ends the search first."""


@dataclass(frozen=True, eq=False)
class Probe:
    """The hidden network as a scalar function of the coordinates u.

    Attributes:
        oracle: the hidden network.
        known: the known layers, with the coordinates u.
        mix: weights of the outputs in the scalar, o numbers.
        scale: typical size of the coordinates.
        level: rounding error at the origin. It grows with the distance from the origin, as the hidden states do.
    """

    oracle: Oracle
    known: KnownMap
    mix: NDArray[np.float64]
    scale: float
    level: float

    @classmethod
    def of(cls, oracle: Oracle, known: KnownMap, scale: float, rng: np.random.Generator) -> Probe:
        """Draw a random mix of the outputs, in which all kinks are visible, and query to measure its rounding error."""
        points = scale * np.geomspace(0.5, 5.0, SAMPLE)[:, None] * rng.standard_normal((SAMPLE, known.coordinates))
        steps = 1e-6 * scale * rng.standard_normal(points.shape)
        plain = cls(oracle, known, np.ones(oracle.terms.outputs), scale, 0.0)
        low, high = plain.reach(np.zeros_like(points), points, 1.0)
        points *= 0.9 * np.minimum(-low, high)[:, None]
        rows = known.inputs(np.concatenate([points - steps, points, points + steps]))
        before, outputs, after = np.split(oracle(rows), 3)
        mix = rng.standard_normal(outputs.shape[1]) / np.maximum(outputs.std(axis=0), np.finfo(float).tiny)
        if len(mix) == 1:
            mix = np.ones(1)
        bend = np.abs((before + after - 2 * outputs) @ mix)
        level = float(np.quantile(bend / plain.growth(points), USUAL))
        return cls(oracle, known, mix, scale, max(level, ROUNDING * float(np.abs(outputs @ mix).mean())))

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map points, rows x coordinates, to one number per row, in calls of the allowed size.

        Points outside the box are moved to its boundary. They come from rounding and from the ends of short searches. A
        false kink by this move fails the later tests.

        Raises:
            QueryError: if the budget is spent.
        """
        inputs, terms = self.known.inputs(points), self.oracle.terms
        most = terms.rows_per_call
        if terms.low is not None and terms.high is not None:
            inputs = np.clip(inputs, terms.low, terms.high)
        blocks = [self.oracle(inputs[at : at + most]) @ self.mix for at in range(0, len(inputs), most)]
        return np.concatenate(blocks) if blocks else np.empty(0)

    def growth(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the factor by which rounding errors grow with the distance from the origin."""
        growth: NDArray[np.float64] = 1 + np.linalg.norm(points, axis=1) / (self.scale * np.sqrt(points.shape[1]))
        return growth

    def noise(self, values: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Estimate the rounding error of values at points."""
        return np.maximum(ROUNDING * np.abs(values), self.level * self.growth(points))

    def reach(
        self, starts: NDArray[np.float64], directions: NDArray[np.float64], most: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the positions at which lines leave the box, before and after their starts, at most `most` away."""
        low, high = np.full(len(starts), -most), np.full(len(starts), most)
        terms = self.oracle.terms
        if terms.low is None or terms.high is None:
            return low, high
        inputs, slopes = self.known.inputs(starts), directions @ self.known.basis.T
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.stack([(terms.low - inputs) / slopes, (terms.high - inputs) / slopes])
        flat = slopes == 0
        nearest = np.where(flat, -np.inf, ends.min(axis=0)).max(axis=1)
        farthest = np.where(flat, np.inf, ends.max(axis=0)).min(axis=1)
        shrink = 1 - 1e-9  # rounding must not leave the box
        return np.maximum(low, shrink * nearest), np.minimum(high, shrink * farthest)


@dataclass(frozen=True, eq=False)
class Kinks:
    """Kinks on pieces of lines.

    Attributes:
        piece: number of the piece of each kink.
        at: position in units of the line's direction.
        jump: change of the slope.
        error: estimated error of the position.
        room: distance to the nearer end of an interval without another kink.
    """

    piece: NDArray[np.int64]
    at: NDArray[np.float64]
    jump: NDArray[np.float64]
    error: NDArray[np.float64]
    room: NDArray[np.float64]


def find_kinks(
    probe: Probe,
    starts: NDArray[np.float64],
    directions: NDArray[np.float64],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    least: float,
) -> Kinks:
    """Find all kinks on pieces of lines.

    Args:
        probe: the function.
        starts: a point of each line, pieces x coordinates.
        directions: direction of each line.
        ends: start and end of each piece, in units of its direction.
        least: length below which an interval is not halved further.

    Raises:
        QueryError: if the budget is spent.
    """
    piece, (a, b) = np.arange(len(starts)), ends
    fa, fb = np.split(probe(np.concatenate([starts + a[:, None] * directions, starts + b[:, None] * directions])), 2)
    found: list[tuple[NDArray[np.float64], ...]] = []
    for _ in range(HALVINGS):
        keep = b - a > least
        piece, a, b, fa, fb = piece[keep], a[keep], b[keep], fa[keep], fb[keep]
        if not len(piece):
            break
        length = b - a
        step = END * length
        inner = _evaluate(probe, starts, directions, piece, np.stack([a + step, b - step]))
        middles = starts[piece] + (0.5 * (a + b))[:, None] * directions[piece]
        noise = probe.noise(np.maximum(np.abs(fa), np.abs(fb)), middles)
        sa, sb = (inner[0] - fa) / step, (fb - inner[1]) / step
        bent = np.maximum(np.abs(fb - fa - sa * length), np.abs(fb - fa - sb * length)) > SLACK * noise / END
        piece, a, b, fa, fb, sa, sb, noise = (x[bent] for x in (piece, a, b, fa, fb, sa, sb, noise))
        if not len(piece):
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            at = a + (fb - fa - sb * (b - a)) / (sa - sb)
        middle = 0.5 * (a + b)
        inside = (at > a) & (at < b) & np.isfinite(at)
        at = np.where(inside, at, middle)
        left, right = 0.5 * (a + at), 0.5 * (at + b)
        fl, f0, fr = _evaluate(probe, starts, directions, piece, np.stack([left, at, right]))
        limit = 0.1 * SLACK * noise / END
        single = inside & (np.abs(fa + sa * (left - a) - fl) < limit) & (np.abs(fb + sb * (right - b) - fr) < limit)
        single &= np.abs(fa + sa * (at - a) - f0) < 2 * limit
        with np.errstate(divide="ignore", invalid="ignore"):
            sl, sr = (fl - fa) / (left - a), (fb - fr) / (b - right)
            exact = left + (fr - fl - sr * (right - left)) / (sl - sr)
            error = 4 * noise / np.abs(sl - sr)
        single &= np.isfinite(exact) & (error < 0.1 * (b - a))
        found.append(
            (piece[single], exact[single], (sr - sl)[single], error[single], np.minimum(at - a, b - at)[single])
        )
        split = ~single
        piece, a, b, fa, fb = (x[split] for x in (piece, a, b, fa, fb))
        fl, fr = fl[split], fr[split]
        first = at[split] > middle[split]
        cut, fc = np.where(first, left[split], right[split]), np.where(first, fl, fr)
        piece, a, b = np.tile(piece, 2), np.concatenate([a, cut]), np.concatenate([cut, b])
        fa, fb = np.concatenate([fa, fc]), np.concatenate([fc, fb])
    if not found:
        return Kinks(np.empty(0, int), *(np.empty(0) for _ in range(4)))
    piece, at, jump, error, room = (np.concatenate(x) for x in zip(*found, strict=True))
    order = np.lexsort((at, piece))
    return Kinks(piece[order].astype(int), at[order], jump[order], error[order], room[order])


def _evaluate(
    probe: Probe,
    starts: NDArray[np.float64],
    directions: NDArray[np.float64],
    piece: NDArray[np.int64],
    at: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Evaluate the function at several positions of each piece, sets x pieces."""
    points = starts[piece] + at[:, :, None] * directions[piece]
    return probe(points.reshape(-1, points.shape[2])).reshape(at.shape)
