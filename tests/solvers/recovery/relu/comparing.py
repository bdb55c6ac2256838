"""Compare a recovered piecewise-linear network with the true one, up to permutation and positive scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP

__all__ = ["weight_error"]


def weight_error(true: MLP, found: MLP) -> float:
    """Compute the largest weight error, relative to the layer's largest weight; infinite for other widths."""
    if true.widths != found.widths:
        return float("inf")
    first, second = _normal_form(true), _normal_form(found)
    worst = 0.0
    for layer, (one, two) in enumerate(zip(first, second, strict=True)):
        matched = two
        if layer < len(first) - 1:
            order = linear_sum_assignment(np.abs(one[:, None] - two[None]).max(axis=2))[1]
            matched = two[order]
            after = second[layer + 1]
            second[layer + 1] = np.column_stack([after[:, :-1][:, order], after[:, -1]])
        worst = max(worst, float(np.abs(one - matched).max() / np.abs(one).max()))
    return worst


def _normal_form(network: MLP) -> list[NDArray[np.float64]]:
    """Scale every hidden unit to weights of norm 1; each layer is weights and bias side by side."""
    weights = [weight.copy() for weight in network.weights]
    layers = []
    for layer, bias in enumerate(network.biases):
        norms = np.ones(len(bias))
        if layer < len(weights) - 1:
            norms = np.linalg.norm(weights[layer], axis=1)
            weights[layer + 1] *= norms
        layers.append(np.column_stack([weights[layer], bias]) / norms[:, None])
    return layers
