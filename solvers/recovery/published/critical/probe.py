"""Query the oracle within its box and budget; searches use a weighted sum of the outputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle

__all__ = ["Probe", "SpentError"]


class SpentError(Exception):
    """The budget does not cover the next query. Raised and caught inside the solver."""


@dataclass(frozen=True, eq=False)
class Probe:
    """The hidden network behind an oracle.

    Attributes:
        oracle: the oracle.
        mix: weights of the outputs in the sum that the searches use.
        scale: standard deviation of the inputs, s.
        box: bound of every input; None for no bound.
    """

    oracle: Oracle
    mix: NDArray[np.float64]
    scale: float
    box: float | None

    @property
    def left(self) -> float:
        """Rows of the budget that are left."""
        return math.inf if self.oracle.left is None else self.oracle.left

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Query rows in as many calls as the oracle needs; return all outputs, rows x o.

        Raises:
            SpentError: if the budget does not cover all rows; then no row is queried.
        """
        if len(rows) > self.left:
            raise SpentError
        rows, step = self.clip(rows), self.oracle.terms.rows_per_call  # a rounding error may lie outside the box
        return np.concatenate([self.oracle(rows[at : at + step]) for at in range(0, len(rows), step)])

    def values(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Query rows; return the weighted sum of the outputs, one number per row.

        Raises:
            SpentError: if the budget does not cover all rows.
        """
        return self.outputs(rows) @ self.mix

    def clip(self, rows: NDArray[np.float64], margin: float = 0.0) -> NDArray[np.float64]:
        """Move rows into the box, `margin` away from its faces."""
        return rows if self.box is None else np.clip(rows, margin - self.box, self.box - margin)
