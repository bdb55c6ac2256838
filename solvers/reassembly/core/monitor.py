"""How a search says what it has found and learns that it must end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SILENT", "Monitor"]


class Monitor(Protocol):
    """What a search calls while it runs."""

    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        """Take an order that may be the best so far, with its error on that many rows."""

    def spent(self) -> float:
        """Say which share of the time is spent: 0 without a limit, 1 or more where the search must end."""

    def stop(self) -> bool:
        """Say whether the search must end now."""

    def log(self, text: str) -> None:
        """Take one line on how the search goes."""


class _Silent:
    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        """Forget it."""

    def spent(self) -> float:
        """Set no limit."""
        return 0.0

    def stop(self) -> bool:
        """Let it run."""
        return False

    def log(self, text: str) -> None:
        """Forget it."""


SILENT: Monitor = _Silent()
"""For a search without a deadline whose result alone matters."""
