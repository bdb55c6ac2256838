"""A feed-forward network with biases, one activation in all hidden layers, and a linear output layer, in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS, Activation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["MLP"]

BATCH_ROWS = 64
"""Rows per matrix product of `MLP.exact`. Every product has the same shape, so the outputs of a row do not depend on
the other rows of a query. A larger value is faster for long queries and slower for short ones. Hand-set.
"""


@dataclass(frozen=True, eq=False)
class MLP:
    """A network f: h_0 = x, h_l = sigma(W_l h_{l-1} + b_l), f(x) = W_{L+1} h_L + b_{L+1} (+ S x).

    Attributes:
        weights: W_1 ... W_{L+1}, each out x in, float64.
        biases: b_1 ... b_{L+1}, float64.
        activation: name of sigma.
        bypass: the linear by-pass S, outputs x inputs; None for no by-pass.
    """

    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]
    activation: str
    bypass: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, layers: Sequence[tuple[ArrayLike, ArrayLike]], activation: str) -> MLP:
        """Build a network from pairs of weight (out x in) and bias."""
        weights = tuple(np.asarray(weight, dtype=np.float64) for weight, _ in layers)
        biases = tuple(np.asarray(bias, dtype=np.float64) for _, bias in layers)
        return cls(weights, biases, activation)

    @property
    def sigma(self) -> Activation:
        """The activation."""
        return ACTIVATIONS[self.activation]

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, units of each hidden layer, outputs."""
        return (self.weights[0].shape[1], *(len(weight) for weight in self.weights))

    @property
    def hidden_layers(self) -> int:
        """Number of hidden layers, L."""
        return len(self.weights) - 1

    def __call__(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map inputs, rows x d, to outputs, rows x o. The last bits may depend on the number of rows, see `exact`."""
        outputs = self.hidden(inputs, self.hidden_layers) @ self.weights[-1].T + self.biases[-1]
        return outputs if self.bypass is None else outputs + inputs @ self.bypass.T

    def hidden(self, inputs: NDArray[np.float64], layer: int) -> NDArray[np.float64]:
        """Compute h_layer, rows x units, from inputs, rows x d; h_0 is the input."""
        state = inputs
        for weight, bias in zip(self.weights[:layer], self.biases[:layer], strict=True):
            state = self.sigma.value(state @ weight.T + bias)
        return state

    def preactivations(self, inputs: NDArray[np.float64], layer: int) -> NDArray[np.float64]:
        """Compute W_layer h_{layer-1} + b_layer, rows x units; the first hidden layer is layer 1."""
        return self.hidden(inputs, layer - 1) @ self.weights[layer - 1].T + self.biases[layer - 1]

    def exact(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map inputs, rows x d, to outputs, rows x o, so that equal rows have equal outputs in any query, bit for bit.

        Matrix products of different shapes may add their terms in different orders. So rows are evaluated in batches
        of one size, and the last batch is filled with zeros.
        """
        count = len(inputs)
        padded = np.zeros((-(-count // BATCH_ROWS) * BATCH_ROWS, inputs.shape[1]))
        padded[:count] = inputs
        batches = [self(padded[at : at + BATCH_ROWS]) for at in range(0, len(padded), BATCH_ROWS)]
        return np.concatenate(batches)[:count]

    def layers(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return pairs of weight and bias, from input to output."""
        return list(zip(self.weights, self.biases, strict=True))
