"""The interface through which a search reports orders, checks the deadline and writes log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from solvers.reassembly.core.deadline import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solvers.reassembly.core.deadline import Deadline

__all__ = ["SILENT", "Monitor"]


class Monitor(Protocol):
    """Receives the reports of a search."""

    @property
    def deadline(self) -> Deadline:
        """The deadline of the search."""

    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        """Take an order with its error on `rows` rows; the order may be the best so far."""

    def log(self, text: str) -> None:
        """Take one line on the progress of the search."""


class _Silent:
    deadline = NEVER

    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        """Drop the order."""

    def log(self, text: str) -> None:
        """Drop the line."""


SILENT: Monitor = _Silent()
"""Monitor without a deadline, for searches of which only the result is used."""
