"""Write the linear part of a network as units of the hidden layer that are always on.

A unit that is on for every input of the domain adds a linear map to the outputs. The outputs determine only the sum of
these maps, not the weights of such units. Any units with the same sum give a network that is exact on the domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.fitting.shallow import ShallowFit

__all__ = ["always_on", "folded", "folded_states"]

RANK = 1e-7
"""Singular values of the linear map below this share of the largest one count as zero. A larger value makes fewer
units. Hand-set."""
MARGIN = 1.01
"""Bias of an always-on unit, relative to the least bias that keeps it on in the box. Hand-set, above 1."""


def always_on(
    linear: NDArray[np.float64], box: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Write the map x -> linear x as output sigma(weight x + bias) + constant.

    In a box, each rank takes one unit with a bias that keeps the unit on. Without a box, each rank takes two units with
    opposite weights, because z = (sigma(z) - sigma(-z)) / (1 + q), where q is the slope of sigma below zero.

    Args:
        linear: the map, outputs x inputs.
        box: bound of every input; None for no bound.

    Returns:
        Weight, bias, output and constant. Without a box, divide the output by 1 + q.
    """
    left, values, right = np.linalg.svd(linear, full_matrices=False)
    rank = int((values > RANK * values.max(initial=0.0)).sum()) if values.max(initial=0.0) > 0 else 0
    weight, output = right[:rank], left[:, :rank] * values[:rank]
    if box is None:
        return (
            np.concatenate([weight, -weight]),
            np.zeros(2 * rank),
            np.concatenate([output, -output], axis=1),
            np.zeros(len(linear)),
        )
    bias = MARGIN * box * np.abs(weight).sum(axis=1)
    return weight, bias, output, -output @ bias


def folded(fit: ShallowFit, activation: str, box: float | None) -> MLP:
    """Build the network, with always-on units for the linear part."""
    weight, bias, output, constant = always_on(fit.linear, box)
    if box is None:
        output = output / (2 * ACTIVATIONS[activation].half_slope)
    layers = [
        (np.concatenate([fit.weight, weight]), np.concatenate([fit.bias, bias])),
        (np.concatenate([fit.output, output], axis=1), fit.constant + constant),
    ]
    if not len(layers[0][0]):  # a constant function still needs one unit
        layers = [(np.ones((1, fit.weight.shape[1])), np.zeros(1)), (np.zeros((len(constant), 1)), fit.constant)]
    return MLP.of(layers, activation)


def folded_states(
    fit: ShallowFit, most: NDArray[np.float64] | None
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Build the last hidden layer and the output layer over states h >= 0, with always-on units for the linear part.

    Args:
        fit: the network over the states.
        most: largest value of each state; None if states have no bound.

    Returns:
        Weight and bias of both layers. Without a bound, units with negative weights are not always on.
    """
    weight, bias, output, constant = fit.weight, fit.bias, fit.output, fit.constant
    left, values, right = np.linalg.svd(fit.linear, full_matrices=False)
    rank = int((values > RANK * values.max(initial=0.0)).sum()) if values.max(initial=0.0) > 0 else 0
    # Choose the free signs of singular vectors such that their sums are positive.
    turn = np.where(right[:rank].sum(axis=1) < 0, -1.0, 1.0)
    rows, columns = turn[:, None] * right[:rank], left[:, :rank] * values[:rank] * turn
    rows[np.abs(rows) < RANK] = 0.0
    if most is None:
        negative = np.maximum(-rows, 0)
        used = negative.any(axis=1)
        rows, columns = (
            np.concatenate([np.maximum(rows, 0), negative[used]]),
            np.concatenate([columns, -columns[:, used]], axis=1),
        )
        shift = np.zeros(len(rows))
    else:
        shift = MARGIN * np.maximum(-rows, 0) @ most
    layers = [
        (np.concatenate([weight, rows]), np.concatenate([bias, shift])),
        (np.concatenate([output, columns], axis=1), constant - columns @ shift),
    ]
    if not len(layers[0][0]):  # a constant function still needs one unit
        layers = [(np.ones((1, weight.shape[1])), np.zeros(1)), (np.zeros((len(constant), 1)), constant)]
    return layers
