"""Find points where one unit of the first layer moves, and measure the direction of its weights there.

Units of a saturating activation show as steps of the outputs along a line, and the gradient at a step is a multiple of
the weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.peeling.probing import affordable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.peeling.probing import Probe

    Array = NDArray[np.float64]

__all__ = ["LONGEST", "find_steps", "scan_affordable", "weight_directions"]

LINES = 30
"""Random lines per scan. More lines find units that matter in few regions, for about 150 queries each. Hand-set."""
SPACING = 0.12
"""Distance of two points of a line, in units of the inputs: a fifth of the width of a step of a unit with a norm of
2.5. Larger values cost fewer queries and miss steps of units with large weights."""
LONGEST = 25.0
"""Most distance from the origin that a line goes, in units of the inputs; saturation is complete there. Hand-set."""
CORNERS = 6
"""Random directions among which the end of a line is the one with the longest way to the faces of the box. Larger
values draw lines from corner to corner."""
LEAST_STEP = 1e-3
"""Least difference of neighbouring points of a line, relative to the spread of all values, that counts as a step."""


def scan_affordable(probe: Probe) -> bool:
    """Tell whether the budget has room for one scan and the directions at its steps."""
    return affordable(probe.oracle, 2 * LINES * int(LONGEST / SPACING) + 4 * LINES * 6 * probe.inputs)


def weight_directions(probe: Probe, points: Array) -> Array:
    """Measure unit vectors along the gradients at points, rows x n; zero where nothing changes."""
    gradients = probe.gradients(points)
    norms = np.linalg.norm(gradients, axis=1, keepdims=True)
    unit: Array = np.divide(gradients, norms, out=np.zeros_like(gradients), where=norms > 0)
    return unit


def find_steps(probe: Probe, rng: np.random.Generator) -> Array:
    """Find the points where the scalar is steepest along random chords of the box, rows x n."""
    lines = _lines(probe, rng)
    values = probe.values(np.concatenate(lines))
    least = LEAST_STEP * values.std()
    points, at = [], 0
    for line in lines:
        jump = np.abs(np.diff(values[at : at + len(line)]))
        at += len(line)
        peak = (jump[1:-1] >= jump[:-2]) & (jump[1:-1] > jump[2:]) & (jump[1:-1] > least)
        chosen = np.flatnonzero(peak) + 1
        points.append(0.5 * (line[chosen] + line[chosen + 1]))
    return np.concatenate(points)


def _lines(probe: Probe, rng: np.random.Generator) -> list[Array]:
    """Draw chords of the box, mostly from corner to corner."""
    ends = rng.standard_normal((2 * LINES, CORNERS, probe.inputs))
    ends /= np.linalg.norm(ends, axis=2, keepdims=True)
    flat = ends.reshape(-1, probe.inputs)
    reach = np.minimum(probe.reach(np.zeros_like(flat), flat, 0.98 * probe.bound), LONGEST)
    reach = reach.reshape(-1, CORNERS)
    farthest = np.arange(2 * LINES), reach.argmax(axis=1)
    ends = ends[farthest] * reach[farthest][:, None]
    lines = []
    for start, end in ends.reshape(LINES, 2, -1):
        count = max(8, int(np.linalg.norm(end - start) / SPACING))
        lines.append(start + np.linspace(0, 1, count)[:, None] * (end - start))
    return lines
