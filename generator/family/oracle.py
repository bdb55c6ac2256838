"""A black box that solvers may query: what may be asked, and what it costs.

The family gives a plain function from inputs to outputs. The harness evaluates it beside itself, never in the solver's
process or file tree; it checks every query, counts the rows, and refuses a query over the budget. A refusal is free.
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

__all__ = ["HiddenNetwork", "Oracle", "OracleRecord", "OracleTerms", "Usage", "checked_inputs"]

ROWS_PER_CALL = 4096
"""Default of `OracleTerms.rows_per_call`: bounds the memory and the time that one call may take."""


@dataclass(frozen=True)
class OracleTerms:
    """What may be asked of one puzzle's oracle: public.

    Attributes:
        inputs: numbers in a row of a query, d.
        outputs: numbers in a row of the answer, o.
        budget: rows that may be asked in a trial; None for no limit of the puzzle's own.
        low: lower bound of every input; None for none.
        high: upper bound of every input; None for none.
        rows_per_call: rows that one call may ask.
    """

    inputs: int
    outputs: int
    budget: int | None = None
    low: float | None = None
    high: float | None = None
    rows_per_call: int = ROWS_PER_CALL


class HiddenNetwork(Protocol):
    """The function behind an oracle. Pure: equal rows have equal outputs, whatever was asked before."""

    def __call__(self, inputs: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Evaluate rows x d in float64; returns rows x o."""


@dataclass(frozen=True)
class OracleRecord:
    """The oracle of a family.

    Attributes:
        terms: `(puzzle)` -> what may be asked; from the public puzzle, and cheap.
        open: `(view, sealed)` -> the hidden network.
    """

    terms: Callable[[Puzzle], OracleTerms]
    open: Callable[[Any, SealedAnswer], HiddenNetwork]


@dataclass(frozen=True)
class Usage:
    """What a trial asked of its oracle.

    Attributes:
        queries: rows answered.
        calls: calls answered.
        answer_s: seconds that answering took, on the solver's clock.
    """

    queries: int = 0
    calls: int = 0
    answer_s: float = 0.0


class Oracle(Protocol):
    """What a solver holds of the oracle."""

    @property
    def terms(self) -> OracleTerms:
        """What may be asked."""

    @property
    def left(self) -> int | None:
        """Rows that may still be asked; None without a limit."""

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the hidden network.

        Args:
            inputs: rows x d, or d numbers as one row; at most `terms.rows_per_call` rows.

        Returns:
            rows x o, float64.

        Raises:
            QueryError: if the query is refused; nothing is charged then.
        """


def checked_inputs(inputs: ArrayLike, terms: OracleTerms) -> NDArray[np.float64]:
    """Bring a query into its form: rows x d, float64, C order.

    Raises:
        QueryError: naming what is wrong: shape, number of rows, values that are not finite or outside the box.
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
