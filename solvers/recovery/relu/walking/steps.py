"""Start a walk on a kink surface, jump to other parts of the surface, and choose steps on one flat piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.walking.surface import CLOSE, WINDOW, Surface, locate, planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.walking.lines import Probe

__all__ = ["FARTHEST", "Kink", "distances", "jump", "lengths", "random_lines", "start", "tangents"]

OFFSET = 0.2
"""Distance from a kink at which gradients are measured, relative to the room around the kink. Hand-set."""
STEP = 0.02
"""Step of the gradient's differences, relative to this distance. Larger values make normals more precise, but cross the
surface if it is nearly parallel to the line. Hand-set."""
SHARE = (0.3, 0.8)
"""Least and largest length of a step on a piece, relative to the distance to the next known kink. Hand-set."""
FARTHEST = 3.0
"""Longest step, relative to the scale of the inputs. Hand-set."""
PIECES = 192
"""Most pieces of the lines of a jump on which the surface is predicted. A larger value takes longer. Hand-set."""
LONGEST = 30.0
"""Half the length of a random line, relative to the scale of the inputs. A larger value finds units that switch far
from the origin. Hand-set."""
WIDEST = 3.0
"""Largest standard deviation of the points through which lines are drawn, relative to the scale; the least one is 1.
Hand-set."""
LINES = 24
"""Random lines per jump. A larger value takes longer. Hand-set."""


@dataclass(frozen=True, eq=False)
class Kink:
    """A kink on a line.

    Attributes:
        point: position of the kink, coordinates.
        direction: direction of the line, of norm 1.
        room: distance up to which the line has no other kink.
    """

    point: NDArray[np.float64]
    direction: NDArray[np.float64]
    room: float


def start(probe: Probe, kink: Kink, rng: np.random.Generator) -> Surface | None:
    """Begin a walk at a kink on a line: measure the normal, and find points of the same flat piece.

    Returns:
        The surface; None if there is no flat piece, e.g. because the kink belongs to a deeper unit that bends nearby.
    """
    known, scale, point = probe.known, probe.scale, kink.point
    margins = known.margins(point[None])
    away = OFFSET * min(kink.room, 1e-2 * scale, margins.min() if margins.size else np.inf)
    jacobian = known.gradients(point[None])[0][0]
    _, values, right = np.linalg.svd(jacobian, full_matrices=False)
    axes = right[values > 1e-9 * values[0]] if values[0] > 0 else right[:0]
    if not len(axes) or away < 1e-7 * scale:
        return None
    step = STEP * away
    sides = [point - away * kink.direction, point + away * kink.direction]
    values = probe(np.concatenate([np.concatenate([side[None], side + step * axes]) for side in sides]))
    before, after = np.split(values, 2)
    normal = ((after[1:] - after[0]) - (before[1:] - before[0])) @ axes
    size = float(np.linalg.norm(normal))
    if size == 0:
        return None
    normal /= size
    surface = Surface(probe, point[None], np.full(1, 1e-13 * scale))
    steps = tangents(rng, np.broadcast_to(normal, (len(axes) + 4, len(normal))))
    starts = np.broadcast_to(point, steps.shape)
    targets = starts + lengths(probe, starts, steps, rng)[:, None] * steps
    found, tested, at, errors = locate(
        probe, targets, np.broadcast_to(normal, targets.shape), WINDOW * scale, 10 * CLOSE * scale
    )
    surface.tried, surface.missed = int(tested.sum()), int((tested & ~found).sum())
    surface.add((targets + at[:, None] * normal)[found], errors[found])
    return surface


def jump(surface: Surface, rng: np.random.Generator, most: int) -> int:
    """Test the surface where random lines meet it, on pieces on which it is determined.

    Args:
        surface: the surface; the points found are added.
        rng: generator for the lines.
        most: largest number of points to test.

    Returns:
        Number of points that were found.
    """
    probe = surface.probe
    starts, directions, low, high = random_lines(probe, rng, LINES)
    line, left, right = probe.known.nodes(starts, directions, low, high).pieces()
    pick = rng.permutation(len(line))[:PIECES]
    line, left, right = line[pick], left[pick], right[pick]
    middles = starts[line] + (0.5 * (left + right))[:, None] * directions[line]
    normals, offsets, single = planes(probe.known, middles, surface.null())
    slopes = np.einsum("ij,ij->i", normals, directions[line])
    with np.errstate(divide="ignore", invalid="ignore"):
        shifts = -offsets / slopes
    hit = np.nonzero(single & (np.abs(shifts) < 0.5 * (right - left)))[0]
    hit = rng.permutation(hit)[:most]
    return int(surface.test(middles[hit] + shifts[hit, None] * directions[line[hit]], normals[hit]).sum())


def random_lines(
    probe: Probe, rng: np.random.Generator, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Draw lines through random inputs.

    Returns:
        Starts and directions of norm 1, lines x coordinates, and the positions of both ends of each line.
    """
    spread = probe.scale * WIDEST ** rng.uniform(0.0, 1.0, (count, 1))
    starts = spread * rng.standard_normal((count, probe.known.coordinates))
    _, high = probe.reach(np.zeros_like(starts), starts, np.inf)
    starts *= np.minimum(1.0, 0.9 * high)[:, None]
    directions = rng.standard_normal(starts.shape)
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    return starts, directions, *probe.reach(starts, directions, LONGEST * probe.scale)


def tangents(rng: np.random.Generator, normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw a random unit vector orthogonal to each normal."""
    steps = rng.standard_normal(normals.shape)
    steps -= np.einsum("ij,ij->i", steps, normals)[:, None] * normals
    return np.asarray(steps / np.linalg.norm(steps, axis=1)[:, None])


def lengths(
    probe: Probe,
    points: NDArray[np.float64],
    steps: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw a length for each step that leaves neither the piece nor the box."""
    ahead = distances(probe, points, steps)[:, 0]
    _, high = probe.reach(points, steps, FARTHEST * probe.scale)
    drawn: NDArray[np.float64] = rng.uniform(*SHARE, len(steps)) * np.maximum(np.minimum(ahead, high), 0.0)
    return drawn


def distances(probe: Probe, points: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the distances to the next two known kinks along each step, steps x 2; infinite if far or outside the box."""
    _, high = probe.reach(points, steps, 2 * FARTHEST * probe.scale)
    nodes = probe.known.nodes(points, steps, np.zeros(len(points)), np.maximum(high, 0.0))
    ahead = np.full((len(points), 2), np.inf)
    first = np.searchsorted(nodes.line, np.arange(len(points)))
    kinks = np.bincount(nodes.line, minlength=len(points)) - 2
    for column in range(2):
        has = kinks > column
        ahead[has, column] = nodes.at[first[has] + column + 1]
    return ahead
