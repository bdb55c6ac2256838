"""Leave out superfluous units of a network, and test whether a unit is superfluous.

A network that agrees with the hidden one may still be too wide: a false hyperplane becomes a unit whose outgoing
weights are zero, or whose state is a linear combination of the other states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.mlp import MLP

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["superfluous", "without_superfluous"]

IDLE = 1e-8
"""Largest effect of a unit that counts as rounding errors, as a share of the largest effect of a unit of its layer. A
larger value removes more units. Hand-set, between rounding errors of recovered weights (1e-11) and weak units (1e-5).
"""
DEPENDENT = 1e-9
"""Largest distance of a unit's state from the span of the other states and a constant, relative to its norm, at which
the unit can be left out. Hand-set, above rounding errors."""


def without_superfluous(network: MLP, inputs: NDArray[np.float64]) -> MLP:
    """Leave out units without which the next layer can compute the same outputs.

    Args:
        network: the network.
        inputs: rows on which states are compared, rows x d.
    """
    layer = network.hidden_layers
    while layer:
        unit, share = _least_needed(network, layer, inputs)
        if unit is None or network.widths[layer] == 1:
            layer -= 1
            continue
        network = _removed(network, layer, unit, share)
        layer = network.hidden_layers  # units of later layers may have lost their use
    return network


def superfluous(network: MLP, inputs: NDArray[np.float64]) -> str:
    """Name the first layer with a unit that can be left out, or that does not switch on the inputs; empty for none."""
    for layer in range(1, network.hidden_layers + 1):
        if _least_needed(network, layer, inputs)[0] is not None:
            return f"a unit of hidden layer {layer} can be left out"
        on = network.preactivations(inputs, layer) > 0
        if (on.all(axis=0) | ~on.any(axis=0)).any():
            return f"a unit of hidden layer {layer} does not switch on random inputs"
    return ""


def _least_needed(network: MLP, layer: int, inputs: NDArray[np.float64]) -> tuple[int | None, NDArray[np.float64]]:
    """Find a unit without effect on the next layer, or whose state is a combination of the others and a constant.

    Returns:
        The unit, None if all units are needed; and the coefficients of the combination, 0 for the unit itself, the
        constant last.
    """
    state = network.hidden(inputs, layer)
    # Effects are measured by weights, not by states: a unit may be on for one input in a thousand.
    effects = np.linalg.norm(network.weights[layer - 1], axis=1) * np.linalg.norm(network.weights[layer], axis=0)
    idle = np.flatnonzero(effects <= IDLE * effects.max())
    units = state.shape[1]
    if len(idle):
        return int(idle[0]), np.zeros(units + 1)
    # Every row gets the same weight; otherwise far inputs would dominate.
    columns = np.column_stack([state, np.ones(len(state))]) / np.linalg.norm(inputs, axis=1)[:, None]
    columns_sizes = np.linalg.norm(columns, axis=0)
    columns_sizes[columns_sizes == 0] = 1.0
    columns = columns / columns_sizes
    # Row j of the pseudo-inverse has norm 1 / (distance of column j from the span of the others).
    _, values, right = np.linalg.svd(columns, full_matrices=False)
    values = np.maximum(values, np.finfo(float).eps * values[0])
    distances = 1.0 / np.linalg.norm(right / values[:, None], axis=0)[:units]
    distances[~state.any(axis=0)] = np.inf  # a unit that is off on all rows is kept
    unit = int(distances.argmin())
    if distances[unit] > DEPENDENT:
        return None, np.zeros(units + 1)
    others = np.delete(np.arange(units + 1), unit)
    share = np.zeros(units + 1)
    share[others] = np.linalg.lstsq(columns[:, others], columns[:, unit], rcond=1e-12)[0]
    if np.linalg.norm(columns @ share - columns[:, unit]) > DEPENDENT:
        return None, np.zeros(units + 1)
    return unit, np.asarray(share * columns_sizes[unit] / columns_sizes)


def _removed(network: MLP, layer: int, unit: int, share: NDArray[np.float64]) -> MLP:
    """Replace the state of a unit by a combination of the other states of its layer and a constant."""
    weights, biases = list(network.weights), list(network.biases)
    kept = np.delete(np.arange(network.widths[layer]), unit)
    outgoing = weights[layer]
    biases[layer] = biases[layer] + outgoing[:, unit] * share[-1]
    weights[layer] = (outgoing + np.outer(outgoing[:, unit], share[:-1]))[:, kept]
    weights[layer - 1], biases[layer - 1] = weights[layer - 1][kept], biases[layer - 1][kept]
    return MLP(tuple(weights), tuple(biases), network.activation, network.bypass)
