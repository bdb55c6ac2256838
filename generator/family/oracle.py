"""An oracle: a black-box function that solvers may query within a budget.

The family gives a function from inputs to outputs. The harness evaluates the function in its own process, which the
solver cannot read. The harness checks every query, counts the rows, and refuses a query over the budget. A refused
query does not count against the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from generator.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from generator.puzzle.content import Puzzle, SealedAnswer

__all__ = ["CountedOracle", "HiddenNetwork", "Oracle", "OracleRecord", "OracleTerms", "Usage", "checked_inputs"]

ROWS_PER_CALL = 4096
"""Default of `OracleTerms.rows_per_call`, in rows. A larger value lets one call take more memory and time. Hand-set."""


@dataclass(frozen=True)
class OracleTerms:
    """The public limits of a puzzle's oracle: shapes, budget, bounds and rows per call.

    Attributes:
        inputs: numbers per row of a query, d.
        outputs: numbers per row of a reply, o.
        budget: rows that the oracle answers in one trial; None if the puzzle sets no limit.
        low: lower bound of every input; None for no bound.
        high: upper bound of every input; None for no bound.
        rows_per_call: largest number of rows in one query.
    """

    inputs: int
    outputs: int
    budget: int | None = None
    low: float | None = None
    high: float | None = None
    rows_per_call: int = ROWS_PER_CALL


class HiddenNetwork(Protocol):
    """The function behind an oracle. It must be pure: the output of a row depends on that row alone."""

    def __call__(self, inputs: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Evaluate an array of rows x d float64 and return an array of rows x o."""


@dataclass(frozen=True)
class OracleRecord:
    """The oracle of a family.

    Attributes:
        terms: `(puzzle)` -> `OracleTerms`, computed from the public puzzle; it must be cheap. None for a puzzle that
            has no oracle, e.g. a table.
        open: `(view, sealed)` -> the hidden network.
    """

    terms: Callable[[Puzzle], OracleTerms | None]
    open: Callable[[Any, SealedAnswer], HiddenNetwork]


@dataclass(frozen=True)
class Usage:
    """The number and time of a trial's queries.

    Attributes:
        queries: rows answered.
        calls: calls answered.
        answer_s: seconds that the replies took; they count as time of the solver.
    """

    queries: int = 0
    calls: int = 0
    answer_s: float = 0.0


class Oracle(Protocol):
    """The oracle as a solver calls it."""

    @property
    def terms(self) -> OracleTerms:
        """Shapes, bounds and call size that a query must fit."""

    @property
    def left(self) -> int | None:
        """Rows of the budget that are left; None without a limit."""

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the hidden network.

        Args:
            inputs: array of rows x d, or d numbers as one row; at most `terms.rows_per_call` rows.

        Returns:
            Array of rows x o, float64.

        Raises:
            QueryError: if the query is refused; a refused query does not count against the budget.
        """


def checked_inputs(inputs: ArrayLike, terms: OracleTerms) -> NDArray[np.float64]:
    """Check a query and convert it to an array of rows x d, float64, C order.

    Raises:
        QueryError: if the shape is wrong, there are too many rows, or a value is not finite or out of bounds.
    """
    try:
        rows = np.ascontiguousarray(inputs, dtype=np.float64)
    except (TypeError, ValueError):
        raise QueryError("wrong shape: a query is an array of numbers") from None
    if rows.ndim == 1:
        rows = rows[None]
    if rows.ndim != 2 or rows.shape[1] != terms.inputs or not len(rows):
        raise QueryError(f"wrong shape {rows.shape}: a query has rows of {terms.inputs} numbers")
    if len(rows) > terms.rows_per_call:
        raise QueryError(f"too many rows: {len(rows)} in one call; at most {terms.rows_per_call}")
    if not np.isfinite(rows).all():
        raise QueryError("not finite: the query holds NaN or infinity")
    if terms.low is not None and rows.min() < terms.low:
        raise QueryError(f"outside the box: {rows.min():g} is below {terms.low:g}")
    if terms.high is not None and rows.max() > terms.high:
        raise QueryError(f"outside the box: {rows.max():g} is above {terms.high:g}")
    return rows


class CountedOracle:
    """An oracle in this process that checks and counts queries like the harness, for tests and experiments.

    Args:
        hidden: the hidden network.
        terms: shapes, budget and bounds.

    Attributes:
        terms: shapes, budget and bounds.
        queries: rows answered so far.
    """

    def __init__(self, hidden: HiddenNetwork, terms: OracleTerms) -> None:
        self.terms, self.queries = terms, 0
        self._hidden = hidden

    @property
    def left(self) -> int | None:
        """Rows of the budget that are left; None without a limit."""
        return None if self.terms.budget is None else self.terms.budget - self.queries

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the hidden network, see `Oracle.__call__`.

        Raises:
            QueryError: if the query breaks the terms or exceeds the budget.
        """
        rows = checked_inputs(inputs, self.terms)
        if self.left is not None and len(rows) > self.left:
            raise QueryError(f"budget spent: {len(rows)} rows asked, {self.left} of {self.terms.budget} are left")
        self.queries += len(rows)
        return self._hidden(rows)
