"""Say why a list of numbers in a program's output is no answer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NEAR", "NOTHING", "WEAK", "Reason", "fault"]

Reason = tuple[int, str]
WEAK, NEAR = 1, 2
"""Weights of reasons: WEAK for a list with little resemblance to an answer, NEAR for a list that is nearly one."""
NOTHING: Reason = (0, "")
"""No reason: the list is so far from an answer that it needs no explanation."""
_FEWEST_BLOCKS = 4
"""Fewest blocks whose order is recognized in a list. A larger value explains fewer lists. Hand-set."""


def fault(values: Sequence[int], pieces: Sequence[int], where: str) -> Reason:
    """Explain why a list is not a permutation of the pieces.

    Args:
        values: the list.
        pieces: the numbers of the pieces, ascending.
        where: the lines of the output, with a verb: `line 12 holds`, `lines 3 to 15 hold`.
    """
    count, size = len(pieces), len(values)
    if size == (count - 1) // 2 >= _FEWEST_BLOCKS and sorted(values) in (list(range(size)), list(range(1, size + 1))):
        return WEAK, f"{where} {size} numbers; an order of blocks is no answer; print the numbers of all {count} pieces"
    if abs(size - count) > max(1, count // 10) or count <= 3:  # nearly every short list is close to three pieces
        return NOTHING
    return NEAR, f"{where} {_difference(values, pieces)}"


def _difference(values: Sequence[int], pieces: Sequence[int]) -> str:
    """Say how a list of about the right length differs from a permutation."""
    count, size = len(pieces), len(values)
    if sorted(values) == [number + 1 for number in pieces]:
        return f"{count} numbers from 1 to {count}; the files count from 0, so print {pieces[0]} to {pieces[-1]}"
    unknown = sorted(set(values) - set(pieces))
    missing = sorted(set(pieces) - set(values))
    if unknown:
        return f"{size} numbers, but no piece is number {unknown[0]}; the pieces are {pieces[0]} to {pieces[-1]}"
    if size < count:
        return f"only {len(set(values))} of the {count} pieces; piece {missing[0]} is missing"
    twice, often = Counter(values).most_common(1)[0]
    times = "twice" if often == 2 else f"{often} times"
    if missing:
        return f"{size} numbers, but piece {twice} {times} and piece {missing[0]} never"
    return f"all {count} pieces, but piece {twice} {times}"
