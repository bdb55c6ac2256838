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
    from solvers.recovery.relu.hyperplanes.planes import Planes
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
FEWEST = 2
"""Fewest points of a kink that must be found. Hand-set."""
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
    """

    row: NDArray[np.float64]
    seen: NDArray[np.bool_]
    points: NDArray[np.float64]
    errors: NDArray[np.float64]


def on_known_kinks(domain: Domain, known: KnownMap, kinks: Kinks) -> NDArray[np.bool_]:
    """Tell which kinks are those of known units."""
    size = np.maximum(np.linalg.norm(kinks.points, axis=1), 0.1 * domain.reach)
    return np.asarray((known.margins(kinks.points) <= KNOWN * size[:, None]).any(axis=1))


def signatures(
    domain: Domain, known: KnownMap, kinks: Kinks, rng: np.random.Generator
) -> tuple[list[Signature], Kinks]:
    """Measure the signatures of kinks that are none of the known units.

    Returns:
        The signatures, and the kinks whose jumps the known units do not explain.
    """
    size = np.maximum(np.linalg.norm(kinks.points, axis=1), 0.1 * domain.reach)
    # A known unit may switch nearby without a trace in the outputs, but its switch changes A.
    rates = np.abs(np.einsum("ruc,rc->ru", known.gradients(kinks.points)[1], kinks.directions))
    with np.errstate(divide="ignore", invalid="ignore"):
        clear = np.where(rates > 0, np.abs(known.preactivations(kinks.points)) / rates, np.inf)
    clear = np.minimum(clear, known.margins(kinks.points)).min(axis=1, initial=np.inf)
    room = np.minimum(kinks.room, clear[:, None])
    roomy = np.minimum(room.min(axis=1), domain.depth(kinks.points)) > ROOM * size
    kinks = replace(kinks, room=room).some(roomy)
    if not len(kinks):
        return [], kinks
    planes, good = planes_at(domain, kinks, rng)
    kinks = kinks.some(good)
    found: list[Signature] = []
    strange = np.zeros(len(kinks), dtype=bool)
    for number, (point, normal) in enumerate(zip(kinks.points, planes.normals, strict=True)):
        jacobian = known.gradients(point[None])[0][0]
        seen = np.abs(jacobian).max(axis=1) > 0
        weights = _explained(jacobian[seen], normal)
        if weights is None:
            strange[number] = seen.sum() < domain.dimensions
            continue
        near = min(float(kinks.room[number].min()), float(domain.depth(point[None])[0]))
        points, errors = _around(domain, planes.some(np.full(1, number)), near, int(seen.sum()) + 2, rng)
        if len(points) >= FEWEST:
            row = np.zeros(len(seen) + 1)
            row[:-1][seen] = weights / np.linalg.norm(weights)
            row[-1] = -(known.features(points) @ row[:-1]).mean()
            found.append(Signature(row, seen, points, errors))
    return found, kinks.some(strange)


def _explained(rows: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Write a normal as a combination of independent rows; None if it is none, or they are dependent."""
    if not 0 < len(rows) <= rows.shape[1]:
        return None
    left, values, right = np.linalg.svd(rows.T, full_matrices=False)
    if values[-1] <= RANK * values[0]:
        return None
    weights = np.asarray(right.T @ ((left.T @ normal) / values))
    return weights if np.linalg.norm(rows.T @ weights - normal) <= FITS else None


def _around(
    domain: Domain, plane: Planes, near: float, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Locate points of one plane around its anchor, and bound the errors of their positions."""
    normal, point = plane.normals[0], plane.anchors[0]
    steps = rng.standard_normal((count, len(normal)))
    steps -= (steps @ normal)[:, None] * normal
    steps /= np.linalg.norm(steps, axis=1)[:, None]
    spots = np.concatenate([point[None], point + AROUND * near * steps])
    width = WIDTH * near / max(float(np.linalg.norm(point)), domain.reach)
    found, _ = test_points(domain, plane, np.zeros(len(spots), np.intp), spots, width)
    return found.points[found.kink], found.error[found.kink]


def agree(row: NDArray[np.float64], seen: NDArray[np.bool_], other: Signature, reach: float) -> bool:
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
    size = max(float(np.linalg.norm(row[:-1])), abs(factor))
    return bool(np.abs(first - factor * second).max() <= AGREE * size)
