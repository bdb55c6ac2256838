"""Find critical points on line segments (Carlini et al. 2020, section 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.published.critical.probe import Probe

__all__ = ["critical_points"]

STEP = 0.02
"""Step of a difference quotient, as a share of the interval. A larger step makes slopes more exact, but meets kinks
more often, so that more intervals are halved. Hand-set."""
MARGIN = 1.01
"""Least distance of an intersection from the ends of the interval, in steps. A larger value halves more intervals.
Hand-set, just above 1."""
SHORTEST = 1e-6
"""Shortest interval that is halved, as a share of the segment. A larger value misses more close pairs of kinks.
Hand-set."""
EXACT = 1e-9
"""Largest relative deviation from a straight line that counts as a rounding error. A larger value accepts less exact
points. Hand-set; float64 gives about 1e-13."""


def critical_points(probe: Probe, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the critical points on segments.

    The tangents at both ends of an interval are compared. If they agree, the interval is taken to have no critical
    point. If the function follows one tangent just before their intersection and the other one just after it, the
    intersection is the only critical point. Otherwise the interval is halved. The value at the intersection would not
    suffice: it fits whenever one linear piece reaches beyond the intersection. All intervals of a level are queried
        together.

    Args:
        probe: the hidden network.
        starts: first ends of the segments, segments x d.
        ends: second ends of the segments, segments x d.

    Returns:
        Critical points, points x d.

    Raises:
        SpentError: if the budget ends.
    """
    line = np.arange(len(starts))
    low, high = np.zeros(len(starts)), np.ones(len(starts))
    found: list[NDArray[np.float64]] = []
    while len(line):
        span = high - low
        base, way = starts[line], ends[line] - starts[line]
        places = np.stack([low, low + STEP * span, high - STEP * span, high], axis=1)
        values = probe.values((base[:, None] + places[:, :, None] * way[:, None]).reshape(-1, starts.shape[1]))
        first, second, third, last = values.reshape(-1, 4).T
        size = np.abs(values).max() + np.ptp(values)
        left, right = (second - first) / (STEP * span), (last - third) / (STEP * span)
        bent = np.abs(left - right) * span > EXACT / STEP * size
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = (last - first + left * low - right * high) / (left - right)
        # A kink within a step puts the intersection at the end of that step, where the function has its value anyway.
        inside = bent & (cross > low + MARGIN * STEP * span) & (cross < high - MARGIN * STEP * span)
        crossing = np.where(inside, cross, 0.5 * (low + high))
        single = np.zeros(len(line), dtype=bool)
        if inside.any():
            at, shift = crossing[inside], STEP * span[inside]
            before = base[inside] + (at - shift)[:, None] * way[inside]
            after = base[inside] + (at + shift)[:, None] * way[inside]
            seen = probe.values(np.concatenate([before, after])).reshape(2, -1)
            off = np.abs(seen[0] - first[inside] - left[inside] * (at - shift - low[inside]))
            off += np.abs(seen[1] - last[inside] - right[inside] * (at + shift - high[inside]))
            single[inside] = off <= EXACT * size
            found.append((base + crossing[:, None] * way)[single])
        again = bent & ~single & (span > SHORTEST)
        middle = 0.5 * (low + high)[again]
        line = np.concatenate([line[again], line[again]])
        low, high = np.concatenate([low[again], middle]), np.concatenate([middle, high[again]])
    return np.concatenate(found) if found else np.empty((0, starts.shape[1]))
