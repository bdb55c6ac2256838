"""Fit output layers by linear least squares on the units' values, a constant, and the inputs for a by-pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.core.ensemble import Architecture, Rows

    Array = NDArray[np.float64]

__all__ = ["fit_output_layer", "linear_columns", "linear_map"]

SMALLEST_SINGULAR = 1e-13
"""Singular values below this share of the largest one count as zero. A larger value drops more nearly dependent units.
Hand-set, above the rounding errors of float64."""


def linear_columns(state: Array, inputs: Array | None = None) -> Array:
    """Stack the regressors of a linear layer, k x rows: state, units x rows; a row of ones; and inputs of a by-pass."""
    parts = [state, np.ones((1, state.shape[1]))]
    if inputs is not None:
        parts.append(inputs)
    return np.concatenate(parts)


def linear_map(columns: Array, targets: Array) -> Array:
    """Solve M columns = targets by least squares, with columns k x rows and targets m x rows; return M, m x k."""
    scale = np.linalg.norm(columns, axis=1) + np.finfo(float).tiny
    solution = np.linalg.lstsq((columns / scale[:, None]).T, targets.T, rcond=SMALLEST_SINGULAR)[0]
    result: Array = solution.T / scale
    return result


def fit_output_layer(architecture: Architecture, row: Array, rows: Rows) -> Array:
    """Replace a network's output layer, and its by-pass, by the least-squares solution.

    Args:
        architecture: shape of the network.
        row: parameters, p; not changed.
        rows: data.

    Returns:
        Parameters, p.
    """
    row = row.copy()
    parts = architecture.unpack(row[None])
    state = architecture.hidden(row[None], rows.inputs, architecture.hidden_layers)[0]
    solution = linear_map(linear_columns(state, rows.inputs if architecture.bypass else None), rows.targets)
    units = len(state)
    parts.weights[-1][0], parts.biases[-1][0] = solution[:, :units], solution[:, units]
    if parts.bypass is not None:
        parts.bypass[0] = solution[:, units + 1 :]
    return row
