"""Derivatives of a network's outputs by its parameters, and their condition number, which measures difficulty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP

__all__ = ["condition_number", "determined", "parameter_jacobian"]

ZERO = 1e-13
"""Singular values up to this share of the largest one count as zero. A larger value ignores weaker directions.
Hand-set, above the rounding errors of float64, which are about 1e-15."""


def parameter_jacobian(network: MLP, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the derivatives of all outputs by all parameters.

    Args:
        network: of any activation; at a kink of sigma, the slope is the mean of both sides.
        inputs: rows x d.

    Returns:
        Array of (rows * outputs) x parameters. The parameters are W_1 (row by row), b_1, W_2, b_2, ...; the by-pass is
        not included.
    """
    states, slopes = [inputs], []
    for weight, bias in network.layers()[:-1]:
        before = states[-1] @ weight.T + bias
        states.append(network.sigma.value(before))
        slopes.append(network.sigma.slope(before))
    rows, outputs = len(inputs), len(network.weights[-1])
    backward = np.broadcast_to(np.eye(outputs), (rows, outputs, outputs))  # derivatives of f by the preactivations
    blocks: list[NDArray[np.float64]] = []
    for layer in reversed(range(len(network.weights))):
        by_weight = backward[:, :, :, None] * states[layer][:, None, None, :]
        blocks[:0] = [by_weight.reshape(rows * outputs, -1), backward.reshape(rows * outputs, -1)]
        if layer:
            backward = (backward @ network.weights[layer]) * slopes[layer - 1][:, None, :]
    return np.concatenate(blocks, axis=1)


def condition_number(network: MLP, inputs: NDArray[np.float64]) -> float:
    """Divide the largest singular value of the parameter Jacobian by the smallest one that is not zero.

    If sigma(c z) = c sigma(z), the scale of each hidden unit is free, so one singular value per hidden unit is zero.
    Units that are linear, or off for all inputs, add more zeros.
    """
    values = np.linalg.svd(parameter_jacobian(network, inputs), compute_uv=False)
    return float(values[0] / values[determined(values, network) - 1])


def determined(values: NDArray[np.floating], network: MLP) -> int:
    """Count the singular values of a network's parameter Jacobian that are not zero; at least 1.

    Args:
        values: all singular values, from large to small.
        network: the network.
    """
    free = sum(network.widths[1:-1]) if network.sigma.scales else 0
    return max(1, min(len(values) - free, int((values > ZERO * values[0]).sum())))
