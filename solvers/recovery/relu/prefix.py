"""The first layers of a piecewise-linear network, known exactly.

A prefix maps inputs x to the state h_l of its last layer. Every row of its weights has norm 1. The scale of a unit is
free, because sigma(c z) = c sigma(z) for c > 0; the weights of the next layer contain it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS, Activation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Prefix"]


@dataclass(frozen=True, eq=False)
class Prefix:
    """The map from h_0 = x to h_l, with h_k = sigma(W_k h_{k-1} + b_k) for k = 1 ... l.

    Attributes:
        inputs: number of inputs, d.
        activation: name of sigma, `relu` or `leaky_relu`.
        weights: W_1 ... W_l, each out x in, every row with norm 1; empty for no layer.
        biases: b_1 ... b_l.
    """

    inputs: int
    activation: str
    weights: tuple[NDArray[np.float64], ...] = ()
    biases: tuple[NDArray[np.float64], ...] = ()

    def extended(self, weight: ArrayLike, bias: ArrayLike) -> Prefix:
        """Append a layer, units x units of the last layer; its rows are scaled to norm 1."""
        rows, offsets = np.asarray(weight, dtype=np.float64), np.asarray(bias, dtype=np.float64)
        norms = np.linalg.norm(rows, axis=1)
        layer = rows / norms[:, None], offsets / norms
        return Prefix(self.inputs, self.activation, (*self.weights, layer[0]), (*self.biases, layer[1]))

    @property
    def depth(self) -> int:
        """Number of known layers, l."""
        return len(self.weights)

    @property
    def units(self) -> int:
        """Units of the last known layer; the number of inputs if no layer is known."""
        return len(self.weights[-1]) if self.weights else self.inputs

    @property
    def sigma(self) -> Activation:
        """The activation."""
        return ACTIVATIONS[self.activation]

    def hidden(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute h_l of rows x d inputs, rows x units."""
        state = inputs
        for weight, bias in zip(self.weights, self.biases, strict=True):
            state = self.sigma.value(state @ weight.T + bias)
        return state

    def preactivations(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the preactivations of all known layers, rows x (n_1 + ... + n_l)."""
        state, found = inputs, [np.empty((len(inputs), 0))]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            before = state @ weight.T + bias
            found.append(before)
            state = self.sigma.value(before)
        return np.concatenate(found, axis=1)

    def pattern(self, inputs: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which units of all known layers are on (preactivation > 0), rows x (n_1 + ... + n_l)."""
        on: NDArray[np.bool_] = self.preactivations(inputs) > 0
        return on

    def linear_map(self, pattern: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Compute (A, c) with h_l = A x + c for inputs at which exactly the units of `pattern` are on.

        Returns:
            A, units x d, the Jacobian of h_l by x; and c, units.
        """
        matrix, offset = np.eye(self.inputs), np.zeros(self.inputs)
        at, off = 0, float(self.sigma.value(np.array([-1.0]))[0]) * -1.0
        for weight, bias in zip(self.weights, self.biases, strict=True):
            slope = np.where(pattern[at : at + len(weight)], 1.0, off)
            at += len(weight)
            matrix, offset = slope[:, None] * (weight @ matrix), slope * (weight @ offset + bias)
        return matrix, offset

    def jacobian(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the derivatives of h_l by x at one point of d numbers, units x d; the point lies on no kink."""
        return self.linear_map(self.pattern(point[None])[0])[0]
