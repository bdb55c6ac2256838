"""Write each unit's preactivation in terms of the inputs and of the units that switch.

A ReLU unit that is on over the whole box is linear. Outputs determine only the sum of linear units. So each linear unit
is replaced by its row, as a direct connection from lower layers. Each switching unit then has a row over the inputs and
over the switching units of all lower layers. These rows are unique up to permutation, signs and positive scaling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from generator.recovery.sealed import HiddenTruth

__all__ = ["Affine", "Part", "identity", "true_rows", "unit_norms"]

Part: TypeAlias = "NDArray[np.float64] | None"


@dataclass(frozen=True, eq=False)
class Affine:
    """Affine functions of the inputs and of the switching units of lower layers.

    Attributes:
        parts: coefficients: functions x inputs, then functions x switching units for each lower hidden layer. None
            stands for zeros.
        bias: the constant of each function.
    """

    parts: tuple[Part, ...]
    bias: NDArray[np.float64]

    def through(self, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> Affine:
        """Apply an affine layer, weight (out x functions) and bias, to the functions."""
        parts = tuple(None if part is None else weight @ part for part in self.parts)
        return Affine(parts, weight @ self.bias + bias)

    def rows(self, units: Sequence[int]) -> Affine:
        """Select functions by their numbers."""
        return Affine(tuple(None if part is None else part[units] for part in self.parts), self.bias[units])

    def scaled(self, factors: NDArray[np.float64]) -> Affine:
        """Multiply each function by a factor."""
        if not factors.any():
            return Affine((None,) * len(self.parts), np.zeros_like(self.bias))
        parts = tuple(None if part is None else factors[:, None] * part for part in self.parts)
        return Affine(parts, factors * self.bias)

    def plus(self, part: NDArray[np.float64]) -> Affine:
        """Append the coefficients of one more layer: functions x switching units."""
        return replace(self, parts=(*self.parts, part))

    def matrix(self, widths: Sequence[int]) -> NDArray[np.float64]:
        """Return all coefficients as one matrix, functions x sum(widths). A part that is None becomes zeros.

        Args:
            widths: number of inputs, then of switching units of each lower hidden layer.
        """
        blank = (np.zeros((len(self.bias), width)) for width in widths)
        pairs = zip(self.parts, blank, strict=True)
        return np.concatenate([zeros if part is None else part for part, zeros in pairs], axis=1)


def identity(inputs: int) -> Affine:
    """Return the inputs as affine functions of themselves."""
    return Affine((np.eye(inputs),), np.zeros(inputs))


def true_rows(truth: HiddenTruth) -> list[Affine]:
    """Expand the hidden network.

    Returns:
        The switching units of each hidden layer, then the outputs. If sigma(c z) = c sigma(z) for c > 0, each unit's
        row is scaled to norm 1, the bias left out.
    """
    network = truth.network
    state, found = identity(network.widths[0]), []
    for layer, (weight, bias) in enumerate(network.layers()):
        before = state.through(weight, bias)
        if layer == network.hidden_layers:
            found.append(before)
            break
        fixed = list(truth.linear[layer])
        switching = [unit for unit in range(len(weight)) if unit not in set(fixed)]
        rows = before.rows(switching)
        norms = unit_norms(rows) if network.sigma.scales else np.ones(len(switching))
        found.append(rows.scaled(1 / norms))
        factors = np.zeros(len(weight))
        if fixed:
            origin = network.preactivations(np.zeros((1, network.widths[0])), layer + 1)[0]
            factors[fixed] = network.sigma.slope(origin[fixed])
        themselves = np.zeros((len(weight), len(switching)))
        themselves[switching, range(len(switching))] = norms
        state = before.scaled(factors).plus(themselves)
    return found


def unit_norms(rows: Affine) -> NDArray[np.float64]:
    """Compute the norm of each row without the bias; 1 for a row of zeros."""
    squares = np.zeros(len(rows.bias))
    for part in rows.parts:
        if part is not None:
            squares += (part**2).sum(axis=1)
    return np.where(squares > 0, np.sqrt(squares), 1.0)
