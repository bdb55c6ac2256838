"""The layers recovered so far: their outputs, derivatives and distances from kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Layer = tuple[NDArray[np.float64], NDArray[np.float64]]

__all__ = ["Prefix"]


@dataclass(frozen=True, eq=False)
class Prefix:
    """The first ReLU layers of a network.

    Attributes:
        layers: pairs of weight (out x in) and bias; empty for the identity.
    """

    layers: tuple[Layer, ...] = ()

    def states(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the outputs of the last known layer, rows x units, from inputs, rows x d."""
        for weight, bias in self.layers:
            rows = np.maximum(rows @ weight.T + bias, 0.0)
        return rows

    def jacobian(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the derivatives of the last known layer's outputs by the inputs, units x d, at one input."""
        product = np.eye(len(row))
        for weight, bias in self.layers:
            before = weight @ row + bias
            row = np.maximum(before, 0.0)
            product = (weight @ product) * (before > 0.0)[:, None]
        return product

    def margin(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the least |preactivation| / norm of weights over all known units, for each row."""
        least = np.full(len(rows), np.inf)
        for weight, bias in self.layers:
            before = rows @ weight.T + bias
            least = np.minimum(least, np.abs(before / np.linalg.norm(weight, axis=1)).min(axis=1, initial=np.inf))
            rows = np.maximum(before, 0.0)
        return least
