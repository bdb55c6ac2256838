"""An assembly: halves by position, with a measured error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Assembly", "Halves"]

Halves: TypeAlias = "tuple[tuple[int, ...], tuple[int, ...]]"
"""Numbers of the incoming and of the outgoing halves by position."""


@dataclass(frozen=True)
class Assembly:
    """Halves by position, and their exact error on some rows.

    Attributes:
        incoming: number of the incoming half at each position.
        outgoing: number of the outgoing half at each position.
        mse: mean squared error of the assembled network; infinite where it was not measured.
        rows: number of rows that the error was measured on; 0 where it was not measured.
    """

    incoming: tuple[int, ...]
    outgoing: tuple[int, ...]
    mse: float
    rows: int

    @property
    def halves(self) -> Halves:
        """The halves without their error."""
        return self.incoming, self.outgoing

    @property
    def partners(self) -> list[int]:
        """The outgoing half of each incoming half, by the number of the incoming half."""
        return [partner for _, partner in sorted(zip(self.incoming, self.outgoing, strict=True))]

    def moved(self, perm: Sequence[int]) -> Halves:
        """Permute whole blocks: the block at position perm[t] goes to position t."""
        return tuple(self.incoming[t] for t in perm), tuple(self.outgoing[t] for t in perm)

    def moved_halves(self, incoming: Sequence[int], outgoing: Sequence[int]) -> Halves:
        """Permute incoming and outgoing halves each by its own permutation of positions."""
        return tuple(self.incoming[t] for t in incoming), tuple(self.outgoing[t] for t in outgoing)
