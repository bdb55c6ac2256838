"""Read the order of the pieces from the output of a program.

    43,34,65        43 34 65        [43, 34, 65]       (43, 34, 65)      43 -> 34 -> 65        "43","34","65"
    array([43, 34, 65])             tensor([43, 34, 65])                 [43.0, 34.0, 65.0]
    best so far: [43, 34, 65]       {"solution": [43, 34, 65], "mse": 0.0}
    piece_43.pth, piece_34.pth      [(43, 34), (65, 12)], 7              {"pairs": [[43, 34], [65, 12]], "last": 7}

and, over several lines: lists in brackets, lists that are wrapped without brackets, one number a line, one pair a line,
tables whose columns are named or whose positions count from 1, and indented JSON.

A list is an answer only if it holds the number of every piece exactly once. Further rules keep the figures in
a log from being read as an answer:

* A list among the arguments of a program, in an error message, or under a label such as `positions` is no answer.
* An ascending or alphabetical list is no answer if it may be a listing of the folder.
* If there are fewer than 8 pieces, a list counts only if it is alone on its line or has a label such as `order:`.
  Numbers on several lines count only below such a label, or if nothing else was printed before and right after them.
* Numbers with decimals and numbers without them are never parts of one list.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.errors import AnswerError
from generator.reassembly.layout.printing.columns import Columns, Row, read_row
from generator.reassembly.layout.printing.labels import OTHERS, POSITIONS, is_answer, names_arguments, quoted
from generator.reassembly.layout.printing.pairs import Pairs
from generator.reassembly.layout.printing.refusals import NEAR, NOTHING, WEAK, fault
from generator.reassembly.layout.printing.scanning import List, Scanner, plain, without_prefix, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import JsonValue

    from generator.puzzle.content import Puzzle
    from generator.reassembly.layout.printing.refusals import Reason
    from generator.reassembly.layout.printing.scanning import Line

__all__ = ["PermutationReader", "permutation_reader"]

FEW = 8
"""Number of pieces below which an answer needs a label or lines of its own, because few small numbers form a
permutation by chance. A larger value refuses more. Hand-set: 8 numbers below 8 are a permutation with probability
0.0024."""

_DIGITS = re.compile(r"\d+")
_LETTER = re.compile(r"[A-DF-Za-df-z]")
_HINTS = (
    "piece",
    "pos",
    "index",
    "idx",
    "slot",
    "step",
    "layer",
    "place",
    "last",
    "head",
    "final",
    "output",
    "readout",
)
"""A line with one of these words may be a row of a table or name the last piece."""
_TYPES = ("int", "tensor", "float")


def permutation_reader(puzzle: Puzzle) -> PermutationReader:
    """Make a reader for the output of a program that was given this puzzle."""
    return PermutationReader(int(name.partition(".")[0]) for name in puzzle.pieces)


class PermutationReader:
    """Reads output line by line; keeps a bounded part of it, because an answer may span lines.

    Args:
        numbers: numbers of the pieces.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._pieces = sorted(set(numbers))
        count = len(self._pieces)
        self._small = count < FEW
        self._few = (count - 1) // 2 if count > FEW else count - 1
        self._scanner = Scanner(4 * count)
        self._line = 0
        self._title = ""
        self._empty = True
        self._weight = 0
        self._faults: list[Reason] = []
        self._columns: Columns | None = None
        self._pairs = Pairs(self._pieces, labelled=self._small)

    def __call__(self, line: str) -> JsonValue:
        """Read one line. Returns the permutation that the line completes, or None.

        Raises:
            AnswerError: if a list is nearly an answer, or may be read in two ways.
        """
        self._line += 1
        if not line.strip():
            return self.settle(ended=False)
        text = line if self._holds_nothing(line) else without_prefix(line)
        if self._is_text(text):
            answer = self._close_columns(ended=False)
            self._title = text if _LETTER.search(text) else self._title  # a line of dashes may follow a title
        else:
            answer = self._read(text, quote=quoted(text))
        self._empty = False
        return self._conclude(answer)

    def settle(self, *, ended: bool) -> JsonValue:
        """Read the last lines of numbers as an answer, because the output pauses or has ended.

        Args:
            ended: whether the output has ended. Lines that are no answer yet are kept otherwise.

        Raises:
            AnswerError: if the last lines are nearly an answer, or may be read in two ways.
        """
        settled = ended or (self._columns is not None and self._columns.complete(self._pieces))
        return self._conclude(self._close_columns(ended=True) if settled else None)

    def _read(self, text: str, *, quote: str) -> list[int] | None:
        """Read a line that may hold a part of an answer."""
        if text.isdecimal() and len(text) < 10 and not self._scanner.open:
            return self._add_to_columns(List((), self._line, [int(text)], points={False}))
        if text.startswith("{") and text.count(":") == len(self._pieces) and (answer := self._read_object(text)):
            return answer
        row = read_row(text) if len(_DIGITS.findall(text)) == 2 and not self._scanner.open else None
        cleaned, named = plain(text)
        found = self._scanner.scan(cleaned, self._line, named=named)
        if found.numbers_only is not None and (row is None or row.first == row.second):
            earlier = self._add_to_columns(found.numbers_only)
        elif row is not None:
            earlier = self._add_to_columns(row)
        else:
            earlier = self._close_columns(ended=False)
            self._title = text
        answer = self._choose(found, quote=quote)
        if answer is None:
            return earlier
        self._columns = None
        return answer

    def _holds_nothing(self, line: str) -> bool:
        """Whether a line has neither a number nor a bracket, as most of the words that a program prints."""
        return not self._scanner.open and _DIGITS.search(line) is None and "[" not in line and "(" not in line

    def _is_text(self, text: str) -> bool:
        """Whether a line surely holds no part of an answer; most lines of a log are skipped here."""
        if self._holds_nothing(text):
            return True
        if self._scanner.open or _LETTER.search(text) is None:
            return False
        if max(text.rfind("["), text.rfind("(")) > max(text.rfind("]"), text.rfind(")")):
            return False
        small = text.lower()
        return len(_DIGITS.findall(text)) < self._few and not any(hint in small for hint in (*_HINTS, *_TYPES))

    def _conclude(self, answer: list[int] | None) -> JsonValue:
        faults, self._faults = self._faults, []
        if answer is not None:
            return list(answer)
        weight, reason = max(faults, key=lambda one: one[0], default=NOTHING)
        if weight and weight >= self._weight:
            self._weight = weight
            raise AnswerError(reason)
        return None

    # One line

    def _choose(self, line: Line, *, quote: str) -> list[int] | None:
        """Choose the one permutation among the lists of a line."""
        whole = [one for one in line.lists if self._is_whole(one.numbers)]
        different = {tuple(one.numbers) for one in whole}
        if len(different) > 1:
            reason = f"line {self._line} holds {len(different)} different permutations of the pieces; print one a line"
            self._faults.append((NEAR, reason))
            return None
        reasons = [self._objection(one, quote=quote) for one in whole]
        if whole and not all(reasons):
            return whole[reasons.index("")].numbers
        self._faults += [(NEAR, reason) for reason in reasons]
        joined = None if whole or quote else self._pairs.join(line, self._line)
        if joined is None and not whole and not quote:
            self._explain(line)
        return joined

    def _is_whole(self, values: list[int]) -> bool:
        return len(values) == len(self._pieces) and sorted(values) == self._pieces

    def _objection(self, one: List, *, quote: str) -> str:
        """Say why a permutation is no answer; an empty text if it is one."""
        reason = ""
        if quote or names_arguments(one.label):
            reason = f"{quote or 'among arguments'}; print the order on a line of its own"
        elif POSITIONS & set(one.label):
            reason = f"as {' '.join(one.label[-3:])}; print the pieces in the order of execution"
        elif OTHERS & set(one.label):
            reason = f"as {' '.join(one.label[-3:])}; print the answer after 'order:'"
        elif one.powers:
            reason = "in scientific notation; print whole numbers"
        elif one.mixed:
            reason = "with decimals in some numbers only; print whole numbers"
        elif is_answer(one.label):
            pass
        elif (one.named or not one.alone) and self._is_listing(one.numbers):
            reason = "in the order of a folder's listing; print the answer after 'order:'"
        elif self._small and not one.alone:
            reason = "among other text; print the order alone on a line, or after 'order:'"
        return f"line {self._line} holds all {len(self._pieces)} pieces {reason}" if reason else ""

    def _is_listing(self, values: list[int]) -> bool:
        """Whether the pieces are in the order in which a folder's files are listed."""
        listings = (self._pieces, sorted(self._pieces, key=str))
        return values in listings or values[::-1] in listings

    def _explain(self, line: Line) -> None:
        """Note why the lists of a line are no answer."""
        for one in line.lists:
            if not one.mixed and (not self._small or one.alone or is_answer(one.label)):
                several = f"lines {one.begun} to {self._line} hold"
                where = several if one.begun < self._line else f"line {self._line} holds"
                self._faults.append(fault(one.numbers, self._pieces, where))

    # Several lines

    def _add_to_columns(self, numbers: List | Row) -> list[int] | None:
        """Add a line to the series of lines of numbers. Returns the answer of the series that the line ends, if any."""
        answer = None
        marked = isinstance(numbers, Row)
        if self._columns is not None and (self._columns.marked != marked or self._is_full(self._columns)):
            answer = self._close_columns(ended=False)
        if self._columns is None:
            title = words_of(_DIGITS.split(self._title)[-1])
            self._columns = Columns(3 * len(self._pieces), title, leading=self._empty, marked=marked)
        self._columns.add(numbers, self._line)
        return answer

    def _is_full(self, columns: Columns) -> bool:
        """Whether a series is a complete list, so that the next number begins another one."""
        return not self._small and columns.count == len(self._pieces) and columns.complete(self._pieces)

    def _read_object(self, text: str) -> list[int] | None:
        """Read `{"1": 10, "2": 7}` as a table."""
        rows = [read_row(part.strip()) for part in text.strip("{} ").split(",")]
        if len(rows) != len(self._pieces) or None in rows:
            return None
        self._close_columns(ended=False)
        for row in rows:
            if row is not None:
                self._add_to_columns(row)
        return self._close_columns(ended=True)

    def _close_columns(self, *, ended: bool) -> list[int] | None:
        """Read the series of lines of numbers as an answer.

        Args:
            ended: whether the output pauses or has ended, so that the series is complete as it stands.
        """
        columns, self._columns = self._columns, None
        if columns is None:
            return None
        answer, reason = columns.read(self._pieces)
        self._faults.append(reason if not self._small or columns.leading else NOTHING)
        if answer is None:
            return None
        titled = is_answer(columns.title) or columns.title in {("piece",), ("pieces",)}
        where = f"{columns.where} all {len(self._pieces)} pieces"
        if self._is_listing(answer) and not titled:
            self._faults.append((WEAK, f"{where} in the order of a folder's listing; print the answer on one line"))
            return None
        titled |= columns.named
        if self._small and not titled and not (columns.leading and ended):
            self._faults.append((NEAR, f"{where} among other text; print the order on one line, or below 'order:'"))
            return None
        return answer
