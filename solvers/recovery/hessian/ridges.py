"""Fit the norm and the bias of every unit from samples of its contribution along its direction.

For a unit of direction u, the derivatives of order k at points x_m give the samples a s^k sigma^(k)(s t_m + b) with
t_m = u x_m, one per output. Only the norm s and the bias b enter nonlinearly. So s and b are searched on a grid that is
refined around the best points, and a follows by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import minimum_filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.recovery.network.activations import Activation

__all__ = ["Ridges", "activation_derivative", "fit_ridges"]

NORMS = np.geomspace(0.1, 15.0, 22)
"""Norms of the coarse grid, times the standard deviation of the positions t_m. Hand-set."""

CENTRES = np.linspace(-4.0, 4.0, 33)
"""Positions of the units' hyperplanes in the coarse grid, in standard deviations of the positions t_m. Hand-set."""

MINIMA = 6
"""Local minima of the coarse grid that are refined, per sign of the norm. A larger value takes longer. Hand-set."""

ZOOMS = 9
"""Refinements around the best point. Each one halves the spacing of the grid. A larger value is more precise.
Hand-set."""

AROUND = np.arange(-2, 3)
"""Offsets of a refined grid from its best point, in spacings, in both dimensions. Hand-set."""

DIFFERENCE = 2e-2
"""Step of the differences that give the third and fourth derivative of an activation from its second one. The
truncation error grows with the fourth power of the step. Hand-set."""


@dataclass(frozen=True)
class Ridges:
    """Fitted units.

    Attributes:
        weight: incoming weights, units x inputs.
        bias: biases of the units.
        misfit: norm of the residual of each unit's samples, relative to the norm of the samples, from 0 to 1.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    misfit: NDArray[np.float64]


def activation_derivative(activation: Activation, order: int, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate the derivative of order 2, 3 or 4 of an activation, elementwise."""
    if order == 2:
        return activation.curvature(z)
    near, far = (activation.curvature(z + DIFFERENCE * at) for at in (1, 2))
    near_left, far_left = (activation.curvature(z - DIFFERENCE * at) for at in (1, 2))
    if order == 3:
        return (8 * (near - near_left) - (far - far_left)) / (12 * DIFFERENCE)
    centre = activation.curvature(z)
    return (16 * (near + near_left) - (far + far_left) - 30 * centre) / (12 * DIFFERENCE**2)


def fit_ridges(
    activation: Activation,
    order: int,
    directions: NDArray[np.float64],
    points: NDArray[np.float64],
    samples: NDArray[np.float64],
) -> Ridges:
    """Fit all units, one after the other.

    Args:
        activation: activation of the units.
        order: order of the derivatives, k.
        directions: directions of the units' weights, units x inputs, of norm 1.
        points: points x inputs.
        samples: coefficients of u^k in the derivatives, points x units x outputs.
    """
    positions = points @ directions.T
    fits = [_fit(activation, order, t, y) for t, y in zip(positions.T, samples.transpose(1, 0, 2), strict=True)]
    norm, bias, misfit = np.array(fits).reshape(-1, 3).T
    return Ridges(norm[:, None] * directions, bias, misfit)


def _fit(
    activation: Activation, order: int, positions: NDArray[np.float64], samples: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Fit one unit.

    Returns:
        Norm, negative if the direction must be reversed; bias; relative misfit.
    """
    spread = float(np.std(positions))
    t, size = positions / spread, float((samples**2).sum())

    def misfit(norms: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
        shapes = activation_derivative(activation, order, norms[..., None] * (t - centres[..., None]))
        energy = np.maximum((shapes**2).sum(axis=-1), np.finfo(np.float64).tiny)
        return np.asarray(1 - ((shapes @ samples) ** 2).sum(axis=-1) / (energy * size))

    signs = (1.0, -1.0) if activation.symmetry == "none" else (1.0,)
    starts = [_minima(misfit, sign) for sign in signs]
    norms, centres = np.concatenate(starts, axis=1)
    ratio, gap = NORMS[1] / NORMS[0], CENTRES[1] - CENTRES[0]
    for _ in range(ZOOMS):
        ratio, gap = np.sqrt(ratio), gap / 2
        powers, shifts = (grid.ravel() for grid in np.meshgrid(AROUND, AROUND))
        finer = norms[:, None] * ratio**powers, centres[:, None] + gap * shifts
        errors = misfit(*finer)
        at = np.argmin(errors, axis=1)[:, None]
        norms, centres = (np.take_along_axis(one, at, axis=1)[:, 0] for one in finer)
    errors = misfit(norms, centres)
    best = int(np.argmin(errors))
    norm, centre = float(norms[best]), float(centres[best])
    return norm / spread, -norm * centre, float(np.sqrt(max(errors[best], 0.0)))


def _minima(
    misfit: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]], sign: float
) -> NDArray[np.float64]:
    """Find the best local minima on the coarse grid; two rows: norms and centres."""
    norms, centres = np.meshgrid(sign * NORMS, CENTRES, indexing="ij")
    errors = misfit(norms, centres)
    lowest = np.flatnonzero(errors == minimum_filter(errors, size=3, mode="nearest"))
    kept = lowest[np.argsort(errors.flat[lowest], kind="stable")[:MINIMA]]
    return np.array([norms.flat[kept], centres.flat[kept]])
