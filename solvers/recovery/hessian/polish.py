"""Levenberg-Marquardt for networks with one hidden layer, with or without a linear by-pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from solvers.recovery.core import ensemble as core
from solvers.recovery.core.ensemble import network_of_row, parameters_of
from solvers.recovery.core.levenberg_marquardt import polish as factorised_polish

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP

__all__ = ["Rows", "jacobian", "moved", "polish", "sharpened", "solve_outputs"]

DAMPING = 1e-4
"""First damping, relative to the diagonal of the normal equations. Small, because the start is near."""

RAISE, LOWER = 8.0, 0.05
"""Factors of the damping after a failed and after a successful step."""

MOST_DAMPING = 1e8
"""Damping above which no step is expected to help."""

GAIN = 1e-3
"""Relative fall of the sum of squares over `SLOW` steps below which the polish ends."""

SLOW = 6
"""Consecutive slow steps after which the polish ends."""

ROUNDING = 1e-13
"""Root mean square of the residuals, relative to the outputs', below which a step that does not halve it is the last;
only rounding errors are left."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs and outputs to fit.

    Attributes:
        inputs: rows x d.
        outputs: rows x o.
    """

    inputs: NDArray[np.float64]
    outputs: NDArray[np.float64]

    def residual(self, network: MLP) -> NDArray[np.float64]:
        """Subtract the outputs from a network's."""
        return network(self.inputs) - self.outputs


def solve_outputs(network: MLP, rows: Rows, *, bypass: bool) -> MLP:
    """Solve the outgoing weights, the output bias and, if wanted, the by-pass by least squares."""
    units = len(network.weights[0])
    features = [network.hidden(rows.inputs, 1), np.ones((len(rows.inputs), 1))]
    features += [rows.inputs] if bypass else []
    found = np.asarray(np.linalg.lstsq(np.hstack(features), rows.outputs, rcond=None)[0].T, dtype=np.float64)
    return replace(
        network,
        weights=(network.weights[0], found[:, :units]),
        biases=(network.biases[0], found[:, units]),
        bypass=found[:, units + 1 :] if bypass else None,
    )


def sharpened(network: MLP, rows: Rows) -> MLP:
    """Take Gauss-Newton steps by an orthogonal factorisation, which sees directions that normal equations lose."""
    shape, row = parameters_of(network)
    found, _ = factorised_polish(shape, row, core.Rows.of(rows.inputs, rows.outputs))
    return network_of_row(shape, found)


def jacobian(network: MLP, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the derivatives of the outputs by the parameters, (rows * outputs) x parameters.

    The parameters are W, b, A, c and the by-pass if there is one, each row by row.
    """
    (weight, outer), bias = network.weights, network.biases[0]
    before = inputs @ weight.T + bias
    slopes = network.sigma.slope(before)
    rows, outputs, units = len(inputs), len(outer), len(weight)
    by_bias = slopes[:, None, :] * outer
    by_weight = (by_bias[..., None] * inputs[:, None, None, :]).reshape(rows, outputs, -1)
    state = np.hstack([network.sigma.value(before), np.ones((rows, 1)), inputs])
    cuts = (slice(0, units), slice(units, units + 1), slice(units + 1, None))
    blocks = [by_weight, by_bias]
    for cut in cuts if network.bypass is not None else cuts[:2]:
        features = state[:, cut]
        block = np.einsum("po,qf->qpof", np.eye(outputs), features)
        blocks.append(block.reshape(rows, outputs, -1))
    return np.concatenate(blocks, axis=2).reshape(rows * outputs, -1)


def moved(network: MLP, step: NDArray[np.float64]) -> MLP:
    """Add a step to the parameters, in the order of `jacobian`."""
    arrays = [network.weights[0], network.biases[0], network.weights[1], network.biases[1]]
    arrays += [] if network.bypass is None else [network.bypass]
    cuts = np.cumsum([array.size for array in arrays])[:-1]
    new = [array + part.reshape(array.shape) for array, part in zip(arrays, np.split(step, cuts), strict=True)]
    bypass = new[4] if len(new) > 4 else None
    return replace(network, weights=(new[0], new[2]), biases=(new[1], new[3]), bypass=bypass)


def polish(network: MLP, rows: Rows, steps: int, stop: Callable[[], bool]) -> MLP:
    """Minimise the sum of squared residuals.

    Args:
        network: one hidden layer; its by-pass is fitted too if it has one.
        rows: at least as many outputs as parameters.
        steps: most steps, failed ones included.
        stop: tells whether time is up.
    """
    residual = rows.residual(network).reshape(-1)
    loss, damping, slow = float(residual @ residual), DAMPING, 0
    normal: NDArray[np.float64] | None = None
    rounding = ROUNDING**2 * float((rows.outputs**2).sum())
    for _ in range(steps):
        if stop() or slow >= SLOW or damping > MOST_DAMPING:
            break
        if normal is None:
            J = jacobian(network, rows.inputs)
            normal, gradient = J.T @ J, J.T @ residual
            scale = np.sqrt(np.diag(normal) + 1e-12 * np.trace(normal) / len(normal))
            normal, gradient = normal / np.outer(scale, scale), gradient / scale
        try:
            factor = cho_factor(normal + damping * np.eye(len(normal)), check_finite=False)
        except LinAlgError:
            damping *= RAISE
            continue
        tried = moved(network, -cho_solve(factor, gradient, check_finite=False) / scale)
        change = rows.residual(tried).reshape(-1)
        new = float(change @ change)
        if loss < rounding and new > 0.25 * loss:
            return tried if new < loss else network
        if not new < loss:
            damping, slow = damping * RAISE, slow + (new < loss * (1 + GAIN))
            continue
        slow = slow + 1 if new > (1 - GAIN) * loss else 0
        network, residual, loss, normal = tried, change, new, None
        damping = max(damping * LOWER, np.finfo(np.float64).eps)
    return network
