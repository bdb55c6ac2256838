"""Find directions and offsets of the first layer's hyperplanes by saturation.

Far from the origin, nearly all units of a tanh or sigmoid first layer are saturated. Where exactly one unit is not
saturated, the outputs depend on the inputs only through the preactivation of this unit, for any upper layers. So the
gradient is a multiple of the unit's weights, up to the other units' slopes, which fall exponentially with the distance.
Gradients are measured at steps of the outputs along random lines. Gradients of a single unit agree at distant points;
mixtures of several units do not.
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
"""Most scans of random lines. A larger value finds more units and takes more queries. Hand-set."""
QUIET = 2
"""Successive scans without a new hyperplane after which scanning stops. Hand-set."""
AGREEMENT = 0.03
"""Largest sine between two gradients at distant points that make a candidate. Larger values find units that are never
the only unsaturated one, and more false candidates, which the refinement drops. Hand-set."""
SAME_SINE, SAME_OFFSET = 0.1, 0.7
"""Sine and difference of offsets below which two hyperplanes count as one. Students separate closer units later.
Hand-set."""
PARALLEL_SINE, PARALLEL_OFFSET = 0.005, 5.0
"""The same for nearly equal directions. Upper layers shift the steepest point of a step, and the tail of a step also
gives candidates. The candidate of best agreement is kept; it is the steepest. Hand-set."""
TANGENT_POINTS = 1500
"""Points of a hyperplane among which the purest are chosen, without queries. A larger value finds purer points.
Hand-set."""
PURE = 0.5
"""Least distance of a chosen point from the other hyperplanes, relative to the distance of the purest point. Lower
values give more saturation patterns and less pure gradients. Hand-set."""
PROFILES = 28
"""Points of a hyperplane at which its step is measured, per round; the steepest half give gradients. A larger value
takes more queries. Hand-set."""
ROUNDS = 3
"""Rounds of refinement. Each round chooses purer points by the hyperplanes of the round before. Hand-set."""
UNCONFIRMED = 0.04
"""Disagreement of a candidate before its hyperplane is measured at distant points. Hand-set above `ACCEPT`."""
SHARP = 1e-6
"""Disagreement at which the refinement of a hyperplane ends. Hand-set: students correct smaller errors."""
LOST = 0.3
"""Disagreement above which a hyperplane is dropped at once. Hand-set."""
ACCEPT = 0.02
"""Largest disagreement of a hyperplane's gradients after the refinement. A larger value accepts more false hyperplanes.
Hand-set: sigmoid units saturate at half the rate of tanh units, so their gradients agree less."""


@dataclass(frozen=True, eq=False)
class Hyperplane:
    """The hyperplane of a unit, direction @ y = offset, in the effective inputs y.

    Attributes:
        direction: vector of norm 1 along the weights, n numbers; its sign is arbitrary.
        offset: position along the direction at which the step is steepest, in units of the inputs.
        disagreement: sine between gradients at different points of the hyperplane.
    """

    direction: Array
    offset: float
    disagreement: float


def find_hyperplanes(probe: Probe, rng: np.random.Generator) -> list[Hyperplane]:
    """Scan random lines until no new hyperplane appears.

    Raises:
        QueryError: if the budget is spent. No scan starts that the budget does not cover.
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
    """Draw points of a hyperplane, count x n, mostly far from the origin, with all |x_i| <= bound."""
    origin = plane.offset * plane.direction
    along = rng.standard_normal((count, probe.inputs))
    along -= np.outer(along @ plane.direction, plane.direction)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    reach = probe.reach(np.broadcast_to(origin, along.shape), along, bound)
    reach = np.minimum(np.maximum(reach, 0.0), LONGEST)
    points: Array = origin + along * (reach * np.sqrt(rng.uniform(0.2, 1, count)))[:, None]
    return points


def _sines(first: Array, second: Array) -> Array:
    """Compute the sines between unit vectors, rows x rows; small sines are accurate."""
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
    """Find new hyperplanes whose directions agree at distant points; the best agreement comes first."""
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
    """Measure hyperplanes at their purest points until their disagreement is at most `goal`; drop lost hyperplanes."""
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
    """Choose points of a hyperplane that are far from the other hyperplanes, first two of each saturation pattern.

    Args:
        points: points of the hyperplane, rows x n.
        planes: all hyperplanes.
        number: position of the hyperplane in `planes`.
        count: most points to choose.
        lengths: half the length of the path along the normal that must stay far from the other hyperplanes.
    """
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
    """Measure a hyperplane's direction and offset again; the disagreement is 1 if too few points show a step."""
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
