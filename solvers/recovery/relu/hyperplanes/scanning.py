"""Find the kinks of a piecewise-linear function on many line segments at once, from slopes.

On a piece between two kinks the function is linear. If an interval has one kink, the tangents at both ends meet in that
kink, and further values prove it. Otherwise the interval is split. Recovery by kinks is from Rolnick and Kording 2020,
arXiv 1910.00744, and Carlini, Jagielski, Mironov 2020, arXiv 2003.04884, section 4.2; tangents replace their bisection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]
    Noise = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]

__all__ = ["Kinks", "Lines", "scan"]

ROUNDS = 60
"""Most splits of one interval. Hand-set to twice the number that 2000 kinks on a segment need."""
SLACK = 6.0
"""Largest difference that counts as an error, in multiples of the error bound. A larger value misses more weak kinks.
Hand-set."""
SHORTEST = 4.0
"""Shortest interval that is split, in steps of a difference quotient. Closer kinks are left to other lines.
Hand-set."""
EDGE = 0.01
"""Share of an interval at each end in which an intersection of tangents is ignored and the interval is halved.
Hand-set."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Segments base + t direction, low <= t <= high.

    The base is the point of the line that is nearest to the origin. So the rounding of t moves a point by no more than
    the rounding of the point itself.

    Attributes:
        bases: lines x dimensions.
        directions: lines x dimensions, norm 1.
        low: start of each segment.
        high: end of each segment.
    """

    bases: NDArray[np.float64]
    directions: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def between(cls, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> Lines:
        """Build the segments between two arrays of points."""
        lengths = np.linalg.norm(ends - starts, axis=1)
        directions = (ends - starts) / lengths[:, None]
        low = (starts * directions).sum(axis=1)
        return cls(starts - low[:, None] * directions, directions, low, low + lengths)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Lengths of the segments."""
        return self.high - self.low

    def points(self, line: NDArray[np.intp], t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute points of segments."""
        return np.asarray(self.bases[line] + t[:, None] * self.directions[line])


@dataclass(frozen=True, eq=False)
class Kinks:
    """Kinks on segments, in the order of the lines and along each line.

    Attributes:
        line: number of the line of each kink.
        t: position on the line.
        points: kinks x dimensions.
        directions: direction of the kink's line.
        jump: slope after the kink minus slope before it, kinks x outputs.
        room: distances to the neighbouring kinks (or the ends) before and after, kinks x 2.
    """

    line: NDArray[np.intp]
    t: NDArray[np.float64]
    points: NDArray[np.float64]
    directions: NDArray[np.float64]
    jump: NDArray[np.float64]
    room: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the kinks."""
        return len(self.t)

    def some(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Kinks:
        """Select kinks by a mask or by their numbers."""
        return Kinks(
            self.line[chosen],
            self.t[chosen],
            self.points[chosen],
            self.directions[chosen],
            self.jump[chosen],
            self.room[chosen],
        )


@dataclass(frozen=True, eq=False)
class _Ends:
    """One end of each interval: position t, value, slope, and the error bounds `error` of value and `tilt` of slope."""

    t: NDArray[np.float64]
    value: NDArray[np.float64]
    slope: NDArray[np.float64]
    error: NDArray[np.float64]
    tilt: NDArray[np.float64]

    def some(self, chosen: NDArray[np.bool_]) -> _Ends:
        return _Ends(*(part[chosen] for part in (self.t, self.value, self.slope, self.error, self.tilt)))

    def at(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Extend the tangents to other positions."""
        return np.asarray(self.value + (t - self.t)[:, None] * self.slope)

    def bound(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bound the error of the extended tangents."""
        return np.asarray(self.error + np.abs(t - self.t) * self.tilt)


def _joined(parts: list[_Ends]) -> _Ends:
    pieces = zip(*((one.t, one.value, one.slope, one.error, one.tilt) for one in parts), strict=True)
    return _Ends(*(np.concatenate(piece) for piece in pieces))


@dataclass(frozen=True, eq=False)
class _Scan:
    function: Function
    noise: Noise
    lines: Lines
    step: float
    floor: float

    def steps(self, line: NDArray[np.intp], t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Choose the steps of difference quotients: a share of the norm of the point, at most 5 % of the segment."""
        size = np.maximum(np.linalg.norm(self.lines.points(line, t), axis=1), self.floor)
        return np.asarray(np.minimum(self.step * size, 0.05 * self.lines.lengths[line]))

    def ends(
        self, line: NDArray[np.intp], t: NDArray[np.float64], step: NDArray[np.float64], signs: tuple[float, ...]
    ) -> list[_Ends]:
        """Measure values, and slopes towards larger t (sign +1) or smaller t (sign -1)."""
        rows = [self.lines.points(line, t + sign * step) for sign in (0.0, *signs)]
        value, *others = np.split(self.function(np.concatenate(rows)), 1 + len(signs))
        error = self.noise(rows[0], value)
        slopes = [(other - value) / (sign * step)[:, None] for sign, other in zip(signs, others, strict=True)]
        return [_Ends(t, value, slope, error, 2 * error / step) for slope in slopes]


def scan(function: Function, noise: Noise, lines: Lines, *, step: float, floor: float) -> Kinks:
    """Find the kinks on segments.

    Args:
        function: a piecewise-linear function from rows x dimensions to rows x outputs.
        noise: function that bounds the errors of outputs, from points and outputs.
        lines: the segments.
        step: step of a difference quotient, relative to the norm of the point.
        floor: least norm that counts for the step.

    Returns:
        The kinks, without kinks that are too weak for the noise or too close together.
    """
    run = _Scan(function, noise, lines, step, floor)
    count = len(lines.lengths)
    line = np.arange(count)
    (left,) = run.ends(line, lines.low, run.steps(line, lines.low), (1.0,))
    (right,) = run.ends(line, lines.high, run.steps(line, lines.high), (-1.0,))
    outputs = left.value.shape[1]
    found: list[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]] = []
    for _ in range(ROUNDS):
        bent = ~_straight(left, right)
        line, left, right = line[bent], left.some(bent), right.some(bent)
        if not len(line):
            break
        t, inside = _meeting(left, right)
        pace, telling = _telling_steps(left, right, t, run.steps(line, t))
        before, after = run.ends(line, t, pace, (-1.0, 1.0))
        hit = inside & telling & _agrees(left, before, t - pace) & _agrees(right, after, t + pace)
        found.append((line[hit], t[hit], right.slope[hit] - left.slope[hit]))
        split = ~hit & (right.t - left.t > SHORTEST * run.steps(line, t))
        line = np.concatenate([line[split], line[split]])
        left, right = (
            _joined([left.some(split), after.some(split)]),
            _joined([before.some(split), right.some(split)]),
        )
    return _sorted(found, lines, outputs)


def _straight(left: _Ends, right: _Ends) -> NDArray[np.bool_]:
    """Return which intervals have no kink, because the tangent at each end passes through the other end."""
    forth = np.abs(left.at(right.t) - right.value).max(axis=1) <= SLACK * (left.bound(right.t) + right.error)
    back = np.abs(right.at(left.t) - left.value).max(axis=1) <= SLACK * (right.bound(left.t) + left.error)
    return np.asarray(forth & back)


def _meeting(left: _Ends, right: _Ends) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Intersect the tangents of both ends, for the output whose slopes differ most.

    Returns:
        Positions, and whether each one lies inside its interval; otherwise the position is the middle.
    """
    change = left.slope - right.slope
    output = np.abs(change).argmax(axis=1)[:, None]
    change = np.take_along_axis(change, output, axis=1)[:, 0]
    length = right.t - left.t
    rise = np.take_along_axis(right.value - left.value - length[:, None] * right.slope, output, axis=1)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = rise / (change * length)
    inside = (share > EDGE) & (share < 1 - EDGE)
    return left.t + length * np.where(inside, share, 0.5), inside


def _telling_steps(
    left: _Ends, right: _Ends, t: NDArray[np.float64], step: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Choose steps after which the two tangents differ by more than their errors.

    Returns:
        The steps, and whether the interval is long enough for them.
    """
    change = np.abs(left.slope - right.slope).max(axis=1)
    bound = left.bound(t) + right.bound(t)
    with np.errstate(divide="ignore"):
        needed = 4 * SLACK * bound / change
    allowed = 0.4 * np.minimum(t - left.t, right.t - t)
    return np.minimum(np.maximum(step, needed), allowed), needed <= allowed


def _agrees(end: _Ends, middle: _Ends, beside: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether the tangent of an end passes through the middle and through a point beside it on the end's side.

    The middle alone does not suffice: the tangent of one end may meet the piece of the other end before its kink.
    """
    fits = np.ones(len(beside), dtype=bool)
    for t in (middle.t, beside):
        gap = np.abs(end.at(t) - middle.at(t)).max(axis=1)
        fits &= gap <= SLACK * (end.bound(t) + middle.error)
    return fits


def _sorted(
    found: list[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]], lines: Lines, outputs: int
) -> Kinks:
    if not found:
        found = [(np.empty(0, dtype=np.intp), np.empty(0), np.empty((0, outputs)))]
    line, t, jump = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((t, line))
    line, t, jump = line[order], t[order], jump[order]
    kinks = Kinks(line, t, lines.points(line, t), lines.directions[line], jump, np.empty((len(t), 2)))
    return replace(kinks, room=_room(line, t, lines))


def _room(line: NDArray[np.intp], t: NDArray[np.float64], lines: Lines) -> NDArray[np.float64]:
    """Compute the distances to the neighbouring kinks of a line."""
    before, after = t - lines.low[line], lines.high[line] - t
    same = line[1:] == line[:-1]
    gap = np.diff(t)
    before[1:][same] = gap[same]
    after[:-1][same] = gap[same]
    return np.stack([before, after], axis=1)
