"""Query a hidden network as a scalar function of its effective inputs: values, gradients, distances to the box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle

    Array = NDArray[np.float64]

__all__ = ["STEP", "Probe", "affordable"]

STEP = 2e-3
"""Step of the central differences, in units of the inputs. Larger values lower the rounding error, 2e-16 / step, and
raise the truncation error, which grows with step^6. From experiments with weights of norm 2."""
STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
"""Multiples of the step and weights of the central difference of order six."""
MARGIN = 1e-3
"""Least distance of points from the faces of the box, relative to its bound, so that rounding does not leave the box.
Hand-set."""
UNBOUNDED = 20.0
"""Bound of the inputs if the puzzle has no box. Larger values saturate more units. Hand-set."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A hidden network as a function of its effective inputs y, with x = basis @ y.

    Attributes:
        oracle: the oracle of the network.
        basis: d x n with orthonormal columns; the identity if no input is superfluous.
        mix: weights of the o outputs in the scalar, which is outputs @ mix.
    """

    oracle: Oracle
    basis: Array
    mix: Array

    @classmethod
    def of(cls, oracle: Oracle, rng: np.random.Generator) -> Probe:
        """Take all inputs, and a random combination of the outputs."""
        outputs = oracle.terms.outputs
        mix = np.ones(1) if outputs == 1 else rng.standard_normal(outputs) / np.sqrt(outputs)
        return cls(oracle, np.eye(oracle.terms.inputs), mix)

    @property
    def inputs(self) -> int:
        """Number of effective inputs, n."""
        return int(self.basis.shape[1])

    @property
    def bound(self) -> float:
        """Bound of every input x_i."""
        high: float | None = self.oracle.terms.high
        return UNBOUNDED if high is None else high

    def outputs(self, points: Array) -> Array:
        """Evaluate points y, rows x n, to rows x o.

        Raises:
            QueryError: if the budget is spent or a point is outside the box.
        """
        inputs = points @ self.basis.T
        most = self.oracle.terms.rows_per_call
        return np.concatenate([self.oracle(inputs[at : at + most]) for at in range(0, len(inputs), most)])

    def values(self, points: Array) -> Array:
        """Evaluate the scalar at points of any shape (..., n)."""
        flat: Array = self.outputs(points.reshape(-1, self.inputs)) @ self.mix
        return flat.reshape(points.shape[:-1])

    def gradients(self, points: Array) -> Array:
        """Compute the scalar's gradients by y at points, rows x n. Each gradient takes 6 n rows of the budget."""
        steps = np.array([sign * multiple for multiple, _ in STENCIL for sign in (1, -1)]) * STEP
        weights = np.array([sign * weight for _, weight in STENCIL for sign in (1, -1)]) / STEP
        shifted = points[:, None, None, :] + steps[:, None, None] * np.eye(self.inputs)
        gradients: Array = np.einsum("s,psn->pn", weights, self.values(shifted))
        return gradients

    def reach(self, origins: Array, directions: Array, bound: float) -> Array:
        """Compute the largest multiple of each direction, from its origin, for which all |x_i| <= bound."""
        start, along = origins @ self.basis.T, directions @ self.basis.T
        with np.errstate(divide="ignore", invalid="ignore"):
            distances = (np.where(along > 0, bound, -bound) - start) / along
        nearest: Array = np.where(along == 0, np.inf, distances).min(axis=1)
        return nearest

    def inside(self, points: Array) -> NDArray[np.bool_]:
        """Return which points, of shape (..., n), lie in the box with room for the central differences."""
        room = self.bound * (1 - MARGIN) - 3 * STEP
        held: NDArray[np.bool_] = np.all(np.abs(points @ self.basis.T) <= room, axis=-1)
        return held


def affordable(oracle: Oracle, rows: int) -> bool:
    """Return whether the budget covers a number of rows."""
    return oracle.left is None or rows <= oracle.left
