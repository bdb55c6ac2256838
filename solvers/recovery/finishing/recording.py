"""An oracle that keeps all rows it was asked, so that imprecise outputs can be fitted together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.core.ensemble import Rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from generator.family.oracle import Oracle, OracleTerms

__all__ = ["RecordingOracle"]


class RecordingOracle:
    """Passes queries on, and keeps them with their outputs; see `generator.family.oracle.Oracle`."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._inputs: list[NDArray[np.float64]] = []
        self._outputs: list[NDArray[np.float64]] = []

    @property
    def terms(self) -> OracleTerms:
        """Shapes, bounds and call size that a query must fit."""
        return self._oracle.terms

    @property
    def left(self) -> int | None:
        """Rows of the budget that are left; None without a limit."""
        return self._oracle.left

    @property
    def asked(self) -> int:
        """Rows asked so far."""
        return sum(len(inputs) for inputs in self._inputs)

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the hidden network.

        Raises:
            QueryError: if the query is refused.
        """
        rows = np.asarray(inputs, dtype=np.float64)
        outputs = self._oracle(rows)
        self._inputs.append(rows.copy())
        self._outputs.append(outputs)
        return outputs

    def rows(self) -> Rows:
        """Return all rows asked so far."""
        return Rows.of(np.concatenate(self._inputs), np.concatenate(self._outputs))
