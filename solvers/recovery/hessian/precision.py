"""Predict weight errors by imprecise outputs, and fit weights within the bounds of rounded outputs.

Least squares treats a rounding error as a random number. But every output is also wrong by at most half a rounding
step. The weights that meet all these bounds form a small polytope around the true weights. Its width is proportional to
1 / rows; the error of least squares is proportional to 1 / sqrt(rows). `centre` finds the polytope's analytic centre
(Boyd and Vandenberghe 2004, Convex Optimization, section 8.5.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from solvers.recovery.hessian.polish import jacobian, moved

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from solvers.recovery.hessian.polish import Rows

__all__ = ["centre", "output_bounds", "weight_errors"]

LINEARISATIONS = 3
"""Number of times that the bounds are linearised at the current weights. A larger value is more precise and slower.
Hand-set.
"""

POWERS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
"""Powers of the residuals whose sums are minimised in turn, until no residual exceeds its bound. Hand-set."""

POWER_STEPS = 2
"""Newton steps per power. A larger value is slower and meets tighter bounds. Hand-set."""

FLAT = 1e-4
"""Curvature added for every output, relative to the curvature of the largest residual. A larger value takes shorter
steps. Without it, outputs near 0 with narrow bounds and small residuals would not limit a step. From experiments with
float32 outputs."""

LEAST_SHARE = 1e-3
"""Smallest share of a Newton step that is still halved. Hand-set."""

NEWTON_STEPS = 20
"""Most Newton steps towards the analytic centre. Hand-set."""

BACK = 0.9
"""Largest share of the distance to the nearest bound that a Newton step may take. Hand-set."""

CENTRED = 1e-3
"""Newton decrement at which the centre counts as reached, per square root of the number of weights. Hand-set."""


def weight_errors(network: MLP, inputs: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    """Predict the standard deviation of each weight fitted by least squares: noise * sqrt(diag (J^T J)^-1).

    Args:
        network: a network with one hidden layer, at or near the true weights.
        inputs: inputs of the fit, rows x d.
        noise: standard deviation of the outputs' errors.

    Returns:
        One number per parameter in the order of `jacobian`; infinite if the rows do not determine the weights.
    """
    J = jacobian(network, inputs)
    scale = np.linalg.norm(J, axis=0)
    if not (scale > 0).all():
        return np.full(len(scale), np.inf)
    normal = (J / scale).T @ (J / scale)
    try:
        inverse = cho_solve(cho_factor(normal), np.eye(len(normal)))
    except LinAlgError:
        return np.full(len(scale), np.inf)
    return np.asarray(noise * np.sqrt(np.maximum(np.diag(inverse), 0.0)) / scale, dtype=np.float64)


def output_bounds(precision: str, resolution: float, outputs: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Bound the rounding error of each output, rows x o; None for float64.

    Args:
        precision: precision of the outputs, as in `PublicSpec`.
        resolution: half a rounding step; 0 for floating-point outputs.
        outputs: rounded outputs.
    """
    if resolution:
        return np.full(outputs.shape, resolution * (1 + 1e-9))
    if precision == "float32":
        return 0.5 * np.spacing(np.abs(outputs).astype(np.float32)).astype(np.float64)
    return None


def centre(network: MLP, rows: Rows, bounds: NDArray[np.float64], stop: Callable[[], bool]) -> MLP:
    """Move the weights to the analytic centre of all weights that meet the bounds of the outputs.

    Args:
        network: a network that was fitted by least squares.
        rows: inputs and rounded outputs.
        bounds: largest error of each output, rows x outputs.
        stop: function that returns whether the time is up.

    Returns:
        The centred network; the given network if no weights were found that meet the bounds.
    """
    start = network
    for _ in range(LINEARISATIONS):
        scaled = bounds.reshape(-1)
        residual = rows.residual(network).reshape(-1) / scaled
        J = jacobian(network, rows.inputs) / scaled[:, None]
        step = _centred(J, residual, stop)
        if step is None:
            return start
        network = moved(network, step)
    return network


def _centred(
    J: NDArray[np.float64], residual: NDArray[np.float64], stop: Callable[[], bool]
) -> NDArray[np.float64] | None:
    """Find the step to the analytic centre of |residual + J step| < 1; return None if no step meets the bounds.

    First, sums of growing powers of the residuals are minimised until the bounds hold; then the logarithmic barrier.
    """
    total = np.zeros(J.shape[1])
    for power in POWERS:
        for _ in range(POWER_STEPS):
            largest = float(np.abs(residual).max())
            if largest < 1 or stop():
                break
            relative = residual / largest
            slopes = np.sign(relative) * np.abs(relative) ** (power - 1)
            step = _newton_step(J, slopes, np.abs(relative) ** (power - 2) + FLAT)
            step *= largest / (power - 1)
            change, share = J @ step, 1.0
            while _power_sum(residual + share * change, power) > _power_sum(residual, power) and share > LEAST_SHARE:
                share /= 2
            total, residual = total + share * step, residual + share * change
    if np.abs(residual).max() >= 1:
        return None
    for _ in range(NEWTON_STEPS):
        above, below = 1 / (1 - residual), 1 / (1 + residual)
        gradient = above - below
        step = _newton_step(J, gradient, above**2 + below**2)
        change = J @ step
        share = min(1.0, BACK / float(np.max(np.maximum(change * above, -change * below))))
        total, residual = total + share * step, residual + share * change
        if stop() or (share == 1.0 and -(gradient @ change) < CENTRED**2 * len(total)):
            break
    return total


def _newton_step(
    J: NDArray[np.float64], slopes: NDArray[np.float64], curvatures: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve (J^T diag(curvatures) J) step = -J^T slopes."""
    weighted = J * np.sqrt(curvatures)[:, None]
    normal = weighted.T @ weighted
    normal[np.diag_indices_from(normal)] *= 1 + 1e-12
    return np.asarray(-cho_solve(cho_factor(normal), J.T @ slopes))


def _power_sum(residual: NDArray[np.float64], power: int) -> float:
    """Compute the power-th root of the sum of powers, without overflow."""
    size = np.abs(residual)
    largest = size.max()
    return float(largest * ((size / largest) ** power).sum() ** (1 / power))
