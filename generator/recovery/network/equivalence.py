"""Rewrite a network with another activation that computes the same function."""

from __future__ import annotations

from generator.recovery.network.mlp import MLP

__all__ = ["in_activation"]


def in_activation(network: MLP, activation: str) -> MLP | None:
    """Rewrite a network with another activation and the same widths; return None where this is impossible.

    tanh(z) = 2 sigmoid(2 z) - 1, so tanh and sigmoid networks compute the same functions. No solver can distinguish the
    two from outputs.
    """
    if network.activation == activation:
        return network
    match network.activation, activation:
        case "tanh", "sigmoid":
            return _rescaled(network, activation, 2.0, 2.0, -1.0)
        case "sigmoid", "tanh":  # sigmoid(z) = (tanh(z / 2) + 1) / 2
            return _rescaled(network, activation, 0.5, 0.5, 0.5)
    return None


def _rescaled(network: MLP, activation: str, inner: float, outer: float, constant: float) -> MLP:
    """Replace sigma by tau in every hidden layer, where sigma(z) = outer * tau(inner * z) + constant."""
    weights, biases = list(network.weights), list(network.biases)
    for layer in range(network.hidden_layers):
        weights[layer], biases[layer] = inner * weights[layer], inner * biases[layer]
        biases[layer + 1] = biases[layer + 1] + constant * weights[layer + 1].sum(axis=1)
        weights[layer + 1] = outer * weights[layer + 1]
    return MLP(tuple(weights), tuple(biases), activation, network.bypass)
