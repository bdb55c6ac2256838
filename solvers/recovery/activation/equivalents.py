"""Networks of tanh and of sigmoid units compute the same functions, since tanh(z) = 2 sigmoid(2 z) - 1."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from generator.recovery.network.mlp import MLP

__all__ = ["as_sigmoid", "as_tanh", "usual_form"]

TYPICAL = 2.0
"""Usual standard deviation of a unit's preactivation, for which its activation is neither linear nor saturated."""


def as_tanh(network: MLP) -> MLP:
    """Rewrite a network of sigmoid units with tanh units. Only one hidden layer is supported."""
    (weight, outer), (bias, constant) = network.weights, network.biases
    weights, biases = (weight / 2, outer / 2), (bias / 2, constant + outer.sum(axis=1) / 2)
    return replace(network, weights=weights, biases=biases, activation="tanh")


def as_sigmoid(network: MLP) -> MLP:
    """Rewrite a network of tanh units with sigmoid units. Only one hidden layer is supported."""
    (weight, outer), (bias, constant) = network.weights, network.biases
    weights, biases = (2 * weight, 2 * outer), (2 * bias, constant - outer.sum(axis=1))
    return replace(network, weights=weights, biases=biases, activation="sigmoid")


def usual_form(network: MLP, input_scale: float) -> MLP:
    """Choose between tanh and sigmoid where the outputs cannot decide: by the usual size of preactivations.

    Networks with other activations are returned as they are.
    """
    if network.activation not in ("tanh", "sigmoid"):
        return network
    forms = [network, as_sigmoid(network) if network.activation == "tanh" else as_tanh(network)]

    def unusual(form: MLP) -> float:
        size = input_scale * np.median(np.linalg.norm(form.weights[0], axis=1))
        return abs(float(np.log(size / TYPICAL)))

    return min(forms, key=unusual)
