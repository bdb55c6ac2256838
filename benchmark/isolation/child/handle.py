"""The solver's side of the oracle: it sends one query at a time to the harness over the trial's socket."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from benchmark.isolation.desk import FLOAT64, array_of
from benchmark.isolation.wire import encode, receive
from generator.errors import QueryError
from generator.family.oracle import checked_inputs

if TYPE_CHECKING:
    import socket

    from numpy.typing import ArrayLike, NDArray

    from generator.family.oracle import OracleTerms

__all__ = ["Handle"]


class Handle:
    """The oracle as a solver calls it; implements `generator.family.oracle.Oracle`."""

    def __init__(self, connection: socket.socket, terms: OracleTerms, budget: int | None) -> None:
        self._connection = connection
        self._terms = terms
        self._left = budget
        self._turn = threading.Lock()

    @property
    def terms(self) -> OracleTerms:
        """Shapes, bounds and call size that a query must fit."""
        return self._terms

    @property
    def left(self) -> int | None:
        """Rows of the budget that are left; None without a limit."""
        return self._left

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the hidden network.

        Args:
            inputs: rows x d, or d numbers as one row.

        Returns:
            rows x o, float64.

        Raises:
            QueryError: if the query is refused; a refused query does not count against the budget.
        """
        rows = checked_inputs(inputs, self._terms)
        blob = rows.reshape(-1).astype(FLOAT64, copy=False).view(np.uint8).data
        with self._turn:
            self._connection.sendall(encode("query", {"rows": len(rows)}, blob_bytes=len(blob)))
            self._connection.sendall(blob)
            reply = receive(self._connection)
        if reply is None:
            raise SystemExit(0)  # the harness has ended the trial
        fields = reply.fields()
        self._left = fields["left"]
        if "error" in fields:
            raise QueryError(fields["error"])
        return array_of(reply, self._terms.outputs).copy()
