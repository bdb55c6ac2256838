"""Join a list of pairs with the last piece, which has a label: `{"pairs": [[43, 34], [65, 12]], "last": 7}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.reassembly.layout.printing.scanning import Line

__all__ = ["Pairs"]

NEAR_LINES = 3
"""Most lines between a list of pairs and the last piece that belongs to it. A larger value reads more. Hand-set."""
_HEADS = frozenset({"last", "head", "final", "output", "readout"})
_PAIRS = frozenset({"pair", "pairs", "block", "blocks"})


class Pairs:
    """The latest list of all pieces but one, and the latest last piece.

    Args:
        pieces: the numbers of the pieces, ascending.
        labelled: whether the list must have a label such as `pairs`, since a short list alone may mean anything.
    """

    def __init__(self, pieces: Sequence[int], *, labelled: bool) -> None:
        self._pieces = list(pieces)
        self._labelled = labelled
        self._pairs: list[int] = []
        self._pairs_line = self._head_line = -NEAR_LINES - 1
        self._head = -1

    def join(self, line: Line, number: int) -> list[int] | None:
        """Take the lists of a line; return the permutation that a list and a last piece form, or None."""
        joined = None
        for one in line.lists:
            if len(one.numbers) == 1 and _HEADS & set(one.label):
                self._head, self._head_line = one.numbers[0], number
                joined = self._joined(self._pairs_line) or joined
            elif len(one.numbers) == len(self._pieces) - 1 and (not self._labelled or _PAIRS & set(one.label)):
                self._pairs, self._pairs_line = one.numbers, number
                joined = self._joined(one.begun) or joined
        return joined

    def _joined(self, line: int) -> list[int] | None:
        values = [*self._pairs, self._head]
        near = abs(line - self._head_line) <= NEAR_LINES
        return values if near and sorted(values) == self._pieces else None
