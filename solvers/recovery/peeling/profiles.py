"""Estimate norm and bias of a first-layer unit from profiles of the outputs along its normal.

Where the other units are saturated, the outputs along the normal are F(sigma(norm t + shift)). The smooth function F
depends on the saturation pattern of the other units. With a wrong norm or shift, F needs a higher degree. So norm and
shift are fitted such that polynomials of a low degree fit the profiles of several patterns best (variable projection).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares

from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.peeling.hyperplanes import TANGENT_POINTS, purest, tangent_points
from solvers.recovery.peeling.probing import affordable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.peeling.hyperplanes import Hyperplane
    from solvers.recovery.peeling.probing import Probe

    Array = NDArray[np.float64]

__all__ = ["first_layer", "unit_of"]

DEGREE = 5
"""Degree of the polynomials F. Larger values fit more strongly curved upper layers and determine the shift less well.
Hand-set."""
SPAN = 1.6
"""Half the length of a profile, in units of the inputs. Hand-set: three to four times the width of a unit of norm 2."""
SAMPLES = 33
"""Points of a profile. A larger value is more precise and takes more queries. Hand-set."""
PATTERNS = 24
"""Profiles that are measured per unit. The third with the largest amplitudes is fitted. A larger value takes more
queries. Hand-set."""
REFITS = 2
"""Fits of the better half of the profiles after the first fit. They drop profiles on which another unit switches.
Hand-set.
"""
BOUNDS = ((np.log(0.05), -2.5), (np.log(20.0), 2.5))
"""Lower and upper bounds of the logarithm of the norm and of the preactivation at the centre of a profile. Hand-set."""
NORMS = (0.6, 1.5, 3.0)
"""Norms of the weights at the starts of the fit. Hand-set."""
SHIFTS = (-0.6, 0.0, 0.6)
"""Preactivations at the centre of a profile at the starts of the fit. Hand-set."""


def first_layer(
    probe: Probe, planes: list[Hyperplane], activation: str, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Estimate the first layer's weights, units x n, and biases.

    Directions are exact up to the disagreement of the hyperplanes. Typical errors are 5 % for norms and 0.3 for biases.

    Raises:
        QueryError: if the budget is spent.
    """
    units = [unit_of(probe, planes, number, activation, rng) for number in range(len(planes))]
    return np.array([weight for weight, _ in units]), np.array([bias for _, bias in units])


def unit_of(
    probe: Probe, planes: list[Hyperplane], number: int, activation: str, rng: np.random.Generator
) -> tuple[Array, float]:
    """Estimate weights, n numbers, and bias of one unit, with the sign of the hyperplane's direction."""
    plane, sigma = planes[number], ACTIVATIONS[activation].value
    points = tangent_points(probe, plane, TANGENT_POINTS, probe.bound, rng)
    shifts = np.linspace(-SPAN, SPAN, SAMPLES)
    paths = points[:, None] + shifts[[0, -1], None] * plane.direction
    points = points[probe.inside(paths).all(axis=1)]
    if not len(points) or not affordable(probe.oracle, PATTERNS * SAMPLES):
        return plane.direction * NORMS[1], -plane.offset * NORMS[1]
    points = purest(points, planes, number, PATTERNS, lengths=SPAN)
    profiles = probe.values(points[:, None] + shifts[:, None] * plane.direction)
    profiles = profiles[np.argsort(-np.ptp(profiles, axis=1))[: PATTERNS // 3]]
    profiles = profiles / np.ptp(profiles, axis=1).max()

    def residual(guess: Array, chosen: Array) -> Array:
        state = sigma(np.exp(guess[0]) * shifts + guess[1])
        basis, _ = np.linalg.qr(np.vander(state - state.mean(), DEGREE + 1))
        left: Array = chosen - (chosen @ basis) @ basis.T
        return left.ravel()

    def fitted(starts: list[Array], chosen: Array) -> Array:
        fits = [least_squares(residual, start, bounds=BOUNDS, max_nfev=40, args=(chosen,)) for start in starts]
        best: Array = min(fits, key=lambda fit: float(fit.cost)).x
        return best

    guess = fitted([np.array([np.log(norm), shift]) for norm in NORMS for shift in SHIFTS], profiles)
    for _ in range(REFITS):
        errors = (residual(guess, profiles).reshape(profiles.shape) ** 2).sum(axis=1)
        guess = fitted([guess], profiles[errors <= np.median(errors)])
    norm, shift = float(np.exp(guess[0])), float(guess[1])
    return norm * plane.direction, shift - norm * plane.offset
