"""A monitor that records what a search does, and ends it after a number of orders found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from solvers.api import Context
from solvers.reassembly.core.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class FoundClock(Context):
    """A context whose time is spent by the orders found, not by the seconds."""

    wall_s: float = 1.0
    errors: list[float] = field(default_factory=list)
    patience: int = 10**9

    def time_left(self) -> float:
        return 1.0 - len(self.errors) / self.patience


class Recorder:
    """A monitor whose deadline passes after so many orders found."""

    def __init__(self, patience: int = 10**9) -> None:
        self.orders: list[list[int]] = []
        self.errors: list[float] = []
        self.rows: list[int] = []
        self.lines: list[str] = []
        self.deadline = Deadline(FoundClock(errors=self.errors, patience=patience))

    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        self.orders.append(list(order))
        self.errors.append(mse)
        self.rows.append(rows)

    def log(self, text: str) -> None:
        self.lines.append(text)
