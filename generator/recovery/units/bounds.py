"""Bounds of the preactivations of a network over a box of inputs, by interval arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP

__all__ = ["Interval", "interval_bounds"]

Interval = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
"""Lower and upper bounds of the preactivations of one layer, each an array of units."""


def interval_bounds(network: MLP, box: float | None) -> list[Interval]:
    """Bound the preactivations of every hidden layer by interval arithmetic; exact in the first layer.

    Args:
        network: a network with a monotone activation.
        box: bound of every input; None for no bound.

    Returns:
        Lower and upper bounds for each hidden layer; infinite where there is no bound.
    """
    bound = np.inf if box is None else box
    low, high = np.full(network.widths[0], -bound), np.full(network.widths[0], bound)
    found: list[Interval] = []
    for weight, bias in network.layers()[:-1]:
        rising, falling = np.maximum(weight, 0), np.minimum(weight, 0)
        below = _product(rising, low) + _product(falling, high) + bias
        above = _product(rising, high) + _product(falling, low) + bias
        found.append((below, above))
        low, high = network.sigma.value(below), network.sigma.value(above)
    return found


def _product(weight: NDArray[np.float64], bound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply a matrix by bounds that may be infinite; zero times infinity is zero."""
    infinite = np.isinf(bound)
    if not infinite.any():
        return weight @ bound
    total = weight[:, ~infinite] @ bound[~infinite]
    steps = np.sign(weight[:, infinite]) * np.sign(bound[infinite])  # all nonzero entries of a row have one sign
    return np.where(steps.any(axis=1), np.copysign(np.inf, steps.sum(axis=1)), total)
