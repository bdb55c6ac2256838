"""What a search is given to report orders, check the deadline and write log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from solvers.reassembly.core.deadline import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solvers.reassembly.core.deadline import Deadline

__all__ = ["SILENT", "Monitor"]


class Monitor(Protocol):
    """What a search calls while it runs."""

    @property
    def deadline(self) -> Deadline:
        """When the search must end."""

    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        """Take an order that may be the best so far, with its error on that many rows."""

    def log(self, text: str) -> None:
        """Take one line on the progress of the search."""


class _Silent:
    deadline = NEVER

    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        """Drop the order."""

    def log(self, text: str) -> None:
        """Drop the line."""


SILENT: Monitor = _Silent()
"""For a search without a deadline, of which only the result is used."""
