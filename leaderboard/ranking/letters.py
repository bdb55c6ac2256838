"""Compact letter display: solvers that no test separates share a letter."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["compact_letters"]

LETTERS = string.ascii_lowercase + string.ascii_uppercase


def compact_letters(count: int, separated: Iterable[tuple[int, int]]) -> list[str]:
    """Assign letters to items 0 to count - 1, so that two items share a letter exactly if they are not separated.

    The insert-absorb algorithm of Piepho (2004, An algorithm for a letter-based representation of all-pairwise
    comparisons, section 2). All items begin in one group. Every separated pair splits each group that holds both items
    into two, one without the first item and one without the second; groups inside other groups are absorbed.

    Args:
        count: number of items, in the order of the table.
        separated: pairs of items that a test separates.
    """
    groups = [frozenset(range(count))] if count else []
    for first, second in separated:
        split = [group for group in groups if first in group and second in group]
        if split:
            kept = [group for group in groups if group not in split]
            parts = [group - {item} for group in split for item in (second, first)]
            groups = _absorb([*kept, *parts])
    groups.sort(key=sorted)
    names = [_name(number) for number in range(len(groups))]
    between = "" if len(groups) <= len(LETTERS) else " "  # names of two characters need a space between them
    return [
        between.join(name for name, group in zip(names, groups, strict=True) if item in group) for item in range(count)
    ]


def _absorb(groups: list[frozenset[int]]) -> list[frozenset[int]]:
    """Drop every group that is a subset of another group."""
    kept: list[frozenset[int]] = []
    for group in sorted(groups, key=len, reverse=True):
        if not any(group <= other for other in kept):
            kept.append(group)
    return kept


def _name(number: int) -> str:
    round_, place = divmod(number, len(LETTERS))
    return LETTERS[place] + (str(round_) if round_ else "")
