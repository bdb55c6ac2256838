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
from solvers.recovery.peeling.scanning import LONGEST, find_steps, scan_affordable, weight_directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.peeling.probing import Probe

    Array = NDArray[np.float64]

__all__ = ["TANGENT_POINTS", "Hyperplane", "find_hyperplanes", "purest", "tangent_points"]

SCANS = 6
"""Most scans; scanning stops earlier after `QUIET` scans without a new hyperplane. Hand-set."""
QUIET = 2
"""Scans without a new hyperplane after which all are held to be found. Hand-set."""
AGREEMENT = 0.03
"""Largest sine between two gradients at distant points that make a candidate. Larger values find units that are never
alone, and more false candidates, which the refinement then drops. Hand-set."""
SAME_SINE, SAME_OFFSET = 0.1, 0.7
"""Sine and offset below which two hyperplanes count as one. Units closer than this are told apart by the students."""
PARALLEL_SINE, PARALLEL_OFFSET = 0.005, 5.0
"""The same for directions that agree closely: upper layers shift the steepest point, and the tail of a unit's step
counts as a candidate too. Of these the one with the best agreement is kept, which is the steepest."""
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
        QueryError: if the budget is spent; no scan is begun that would overrun it.
    """
    found: list[Hyperplane] = []
    points, directions = np.empty((0, probe.inputs)), np.empty((0, probe.inputs))
    quiet = 0
    for _ in range(SCANS):
        if quiet == QUIET or not scan_affordable(probe):
            break
        steps = find_steps(probe, rng)
        points = np.concatenate([points, steps])
        directions = np.concatenate([directions, weight_directions(probe, steps)])
        candidates = _candidates(points, directions, found)
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


def _candidates(points: Array, directions: Array, known: list[Hyperplane]) -> list[Hyperplane]:
    """Group directions that agree at distant points, the best agreement first; known hyperplanes are left out."""
    kept = directions.any(axis=1)
    points, directions = points[kept], directions[kept]
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
    """Measure a hyperplane's direction and offset anew; the disagreement is 1 where nothing is seen."""
    plane = planes[number]
    lost = Hyperplane(plane.direction, plane.offset, 1.0)
    points = tangent_points(probe, plane, TANGENT_POINTS, 0.97 * probe.bound, rng)
    points = purest(points, planes, number, PROFILES)
    paths = points[:, None] + np.linspace(-1.4, 1.4, 15)[:, None] * plane.direction
    paths = paths[probe.inside(paths).all(axis=1)]
    if len(paths) < 4:
        return lost
    jumps = np.abs(np.diff(probe.values(paths), axis=1))
    largest = jumps.argmax(axis=1)
    chosen = np.argsort(-jumps.max(axis=1))[: PROFILES // 2]
    places = 0.5 * (paths[chosen, largest[chosen]] + paths[chosen, largest[chosen] + 1])
    directions = weight_directions(probe, places)
    kept = directions.any(axis=1)
    if kept.sum() < 3:
        return lost
    directions, places = directions[kept], places[kept]
    directions = directions * np.where(directions @ plane.direction < 0, -1.0, 1.0)[:, None]
    sines = _sines(directions, directions)
    disagreement = np.sort(sines, axis=1)[:, min(2, len(sines) - 1)]
    best = int(disagreement.argmin())
    group = sines[best] <= disagreement[best]
    direction = directions[group].mean(axis=0)
    direction /= np.linalg.norm(direction)
    return Hyperplane(direction, float(np.median(places[group] @ direction)), float(disagreement[best]))
