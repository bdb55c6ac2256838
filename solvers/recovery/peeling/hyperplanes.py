"""Directions and offsets of the first layer's hyperplanes by saturation.

Far from the origin nearly all units of a tanh or sigmoid first layer are saturated. Where exactly one unit is not, the
network's outputs depend on the inputs through that unit's preactivation only, whatever lies above. So the gradient
there is a multiple of the unit's weights, up to the other units' slopes, which fall exponentially with the distance.
Gradients at steps of the outputs along random lines therefore fall into groups: pure ones agree wherever they are
measured, mixed ones do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.peeling.probing import affordable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.peeling.probing import Probe

    Array = NDArray[np.float64]

__all__ = ["Hyperplane", "find_hyperplanes", "tangent_points"]

LINES = 30
"""Random lines per scan. More lines find units that matter in few regions, for about 150 queries each. Hand-set."""
SCANS = 6
"""Most scans; scanning stops earlier after `QUIET` scans without a new hyperplane. Hand-set."""
QUIET = 2
"""Scans without a new hyperplane after which all are held to be found. Hand-set."""
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
AGREEMENT = 0.03
"""Largest sine between two gradients at distant points that make a candidate. Larger values find units that are never
alone, and more false candidates, which the refinement then drops. Hand-set."""
SAME_SINE, SAME_OFFSET = 0.1, 0.7
"""Sine and offset below which two hyperplanes count as one. Units closer than this are told apart by the students."""
PARALLEL_SINE, PARALLEL_OFFSET = 0.01, 1.5
"""The same for directions that agree closely: upper layers can shift the steepest point by more than a unit's width."""
TANGENT_POINTS = 1500
"""Points of a hyperplane among which the purest are chosen, without queries."""
PURE = 0.5
"""Least distance of a chosen point from the other hyperplanes, relative to the purest point's. Lower values give more
saturation patterns and less pure gradients."""
PROFILES = 28
"""Points of a hyperplane at which its step is measured, per round; the steepest half give gradients. Hand-set."""
ROUNDS = 3
"""Rounds of refinement. Each one uses the hyperplanes of the last one to choose purer points."""
UNCONFIRMED = 0.04
"""Disagreement that a candidate counts with until its hyperplane is measured at distant points; above `ACCEPT`."""
SHARP = 1e-6
"""Disagreement at which a hyperplane is measured no further; the students' fits correct what is left."""
LOST = 0.3
"""Disagreement above which a hyperplane is dropped at once."""
ACCEPT = 0.02
"""Largest disagreement of a hyperplane's gradients after the refinement. Sigmoid units saturate at half the rate of
tanh units, so their gradients agree less."""


@dataclass(frozen=True, eq=False)
class Hyperplane:
    """A unit's hyperplane, direction x = offset.

    Attributes:
        direction: unit vector along the weights, n; its sign is arbitrary.
        offset: position along the direction where the step is steepest.
        disagreement: sine between gradients at different points of the hyperplane.
    """

    direction: Array
    offset: float
    disagreement: float


def find_hyperplanes(probe: Probe, rng: np.random.Generator) -> list[Hyperplane]:
    """Scan random lines until no new hyperplane appears.

    Raises:
        QueryError: if the budget is spent; `affordable` is asked before every scan.
    """
    found: list[Hyperplane] = []
    points, gradients = np.empty((0, probe.inputs)), np.empty((0, probe.inputs))
    quiet = 0
    for _ in range(SCANS):
        if quiet == QUIET or not affordable(probe.oracle, LINES * (int(LONGEST / SPACING) + 50 * probe.inputs)):
            break
        steps = _steps(probe, rng)
        points = np.concatenate([points, steps])
        gradients = np.concatenate([gradients, probe.gradients(steps)])
        candidates = _candidates(points, gradients, found)
        known = len(found)
        found = _refined(probe, found + candidates, ACCEPT, 1, rng)
        quiet = quiet + 1 if len(found) <= known else 0
    return [plane for plane in _refined(probe, found, SHARP, ROUNDS, rng) if plane.disagreement < ACCEPT]


def tangent_points(probe: Probe, plane: Hyperplane, count: int, bound: float, rng: np.random.Generator) -> Array:
    """Draw points of a hyperplane, mostly far out, with all |x_i| <= bound."""
    origin = plane.offset * plane.direction
    along = rng.standard_normal((count, probe.inputs))
    along -= np.outer(along @ plane.direction, plane.direction)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    reach = probe.reach(np.broadcast_to(origin, along.shape), along, bound)
    reach = np.minimum(np.maximum(reach, 0.0), LONGEST)
    points: Array = origin + along * (reach * np.sqrt(rng.uniform(0.2, 1, count)))[:, None]
    return points


def _steps(probe: Probe, rng: np.random.Generator) -> Array:
    """Find the points where the scalar is steepest along random chords of the box."""
    ends = rng.standard_normal((2 * LINES, CORNERS, probe.inputs))
    ends /= np.linalg.norm(ends, axis=2, keepdims=True)
    flat = ends.reshape(-1, probe.inputs)
    reach = np.minimum(probe.reach(np.zeros_like(flat), flat, 0.99 * probe.bound), LONGEST).reshape(-1, CORNERS)
    farthest = np.arange(2 * LINES), reach.argmax(axis=1)
    ends = ends[farthest] * reach[farthest][:, None]
    lines = []
    for start, end in ends.reshape(LINES, 2, -1):
        count = max(8, int(np.linalg.norm(end - start) / SPACING))
        lines.append(start + np.linspace(0, 1, count)[:, None] * (end - start))
    values = probe.values(np.concatenate(lines))
    least = LEAST_STEP * values.std()
    steps, at = [], 0
    for line in lines:
        jump = np.abs(np.diff(values[at : at + len(line)]))
        at += len(line)
        peak = (jump[1:-1] >= jump[:-2]) & (jump[1:-1] > jump[2:]) & (jump[1:-1] > least)
        chosen = np.flatnonzero(peak) + 1
        steps.append(0.5 * (line[chosen] + line[chosen + 1]))
    return np.concatenate(steps)


def _sines(first: Array, second: Array) -> Array:
    """Sines between unit vectors, small ones accurately."""
    cosines = first @ second.T
    signs = np.where(cosines < 0, -1.0, 1.0)
    gaps = first[:, None] - signs[..., None] * second[None]
    sines: Array = np.linalg.norm(gaps, axis=2)
    return sines


def _same(plane: Hyperplane, other: Hyperplane) -> bool:
    cosine = float(plane.direction @ other.direction)
    gap = abs(plane.offset - (1 if cosine > 0 else -1) * other.offset)
    sine = np.sqrt(max(0.0, 1 - cosine**2))
    return bool(sine < SAME_SINE and gap < SAME_OFFSET) or bool(sine < PARALLEL_SINE and gap < PARALLEL_OFFSET)


def _candidates(points: Array, gradients: Array, known: list[Hyperplane]) -> list[Hyperplane]:
    """Group gradients that agree at distant points, the best agreement first; known hyperplanes are left out."""
    norms = np.linalg.norm(gradients, axis=1)
    kept = norms > 0
    points, directions = points[kept], gradients[kept] / norms[kept, None]
    if len(points) < 3:
        return []
    offsets = (points * directions).sum(axis=1)
    signs = np.where(directions @ directions.T < 0, -1.0, 1.0)
    distant = np.linalg.norm(points[:, None] - points[None], axis=2) > 0.5
    close = np.abs(offsets[:, None] - signs * offsets[None]) < 1.0
    disagreement = np.sort(np.where(distant & close, _sines(directions, directions), 2.0), axis=1)[:, 1]
    found: list[Hyperplane] = []
    for index in np.argsort(disagreement):
        if disagreement[index] > AGREEMENT:
            break
        plane = Hyperplane(directions[index], float(offsets[index]), UNCONFIRMED)
        if not any(_same(plane, other) for other in (*known, *found)):
            found.append(plane)
    return found


def _refined(
    probe: Probe, planes: list[Hyperplane], goal: float, rounds: int, rng: np.random.Generator
) -> list[Hyperplane]:
    """Measure hyperplanes at their purest points until they agree to the goal; drop those that do not agree at all."""
    for _ in range(rounds):
        due = [number for number, plane in enumerate(planes) if plane.disagreement > goal]
        if not due or not affordable(probe.oracle, len(due) * PROFILES * (15 + 3 * probe.inputs)):
            break
        measured = list(planes)
        for number in due:
            again = _measured(probe, planes, number, rng)
            measured[number] = min(planes[number], again, key=lambda one: one.disagreement)
        planes = []
        for plane in sorted(measured, key=lambda one: one.disagreement):
            if plane.disagreement < LOST and not any(_same(plane, other) for other in planes):
                planes.append(plane)
    return planes


def purest(points: Array, planes: list[Hyperplane], number: int, count: int, lengths: float = 0.0) -> Array:
    """Choose points of a hyperplane that are far from all others, at most a few of one saturation pattern."""
    directions = np.array([plane.direction for plane in planes])
    signed = points @ directions.T - np.array([plane.offset for plane in planes])
    distances = np.abs(signed) - lengths * np.abs(directions @ planes[number].direction)
    distances[:, number] = np.inf
    nearest = distances.min(axis=1)
    order = np.argsort(-nearest)
    best = nearest[order[0]]
    order = order[nearest[order] >= best - (1 - PURE) * abs(best)]
    pattern = signed[order] > 0
    pattern[:, number] = False
    _, group = np.unique(pattern, axis=0, return_inverse=True)
    rank = np.zeros(len(order), int)
    seen: dict[int, int] = {}
    for position, one in enumerate(group.ravel()):
        rank[position] = seen.get(int(one), 0)
        seen[int(one)] = rank[position] + 1
    chosen: Array = points[order[np.lexsort((np.arange(len(order)), rank // 2))][:count]]
    return chosen


def _measured(probe: Probe, planes: list[Hyperplane], number: int, rng: np.random.Generator) -> Hyperplane:
    """Measure a hyperplane's direction and offset anew; the disagreement is 1 where no step is seen."""
    plane = planes[number]
    lost = Hyperplane(plane.direction, plane.offset, 1.0)
    points = tangent_points(probe, plane, TANGENT_POINTS, 0.97 * probe.bound, rng)
    points = purest(points, planes, number, PROFILES)
    shifts = np.linspace(-1.4, 1.4, 15)
    paths = points[:, None] + shifts[:, None] * plane.direction
    inside = probe.inside(paths).all(axis=1)
    if inside.sum() < 4:
        return lost
    paths = paths[inside]
    jumps = np.abs(np.diff(probe.values(paths), axis=1))
    steepest = jumps.argmax(axis=1)
    chosen = np.argsort(-jumps.max(axis=1))[: PROFILES // 2]
    each = np.arange(len(paths))
    middle = 0.5 * (paths[each, steepest] + paths[each, steepest + 1])[chosen]
    gradients = probe.gradients(middle)
    norms = np.linalg.norm(gradients, axis=1)
    kept = norms > 0
    if kept.sum() < 3:
        return lost
    directions = gradients[kept] / norms[kept, None]
    directions *= np.where(directions @ plane.direction < 0, -1.0, 1.0)[:, None]
    sines = _sines(directions, directions)
    disagreement = np.sort(sines, axis=1)[:, min(2, len(sines) - 1)]
    best = int(disagreement.argmin())
    group = sines[best] <= disagreement[best]
    direction = directions[group].mean(axis=0)
    direction /= np.linalg.norm(direction)
    offset = float(np.median(middle[kept][group] @ direction))
    return Hyperplane(direction, offset, float(disagreement[best]))
