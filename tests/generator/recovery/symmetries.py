"""Changes of a network that leave its function unchanged, and changes that only seem to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.mlp import MLP

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["disguised", "flipped_with_bypass", "with_split_unit", "with_zero_pair"]


def disguised(network: MLP, rng: np.random.Generator) -> MLP:
    """Permute all hidden units, and change signs and scales where the activation allows it."""
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    for layer in range(network.hidden_layers):
        units = len(biases[layer])
        order = rng.permutation(units)
        weights[layer], biases[layer] = weights[layer][order], biases[layer][order]
        weights[layer + 1] = weights[layer + 1][:, order]
        signs = rng.choice([-1.0, 1.0], units) if "odd" in network.sigma.symmetry else np.ones(units)
        scales = np.exp(rng.standard_normal(units)) if network.sigma.scales else np.ones(units)
        if network.sigma.symmetry == "odd-constant":  # a s(z) = a - a s(-z)
            biases[layer + 1] = biases[layer + 1] + weights[layer + 1] @ (signs < 0)
        weights[layer], biases[layer] = (scales * signs)[:, None] * weights[layer], scales * signs * biases[layer]
        weights[layer + 1] = weights[layer + 1] * (signs / scales)
    return MLP(tuple(weights), tuple(biases), network.activation)


def flipped_with_bypass(network: MLP, unit: int) -> MLP:
    """Flip a unit of an even-linear activation; a by-pass and the output bias supply what is missing."""
    weight, bias = network.weights[0].copy(), network.biases[0].copy()
    outgoing = 2 * network.sigma.half_slope * network.weights[1][:, unit]
    bypass, constant = np.outer(outgoing, weight[unit]), outgoing * bias[unit]
    weight[unit], bias[unit] = -weight[unit], -bias[unit]
    return MLP((weight, network.weights[1]), (bias, network.biases[1] + constant), network.activation, bypass)


def with_split_unit(network: MLP) -> MLP:
    """Copy the first unit of the first hidden layer and share its outgoing weights between the two."""
    first, second, *rest = network.weights
    share = np.column_stack([0.4 * second[:, :1], second[:, 1:], 0.6 * second[:, :1]])
    biases = (np.append(network.biases[0], network.biases[0][0]), *network.biases[1:])
    return MLP((np.vstack([first, first[:1]]), share, *rest), biases, network.activation)


def with_zero_pair(network: MLP, rng: np.random.Generator) -> MLP:
    """Add two equal units whose outgoing weights cancel."""
    first, second, *rest = network.weights
    extra: NDArray[np.float64] = rng.standard_normal((1, first.shape[1]))
    outgoing = rng.standard_normal((len(second), 1))
    biases = (np.append(network.biases[0], [0.3, 0.3]), *network.biases[1:])
    weights = (np.vstack([first, extra, extra]), np.column_stack([second, outgoing, -outgoing]), *rest)
    return MLP(weights, biases, network.activation)
