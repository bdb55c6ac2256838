"""Read answers that take several lines: one number a line, pairs a line, wrapped lists, and tables with an index."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.reassembly.layout.printing.refusals import NEAR, NOTHING, fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.reassembly.layout.printing.refusals import Reason
    from generator.reassembly.layout.printing.scanning import List

__all__ = ["Columns", "Row", "read_row"]

POSITION = frozenset({"position", "pos", "index", "idx", "slot", "step", "place", "layer"})
"""Words for a position in the network. A table with such a word says which column holds positions."""
_ROW = re.compile(
    r"[\[\"']?(?:(?P<first>[A-Za-z]{1,20})[ _#-]{0,2})?(?P<left>\d{1,9})(?:\.pth)?[\]\"']?"
    r"\s{0,8}(?:[:=)]|->|=>|→)\s{0,8}"
    r"(?:(?P<second>[A-Za-z]{1,20})[ _#-]{0,2})?(?P<right>\d{1,9})(?:\.pth)?[,;.]?"
)


@dataclass(frozen=True)
class Row:
    """A line of a table: `0: 10`, `position 0: piece_10.pth`, `3 -> 7`; the words stand before the numbers."""

    first: str
    left: int
    second: str
    right: int


def read_row(text: str) -> Row | None:
    """Read a line as a row of a table with two marked columns; None if it is none."""
    match = _ROW.fullmatch(text)
    if match is None:
        return None
    first, second = ((match[name] or "").lower() for name in ("first", "second"))
    return Row(first, int(match["left"]), second, int(match["right"]))


@dataclass
class Columns:
    """Lines of numbers that follow each other, while they are read.

    Attributes:
        most: numbers that are kept; a longer series is no answer.
        title: words of the line before.
        leading: whether nothing but numbers was printed before.
        marked: whether the lines are rows of a table.
        begun: number of the first line.
        last: number of the last line.
        names: the words before the two numbers of the rows.
        lines: the numbers of each line.
        count: how many numbers the lines hold.
        points: whether numbers had decimals (`10.0`), and whether numbers had none.
        powers: whether a number was in scientific notation.
    """

    most: int
    title: tuple[str, ...] = ()
    leading: bool = True
    marked: bool = False
    begun: int = 0
    last: int = 0
    names: set[tuple[str, str]] = field(default_factory=set)
    lines: list[list[int]] = field(default_factory=list)
    count: int = 0
    points: set[bool] = field(default_factory=set)
    powers: bool = False

    def add(self, numbers: List | Row, line: int) -> None:
        """Take a line that holds nothing but numbers, or a row of a table."""
        if isinstance(numbers, Row):
            values = [numbers.left, numbers.right]
            self.names.add((numbers.first, numbers.second))
        else:
            values = numbers.numbers
            self.points |= numbers.points
            self.powers |= numbers.powers
        self.begun, self.last = self.begun or line, line
        self.count += len(values)
        if self.count <= self.most:
            self.lines.append(values)

    @property
    def where(self) -> str:
        """The lines of the output, with a verb: `line 12 holds`."""
        return f"line {self.begun} holds" if self.last == self.begun else f"lines {self.begun} to {self.last} hold"

    def complete(self, pieces: Sequence[int]) -> bool:
        """Whether the lines so far are an answer."""
        return self.count in (len(pieces), 2 * len(pieces)) and self.read(pieces)[0] is not None

    def read(self, pieces: Sequence[int]) -> tuple[list[int] | None, Reason]:
        """Read the lines as a permutation of the pieces; else return the reason why they are not."""
        if self.count > self.most or len(self.lines) < 2:
            return None, NOTHING
        if all(len(line) == 2 for line in self.lines) and len(self.lines) == len(pieces):
            return self._read_table(pieces)
        return (None, NOTHING) if self.marked else self._read_series(pieces)

    def _read_series(self, pieces: Sequence[int]) -> tuple[list[int] | None, Reason]:
        """Read lines of numbers as one list."""
        values = [value for line in self.lines for value in line]
        if sorted(values) != list(pieces):
            return None, fault(values, pieces, self.where)
        if self.powers:
            return None, (NEAR, f"{self.where} the pieces in scientific notation; print whole numbers")
        return (None, NOTHING) if len(self.points) > 1 else (values, NOTHING)

    def _read_table(self, pieces: Sequence[int]) -> tuple[list[int] | None, Reason]:
        """Read two columns: positions, counted from 0 or 1, and pieces. Words or positions from 1 on tell which."""
        count = len(pieces)
        left, right = ([line[column] for line in self.lines] for column in (0, 1))
        counted = {0: list(range(count)), 1: list(range(1, count + 1))}
        first, second = self._names()
        swapped = first in {"piece", "pieces"} or second in POSITION
        positions, answer = (right, left) if swapped else (left, right)
        if sorted(answer) != list(pieces):
            return None, NOTHING
        if positions == counted[1] or (self.named and sorted(positions) in counted.values()):
            pairs = sorted(zip(positions, answer, strict=True))
            return [piece for _position, piece in pairs], NOTHING
        if positions == counted[0]:
            if all(answer[piece] == position for position, piece in enumerate(answer)):
                return answer, NOTHING  # both readings agree
            row = f"{left[0]}: {right[0]}"
            table = f"a table of {count} rows such as '{row}', in which either number may be the piece"
            return None, (NEAR, f"{self.where} {table}; print the pieces alone, or name the columns")
        return None, NOTHING

    @property
    def named(self) -> bool:
        """Whether words say which column of a table holds the pieces."""
        return self.count == 2 * len(self.lines) and bool({"piece", "pieces", *POSITION} & set(self._names()))

    def _names(self) -> tuple[str, str]:
        """Return the words for the two columns, from the rows or from the title."""
        if self.marked:
            return next(iter(self.names)) if len(self.names) == 1 else ("", "")
        return (self.title[0], self.title[1]) if len(self.title) == 2 else ("", "")
