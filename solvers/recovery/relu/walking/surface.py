"""Points on the kink surface of one unit, and the unit's row as their null vector.

Every point u of the surface of a unit of layer l + 1 gives one linear equation v phi(u) + b = 0 with known phi. On one
piece of the known layers the surface is flat. So a walk finds points of one unit: step along the surface, cross the
kink of a known unit, and search the one new angle there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.walking.lines import find_kinks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.walking.lines import Probe
    from solvers.recovery.relu.walking.map import KnownMap

__all__ = ["CLOSE", "FLAT", "WINDOW", "Surface", "best_row", "locate", "null_space", "planes"]

RANK = 1e-9
"""Relative singular value below which equations count as dependent. With larger values, noisier points agree, and
weights of small features count as open. Hand-set between the noise of the points (1e-12) and the smallest features."""
FLAT = 1e-6
"""Relative singular value above which candidate normals on a piece count as different. Hand-set."""
WINDOW = 1e-3
"""Half the length of a search around a predicted point, relative to the scale of the inputs. Hand-set."""
CLOSE = 1e-6
"""Largest distance between a predicted and a found point, relative to the scale of the inputs. Smaller values accept
fewer points of other units by chance. Hand-set, above the error of predictions."""


@dataclass
class Surface:
    """The kink surface of one unit, as far as it is known.

    Attributes:
        probe: the network.
        points: points of the surface, rows x coordinates.
        errors: estimated error of each point's position along the normal.
        tried: number of predicted points that were tested.
        missed: number of these points without a kink.
        holes: these points, arrays of rows x coordinates.
    """

    probe: Probe
    points: NDArray[np.float64]
    errors: NDArray[np.float64]
    tried: int = 0
    missed: int = 0
    holes: list[NDArray[np.float64]] = field(default_factory=list)
    _null: NDArray[np.float64] | None = field(default=None, repr=False)

    def add(self, points: NDArray[np.float64], errors: NDArray[np.float64]) -> None:
        """Add points."""
        self.points = np.concatenate([self.points, points])
        self.errors = np.concatenate([self.errors, errors])
        self._null = None

    def null(self) -> NDArray[np.float64]:
        """Compute an orthonormal basis of the rows (v, b) that fit all points, (features + 1) x dimension."""
        if self._null is None:
            self._null = null_space(self.equations())
        return self._null

    def equations(self) -> NDArray[np.float64]:
        """Compute the rows (phi, 1) of all points."""
        features = self.probe.known.features(self.points)
        return np.column_stack([features, np.ones(len(features))])

    def predict(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Predict the normal of the surface on the piece of each point.

        Returns:
            Normals of norm 1, rows x coordinates, and whether the known points determine them.
        """
        return flat_normals(self.probe.known.gradients(points)[0], self.null())

    def test(self, points: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Search the surface at predicted points, add the points found, and update the counts.

        Returns:
            Whether each prediction was right. Predictions that cannot be tested do not count as tried.
        """
        found, tested, at, errors = locate(
            self.probe, points, normals, WINDOW * self.probe.scale, CLOSE * self.probe.scale
        )
        self.tried += int(tested.sum())
        self.missed += int((tested & ~found).sum())
        self.holes.append(points[tested & ~found])
        self.add((points + at[:, None] * normals)[found], errors[found])
        return found


def null_space(equations: NDArray[np.float64], least: int = 0) -> NDArray[np.float64]:
    """Compute an orthonormal basis of the null space, unknowns x dimension, after scaling columns to equal size.

    Args:
        equations: equations x unknowns.
        least: smallest dimension of the result. If the null space is smaller, directions that fit best are added.
    """
    sizes = np.abs(equations).max(axis=0)
    sizes[sizes == 0] = 1.0
    square = equations / sizes
    if len(square) > square.shape[1]:
        square = np.linalg.qr(square, mode="r")
    _, values, right = np.linalg.svd(square, full_matrices=True)
    rank = min(int((values > RANK * values[0]).sum()), len(right) - least)
    basis = right[rank:].T / sizes[:, None]
    return np.linalg.qr(basis)[0] if basis.shape[1] else basis


def best_row(
    known: KnownMap, points: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], int, float]:
    """Fit the row (v, b) of a unit to points of its surface.

    If several rows fit, the result has no part in directions that leave the surface's normals unchanged. So a feature
    that is zero on the whole surface gets weight zero.

    Returns:
        The row with |v| = 1; the dimension of the space of rows that fit, minus 1; and the largest distance of a point
        from the fitted kink, infinite if the features do not change near the points.
    """
    equations = np.column_stack([known.features(points), np.ones(len(points))])
    weights = np.minimum(1.0, np.median(errors) / np.maximum(errors, np.finfo(float).tiny))
    null = null_space(equations * weights[:, None], least=1)
    gradients = np.swapaxes(known.gradients(points)[0], 1, 2)
    row = null[:, 0]
    if null.shape[1] > 1:
        _, _, right = np.linalg.svd((gradients @ null[:-1]).reshape(-1, null.shape[1]), full_matrices=False)
        row = null @ right[0]
    slopes = np.linalg.norm(gradients @ row[:-1], axis=1)
    if slopes.max() <= FLAT * np.linalg.norm(row):
        return row, null.shape[1] - 1, np.inf
    distances = np.abs(equations @ row)[slopes > 0] / slopes[slopes > 0]
    return row / np.linalg.norm(row[:-1]), null.shape[1] - 1, float(distances.max())


def flat_normals(
    gradients: NDArray[np.float64], null: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Predict normals J^T v for all rows v of a null space.

    Args:
        gradients: derivatives of the features, rows x features x coordinates.
        null: (features + 1) x dimension.
    """
    rows, _, size = gradients.shape
    if not null.shape[1]:
        return np.zeros((rows, size)), np.zeros(rows, dtype=bool)
    candidates = np.swapaxes(gradients, 1, 2) @ null[:-1]
    left, values, _ = np.linalg.svd(candidates, full_matrices=False)
    single = values[:, 0] > 0
    if values.shape[1] > 1:
        single &= values[:, 1] < FLAT * values[:, 0]
    return left[:, :, 0], single


def planes(
    known: KnownMap, points: NDArray[np.float64], null: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Predict the plane of the surface on the piece of each point, at any distance from the point.

    Returns:
        Normals of norm 1, signed distances of the points from the planes, and whether the null space determines the
        planes.
    """
    if not null.shape[1]:
        return np.zeros(points.shape), np.zeros(len(points)), np.zeros(len(points), dtype=bool)
    gradients = np.swapaxes(known.gradients(points)[0], 1, 2) @ null[:-1]
    offsets = known.features(points) @ null[:-1] + null[-1]
    left, values, _ = np.linalg.svd(np.concatenate([gradients, offsets[:, None, :]], axis=1), full_matrices=False)
    single = np.ones(len(points), dtype=bool)
    if null.shape[1] > 1:
        single = values[:, 1] < FLAT * values[:, 0]
    sizes = np.linalg.norm(left[:, :-1, 0], axis=1)
    single &= sizes > FLAT
    sizes[sizes == 0] = 1.0
    return left[:, :-1, 0] / sizes[:, None], left[:, -1, 0] / sizes, single


def locate(
    probe: Probe, points: NDArray[np.float64], normals: NDArray[np.float64], window: float, close: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Find the kink next to each predicted point, along its normal.

    Args:
        probe: the network.
        points: predicted points of the surface, rows x coordinates.
        normals: normals of the surface there, of norm 1.
        window: largest half length of the search.
        close: largest distance between the prediction and the kink.

    Returns:
        Whether a kink lies at the prediction; whether the point was tested, which needs a point inside the box without
        a known kink nearby; the position along the normal; and the error of the position.
    """
    margins = probe.known.margins(points)
    margins = margins.min(axis=1) if margins.shape[1] else np.full(len(points), np.inf)
    half = np.minimum(window, 0.5 * margins)
    low, high = probe.reach(points, normals, 2 * window)
    tested = (half > 10 * close) & (low < -half) & (high > half)
    found, at, errors = np.zeros(len(points), dtype=bool), np.zeros(len(points)), np.full(len(points), np.inf)
    index = np.nonzero(tested)[0]
    if not len(index):
        return found, tested, at, errors
    kinks = find_kinks(probe, points[index], normals[index], (-half[index], half[index]), 0.1 * close)
    good = np.abs(kinks.at) < close
    found[index[kinks.piece[good]]] = True
    at[index[kinks.piece[good]]] = kinks.at[good]
    errors[index[kinks.piece[good]]] = kinks.error[good]
    return found, tested, at, errors
