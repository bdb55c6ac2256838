"""Parts of the rows of the layer after the known ones, each from the jump of the gradient at one kink.

At a kink of a unit with row w the gradient jumps along A^T w, where A is the Jacobian of the last known layer. Only the
units that are on have a row in A. So a kink tells the weights for these units and the bias up to one factor: a
signature (Carlini, Jagielski, Mironov 2020, arXiv 2003.04884, section 4.3). Signatures of one unit agree on the units
that both show, and together they make up its row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.planes import planes_at
from solvers.recovery.relu.hyperplanes.refine import test_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.scanning import Kinks
    from solvers.recovery.relu.walking.map import KnownMap

__all__ = ["Signature", "agree", "on_known_kinks", "signatures"]

KNOWN = 1e-6
"""Distance from the kink of a known unit at which a kink counts as that unit's, relative to the size of the point.
Hand-set, as for hyperplanes."""
ROOM = 1e-4
"""Least distance to the next kink, relative to the size of the point, at which a gradient is measured; other lines meet
the unit in more room. Hand-set."""
RANK = 1e-7
"""Relative singular value of A below which its rows count as dependent. Hand-set."""
FITS = 1e-5
"""Largest part of a jump that the known layer does not explain, relative to the jump. Hand-set, above the errors of
gradients."""
AGREE = 1e-5
"""Largest difference of two signatures of one unit, relative to the larger row. Hand-set, as above."""
TELLING = 1e-3
"""Least share of a row that two signatures must have in common to be compared. Hand-set."""
AROUND = 0.4
"""Distance of the points around a kink, relative to its room. Hand-set."""
WIDTH = 0.05
"""Half width of the test of a kink there, relative to the room. Hand-set."""


@dataclass(frozen=True, eq=False)
class Signature:
    """A part of a row.

    Attributes:
        row: weights for the units of the last known layer, 0 for those that are off; then the bias. Their norm is 1.
        seen: the units that are on.
        points: points of the kink, in one region of the known layers; rows x coordinates.
        errors: error of each point's position.
        jump: norm of the gradient's jump.
    """

    row: NDArray[np.float64]
    seen: NDArray[np.bool_]
    points: NDArray[np.float64]
    errors: NDArray[np.float64]
    jump: float


def on_known_kinks(domain: Domain, known: KnownMap, kinks: Kinks) -> NDArray[np.bool_]:
    """Tell which kinks are those of known units."""
    size = np.maximum(np.linalg.norm(kinks.points, axis=1), 0.1 * domain.reach)
    return np.asarray((known.margins(kinks.points) <= KNOWN * size[:, None]).any(axis=1))


def signatures(
    domain: Domain, known: KnownMap, kinks: Kinks, rng: np.random.Generator
) -> tuple[list[Signature], NDArray[np.float64]]:
    """Measure the signatures of kinks that are none of the known units.

    Returns:
        The signatures, and the kinks whose jumps the known units do not explain, rows x coordinates.
    """
    size = np.maximum(np.linalg.norm(kinks.points, axis=1), 0.1 * domain.reach)
    # A known unit may switch nearby without a trace in the outputs, but its switch changes A.
    rates = np.abs(np.einsum("ruc,rc->ru", known.gradients(kinks.points)[1], kinks.directions))
    values = np.abs(known.preactivations(kinks.points))
    with np.errstate(divide="ignore", invalid="ignore"):
        clear = np.where(rates > 0, values / rates, np.inf).min(axis=1, initial=np.inf)
    room = np.minimum(np.minimum(kinks.room, clear[:, None]), known.margins(kinks.points).min(axis=1)[:, None])
    roomy = np.minimum(room.min(axis=1), domain.depth(kinks.points)) > ROOM * size
    kinks = replace(kinks, room=room).some(roomy)
    if not len(kinks):
        return [], np.empty((0, domain.dimensions))
    planes, good = planes_at(domain, kinks, rng)
    kinks = kinks.some(good)
    found: list[Signature] = []
    strange: list[NDArray[np.float64]] = []
    for number in range(len(kinks)):
        point, normal = kinks.points[number], planes.normals[number]
        jacobian = known.gradients(point[None])[0][0]
        seen = np.abs(jacobian).max(axis=1) > 0
        if not seen.any():
            strange.append(point)
            continue
        left, values, right = np.linalg.svd(jacobian[seen].T, full_matrices=False)
        if values[-1] <= RANK * values[0] or seen.sum() > domain.dimensions:
            continue
        weights = right.T @ ((left.T @ normal) / values)
        if np.linalg.norm(jacobian[seen].T @ weights - normal) > FITS:
            strange.append(point)
            continue
        near = min(float(kinks.room[number].min()), float(domain.depth(point[None])[0]))
        around = point + AROUND * near * _steps(normal, int(seen.sum()) + 2, rng)
        around = np.concatenate([point[None], around])
        one = planes.some(np.full(1, number))
        which = np.zeros(len(around), np.intp)
        hits, _ = test_points(domain, one, which, around, WIDTH * near / max(float(size[roomy][good][number]), domain.reach))
        if hits.kink.sum() < 2:
            continue
        row = np.zeros(len(seen) + 1)
        row[:-1][seen] = weights
        row[-1] = -(known.features(hits.points[hits.kink]) @ row[:-1]).mean()
        row /= np.linalg.norm(row[:-1])
        slope = float(np.abs(kinks.jump[number]).max() / max(np.abs(normal @ kinks.directions[number]), 1e-12))
        found.append(Signature(row, seen, hits.points[hits.kink], hits.error[hits.kink], slope))
    return found, np.array(strange).reshape(-1, domain.dimensions)


def agree(
    row: NDArray[np.float64], seen: NDArray[np.bool_], other: Signature, reach: float
) -> bool:
    """Tell whether a row, known for some units, and a signature are parts of one row, up to their sign."""
    both = np.append(seen & other.seen, True)
    if not both[:-1].any():
        return False
    # A bias is as exact as the position of the kink.
    far = max(reach, float(np.linalg.norm(other.points[0])))
    first, second = row[both].copy(), other.row[both].copy()
    first[-1], second[-1] = first[-1] / far, second[-1] / far
    if np.linalg.norm(first[:-1]) < TELLING * np.linalg.norm(row[:-1]) or np.linalg.norm(second[:-1]) < TELLING:
        return False
    factor = float(first @ second) / float(second @ second)
    size = max(np.linalg.norm(row[:-1]), abs(factor))
    return bool(np.abs(first - factor * second).max() <= AGREE * size)


def _steps(normal: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw unit vectors orthogonal to a normal."""
    steps = rng.standard_normal((count, len(normal)))
    steps -= (steps @ normal)[:, None] * normal
    return np.asarray(steps / np.linalg.norm(steps, axis=1)[:, None])
