"""How precise the weights are that imprecise outputs determine, and how to get the most out of rounded outputs.

Least squares treats a rounding error as a random number. But it is a bound too: every output is off by at most half a
rounding step. The weights that meet all bounds form a small polytope around the truth, and its width falls with the
number of rows, while the error of least squares only falls with the root of it. `centre` finds the polytope's analytic
centre (Boyd and Vandenberghe 2004, Convex Optimization, section 8.5.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve, qr, solve_triangular

from solvers.recovery.core.ensemble import Rows, network_of_row, parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP

__all__ = ["centre", "free_parameters", "output_bounds", "weight_errors"]

LINEARISATIONS = 3
"""Times that the bounds are linearised at the present weights."""

POWERS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
"""Powers of the residuals whose sums are minimised in turn, until no residual exceeds its bound."""

POWER_STEPS = 2
"""Newton steps per power."""

FLAT = 1e-4
"""Least curvature of a power, relative to that of the largest residual. Without it, outputs near 0 with narrow bounds
and small residuals would not restrain a step at all. From experiments with float32 outputs."""

LEAST_SHARE = 1e-3
"""Share of a Newton step below which it is not halved any more."""

NEWTON_STEPS = 20
"""Most Newton steps towards the analytic centre."""

BACK = 0.9
"""Largest share of the way to the nearest bound that a Newton step may go."""

CENTRED = 1e-3
"""Newton decrement, per root of the number of weights, at which the centre is reached."""


def free_parameters(network: MLP) -> NDArray[np.bool_]:
    """Mark the parameters that the outputs can determine, in the order of `parameters_of`.

    These are all parameters, unless sigma(c z) = c sigma(z). Then every unit has a free scale, and the largest outgoing
    weight of each unit is held.
    """
    shape, row = parameters_of(network)
    free = np.ones((1, len(row)), dtype=bool)
    if network.sigma.scales:
        at, outputs, units = list(shape.blocks())[-1]
        held = np.abs(network.weights[-1]).argmax(axis=0)
        free[0, at : at + outputs * units].reshape(outputs, units)[held, np.arange(units)] = False
    return np.asarray(free[0])


def weight_errors(network: MLP, inputs: NDArray[np.float64], noise: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Predict the standard deviation of each weight fitted by least squares: the root of the diagonal of (J^T J)^-1.

    Args:
        network: at or near the truth.
        inputs: rows fitted, rows x d.
        noise: standard deviation of the outputs' errors; one number, or outputs x rows.

    Returns:
        One number per parameter in the order of `parameters_of`, 0 for those that `free_parameters` leaves out;
        infinite if the rows do not determine the weights.
    """
    shape, row = parameters_of(network)
    free = free_parameters(network)
    rows = Rows.of(inputs, np.zeros((len(inputs), shape.widths[-1])))
    largest = float(np.max(noise))
    if largest == 0:
        return np.zeros(len(row))
    J = shape.linearise(row[None], rows)[1][0][free] * (largest / np.reshape(noise, -1))
    scale = np.linalg.norm(J, axis=1)
    errors = np.where(free, np.inf, 0.0)
    if not (scale > 0).all() or J.shape[1] < len(J):
        return errors
    R = qr((J / scale[:, None]).T, mode="r", check_finite=False)[0][: len(J)]
    if not (np.abs(np.diag(R)) > len(J) * np.finfo(np.float64).eps).all():
        return errors
    errors[free] = largest * np.linalg.norm(solve_triangular(R, np.eye(len(J))), axis=1) / scale
    return errors


def output_bounds(precision: str, resolution: float, outputs: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Bound the rounding error of each output; None for float64.

    Args:
        precision: of the puzzle's public spec.
        resolution: half a rounding step; 0 for floating-point outputs.
        outputs: rounded outputs.
    """
    if resolution:
        return np.full(outputs.shape, resolution * (1 + 1e-9))
    if precision == "float32":
        return 0.5 * np.spacing(np.abs(outputs).astype(np.float32)).astype(np.float64)
    return None


def centre(network: MLP, rows: Rows, bounds: NDArray[np.float64], stop: Callable[[], bool]) -> MLP:
    """Move the weights to the analytic centre of those that meet the bounds of all outputs.

    Args:
        network: fitted by least squares.
        rows: inputs and rounded outputs.
        bounds: largest error of each output, outputs x rows.
        stop: tells whether time is up.

    Returns:
        The centred network; the network itself if no weights were found that meet the bounds.
    """
    shape, row = parameters_of(network)
    free, scaled, moved = free_parameters(network), bounds.reshape(-1), row.copy()
    for _ in range(LINEARISATIONS):
        residuals, jacobian = shape.linearise(moved[None], rows)
        step = _centred(np.ascontiguousarray((jacobian[0][free] / scaled).T), residuals[0] / scaled, stop)
        if step is None:
            return network
        moved[free] += step
    return network_of_row(shape, moved)


def _centred(
    J: NDArray[np.float64], residual: NDArray[np.float64], stop: Callable[[], bool]
) -> NDArray[np.float64] | None:
    """Find the analytic centre of |residual + J step| < 1; None if it is not found.

    Sums of growing powers of the residuals are minimised until the bounds hold, then the logarithmic barrier.
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
