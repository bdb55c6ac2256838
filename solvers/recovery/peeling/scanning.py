"""Find points at which one unit of the first layer switches, and measure the direction of its weights there.

A unit of a saturating activation causes a step of the outputs along a line. The gradient at the step is a multiple of
the unit's weights.
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
"""Random lines per scan. More lines find units that matter in few regions, for about 150 queries per line. Hand-set."""
SPACING = 0.12
"""Distance of neighbouring points of a line, in units of the inputs. Larger values take fewer queries and miss steps of
units with large weights. Hand-set to a fifth of the width of a step of a unit of norm 2.5."""
LONGEST = 25.0
"""Largest distance of a line's ends from the origin, in units of the inputs. Hand-set: units are saturated there."""
CORNERS = 6
"""Random directions per end of a line; the end is chosen along the one with the longest way to the box. A larger value
gives more lines from corner to corner. Hand-set."""
LEAST_STEP = 1e-3
"""Least difference of neighbouring values that counts as a step, in standard deviations of all values. A larger value
finds fewer units. Hand-set."""


def scan_affordable(probe: Probe) -> bool:
    """Return whether the budget covers one scan and the gradients at its steps."""
    return affordable(probe.oracle, 2 * LINES * int(LONGEST / SPACING) + 4 * LINES * 6 * probe.inputs)


def weight_directions(probe: Probe, points: Array) -> Array:
    """Measure the gradients at points, rows x n, scaled to norm 1; zero where the function is constant."""
    gradients = probe.gradients(points)
    norms = np.linalg.norm(gradients, axis=1, keepdims=True)
    unit: Array = np.divide(gradients, norms, out=np.zeros_like(gradients), where=norms > 0)
    return unit


def find_steps(probe: Probe, rng: np.random.Generator) -> Array:
    """Find points at which the scalar is steepest along random chords of the box, points x n."""
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
