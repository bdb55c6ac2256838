"""The harness's side of the oracle: it checks, counts and answers the queries of a solver, in the harness's process.

A query frame holds the number of rows in its JSON, and the inputs as raw little-endian float64 in C order. The reply
holds the outputs in the same format, or an error. Every reply holds the number of rows that are left. Only answered
rows count against the budget.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmark.isolation.wire import Frame, WireError, encode
from generator.errors import QueryError
from generator.family.oracle import Usage, checked_inputs
from generator.plugins import describe_failure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import HiddenNetwork, OracleTerms

__all__ = ["FLOAT64", "Desk", "array_of", "query_bytes"]

FLOAT64 = np.dtype("<f8")
"""Format of inputs and outputs in frames: little-endian float64."""
HEAD_BYTES = 1 << 12
"""Largest size of the JSON part of a query, in bytes. A larger value accepts longer JSON. Hand-set."""


def query_bytes(terms: OracleTerms) -> int:
    """Return the size of the largest query frame, in bytes."""
    return HEAD_BYTES + terms.rows_per_call * terms.inputs * FLOAT64.itemsize


def array_of(frame: Frame, columns: int) -> NDArray[np.float64]:
    """Read a frame's blob as an array of float64: the number of rows in its JSON, times `columns`.

    Raises:
        WireError: if the JSON holds no number of rows, or the length of the blob differs from it.
    """
    rows = frame.fields().get("rows")
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        raise WireError(f"a {frame.kind!r} frame without a number of rows")
    if len(frame.blob) != rows * columns * FLOAT64.itemsize:
        raise WireError(f"a {frame.kind!r} frame of {len(frame.blob)} bytes for {rows} rows of {columns} numbers")
    return np.frombuffer(frame.blob, dtype=FLOAT64).reshape(rows, columns)


class Desk:
    """Answers the queries of one trial.

    Args:
        answer: the hidden network, from rows x d to rows x o.
        terms: shapes, bounds and call size that a query must fit.
        budget: rows that the oracle answers in this trial; None for no limit.
    """

    def __init__(
        self,
        answer: HiddenNetwork,
        terms: OracleTerms,
        budget: int | None,
    ) -> None:
        self._answer = answer
        self._terms = terms
        self._budget = budget
        self.usage = Usage()

    @property
    def largest_query(self) -> int:
        """Size of the largest query frame, in bytes."""
        return query_bytes(self._terms)

    def reply(self, query: Frame) -> tuple[bytes, memoryview]:
        """Answer a query. Returns the reply frame without its blob, and the blob.

        Raises:
            WireError: if the frame is damaged. A refused query raises nothing: its reply holds the error.
        """
        inputs = array_of(query, self._terms.inputs)
        began = time.perf_counter()
        try:
            outputs = self._evaluate(inputs)
        except QueryError as error:
            return encode("reply", {"error": str(error), "left": self._left}), memoryview(b"")
        taken = time.perf_counter() - began
        usage = self.usage
        self.usage = Usage(usage.queries + len(inputs), usage.calls + 1, usage.answer_s + taken)
        blob = outputs.reshape(-1).view(np.uint8).data
        return encode("reply", {"rows": len(outputs), "left": self._left}, blob_bytes=len(blob)), blob

    @property
    def _left(self) -> int | None:
        return None if self._budget is None else self._budget - self.usage.queries

    def _evaluate(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = checked_inputs(inputs, self._terms)
        left = self._left
        if left is not None and len(rows) > left:
            raise QueryError(f"budget spent: {len(rows)} rows asked, {left} of {self._budget} are left")
        _keep_torch_to_one_thread()
        try:
            outputs = np.ascontiguousarray(self._answer(rows), dtype=FLOAT64)
        except Exception as error:
            raise QueryError(f"the oracle failed: {describe_failure(error)}") from error
        if outputs.shape != (len(rows), self._terms.outputs) or not np.isfinite(outputs).all():
            raise QueryError("the oracle has no finite answer to this query")
        return outputs


def _keep_torch_to_one_thread() -> None:
    """Limit torch to one thread: the other cores run trials that are being timed."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
