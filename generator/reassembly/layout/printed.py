"""Read piece numbers off what a program prints, in the forms in which programs print lists.

    43,34,65        43 34 65        [43, 34, 65]       (43, 34, 65)      [43 34 65]
    array([43, 34, 65])             tensor([43, 34, 65])                 [np.int64(43), ...]
    best so far: [43, 34, 65]       {"solution": [43, 34, 65], "mse": 0.0}

A list in brackets may stand among words, and may go on over several lines, as numpy breaks a
long one. One without brackets has the line to itself, or what follows its last colon or equals sign.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import JsonValue

    from generator.puzzle.content import Puzzle

__all__ = ["PermutationReader", "permutation_reader"]

LONGEST = 1 << 18
"""Characters of a list that is printed over several lines."""

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SCALAR = re.compile(r"\b(?:(?:np\.|numpy\.)?u?int\d+|tensor)\(\s*(\d+)\s*\)")
_BRACKETED = re.compile(r"[\[(]([\d\s,;]+)[\])]")
_BARE = re.compile(r"(?:.*[:=])?\s*(\d[\d\s,;]*)")
_OPENING = re.compile(r"[\[(][\d\s,;]*$")
_CONTINUED = re.compile(r"[\d\s,;]*(?:[\])].*)?")
_BETWEEN = re.compile(r"[\s,;]+")


def permutation_reader(puzzle: Puzzle) -> Callable[[str], JsonValue]:
    """Make a reader for the output of a program that was given this puzzle."""
    return PermutationReader(int(name.partition(".")[0]) for name in puzzle.pieces)


class PermutationReader:
    """Finds lists that name every number of a set once; a class because a list may span lines.

    Args:
        numbers: that a list must hold, each once.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = sorted(set(numbers))
        self._open = ""

    def __call__(self, line: str) -> JsonValue:
        """Read one line: the list that it completes, or None.

        Raises:
            AnswerError: for a list that is nearly one, as long or about as long, but with other numbers; and for
                several different ones on one line.
        """
        text = _SCALAR.sub(r"\1", _COLOUR.sub("", line)).strip()
        if self._open and _CONTINUED.fullmatch(text) and len(self._open) + len(text) < LONGEST:
            text = f"{self._open} {text}"
        opening = _OPENING.search(text)
        self._open = text[opening.start() :] if opening else ""
        return self._choose(_lists(text))

    def _choose(self, lists: list[list[int]]) -> JsonValue:
        """Take the one permutation among lists, or tell what is wrong with what was meant as one."""
        numbers = self._numbers
        whole = {tuple(values) for values in lists if sorted(values) == numbers}
        if len(whole) > 1:
            raise AnswerError("a line holds several permutations of the pieces; print one on a line")
        if whole:
            return list(whole.pop())
        slack = max(1, len(numbers) // 10)
        near = [values for values in lists if abs(len(values) - len(numbers)) <= slack]
        if near and len(numbers) > 3:  # with three pieces anything is near
            raise AnswerError(_fault(near[-1], numbers))
        return None


def _lists(text: str) -> list[list[int]]:
    """List every sequence of whole numbers of a line."""
    bare = _BARE.fullmatch(text)
    found = [bare[1]] if bare else [match[1] for match in _BRACKETED.finditer(text)]
    words = [_BETWEEN.split(one.strip(" \t,;")) for one in found]
    return [[int(word) for word in one] for one in words if all(0 < len(word) <= 9 for word in one)]


def _fault(values: list[int], numbers: list[int]) -> str:
    pieces = f"the {len(numbers)} pieces, numbered {numbers[0]} to {numbers[-1]}"
    if sorted(values) == [number + 1 for number in numbers]:
        return f"a list counts {pieces}, from {numbers[0] + 1}; print the numbers of the files"
    unknown = sorted(set(values) - set(numbers))
    if unknown:
        return f"a list names {unknown[0]}, which is none of {pieces}"
    missing = sorted(set(numbers) - set(values))
    if len(values) < len(numbers):
        return f"a list names only {len(set(values))} of {pieces}; piece {missing[0]} is missing"
    twice = max(values, key=values.count)
    return f"a list names piece {twice} {values.count(twice)} times; each of {pieces}, is used once"
