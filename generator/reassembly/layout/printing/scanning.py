"""Find the lists of whole numbers in lines of output. A list in brackets may span lines.

A line is cut into numbers, brackets, separators and words. Every line is read once, so the time is linear in the size
of the output. A list is a bracket with its content, nested brackets included, or a series of numbers and brackets with
nothing but separators between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["Line", "List", "Scanner", "plain", "without_prefix", "words_of"]

DEPTH = 16
"""Deepest nesting of brackets that is followed; outer brackets are dropped. A larger value reads deeper lists.
Hand-set."""

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TIME = re.compile(
    r"\[?\b(?:\d{4}[-/]\d\d[-/]\d\d[T_ ]?)(?:\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?Z?(?:[+-]\d\d:?\d\d)?)?\]?:?(?![\w.])"
    r"|\[?\b\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?\]?(?![\w.:])"
)
_LOG = re.compile(
    r"[\s\x00,|:-]*(?:[A-Za-z_][\w.]{0,40}\s?[-:|]\s?)?[\[<(]?\b(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|TRACE|SUCCESS|NOTICE|OUTPUT|STDOUT)\b[\])>]?[\s:,|-]*"
    r"(?:\[?(?:root|main|__main__|solver|solve)\b\]?[\s:-]*)?"
)
_WRAPPED = re.compile(r"\b(?:(?:np|numpy|torch)\.)?(?:u?int\d+|float\d+|int|float|tensor)\(\s*(\d+(?:\.0*)?)\s*\)")
_CONTAINER = re.compile(r"\b(?:(?:np|numpy|torch)\.)?(?:array|tensor|list|tuple|deque)(?=\()")
_TYPE = re.compile(r",\s*(?:dtype|device|size)=[\w.:'\"]+")
_PIECE = re.compile(
    r"(?:\./)?(?:historical_data_and_pieces/)?(?:pieces/)?\bpiece[ _#-]?(\d+)(?:\.pth?\b)?", re.IGNORECASE
)
_TOKEN = re.compile(
    r"(?P<number>[-+]?\d++(?P<point>\.\d*+)?(?P<power>[eE][-+]?\d++)?(?!\w|\.\w|%|/))"
    r"|(?P<open>[\[(])|(?P<close>[\])])|(?P<gap>[\s,;|'\"]+|->|=>|>|→|⟶|-(?=\s))"
    r"|(?P<word>--?[A-Za-z][\w-]*|\w[\w.]*)|(?P<other>.)",
    re.DOTALL,
)
_LETTERS = re.compile(r"[a-z]+")


@dataclass
class List:
    """A list of numbers while it is read, and afterwards.

    Attributes:
        label: the words right before the list, in small letters.
        begun: number of the line on which the list begins.
        numbers: the whole numbers, in order of the text.
        pure: whether the list holds nothing but numbers, brackets and separators.
        alone: whether the lines of the list hold no word outside of it.
        points: whether numbers had decimals (`10.0`), and whether numbers had none.
        powers: whether a number was in scientific notation (`1.0e+01`).
        named: whether numbers were written as names of pieces (`piece_10.pth`).
    """

    label: tuple[str, ...]
    begun: int
    numbers: list[int] = field(default_factory=list)
    pure: bool = True
    alone: bool = False
    points: set[bool] = field(default_factory=set)
    powers: bool = False
    named: bool = False

    def take(self, value: int, match: re.Match[str], *, named: bool) -> None:
        """Append one number; `match` says how it was written."""
        self.numbers.append(value)
        self.named |= named
        self.powers |= match["power"] is not None
        if match["point"] != ".":  # `10.` may be an integer before a full stop
            self.points.add(match["point"] is not None)

    def add(self, other: List) -> None:
        """Append the numbers of a nested list."""
        self.numbers += other.numbers
        self.points |= other.points
        self.powers |= other.powers
        self.named |= other.named
        self.pure &= other.pure

    @property
    def mixed(self) -> bool:
        """Whether some numbers had decimals and others had none, as in a line of measurements."""
        return len(self.points) > 1


@dataclass
class Line:
    """The lists and words of one line.

    Attributes:
        lists: the lists that end on this line.
        words: the words after the last number, in small letters.
        numbers_only: the line as one list, if it holds only numbers, closed brackets and separators; else None.
    """

    lists: list[List]
    words: tuple[str, ...]
    numbers_only: List | None


def words_of(text: str) -> tuple[str, ...]:
    """List the words of a text in small letters; `best_order` gives two words."""
    return tuple(_LETTERS.findall(text.lower()))


def without_prefix(line: str) -> str:
    """Remove colours, and the time and the level at the beginning of a line of a log."""
    text = _COLOUR.sub("", line).strip() if "\x1b" in line else line.strip()
    text = _TIME.sub("\x00", text) if text.count(":") > 1 or text.count("-") > 1 or "/" in text else text
    match = _LOG.match(text)
    return (text[match.end() :] if match else text).strip("\x00 ")


def plain(text: str) -> tuple[str, bool]:
    """Remove the names of array types; write names of pieces as numbers.

    Returns:
        The text, and whether it held names of pieces.
    """
    text = _TYPE.sub("", text) if "=" in text else text
    if "(" in text:
        text = _without_remark(_CONTAINER.sub("", _WRAPPED.sub(r"\1", text)))
    text, names = _PIECE.subn(r"\1", text)
    return text, names > 0


def _without_remark(text: str) -> str:
    """Remove a remark in parentheses from the end of a line: `3 0 2 1 4 (mse=0.0)`."""
    begin = text.rfind("(")
    inside = text[begin + 1 : -1]
    remark = text.endswith(")") and any(char.isalpha() for char in inside) and not set("[]") & set(inside)
    return text[:begin].rstrip() if remark else text


class _Builder:
    """The lists of one line that are not in brackets, while the line is read."""

    def __init__(self, number: int, *, pure: bool) -> None:
        self.number, self.pure = number, pure
        self.found: list[List] = []
        self.words: list[str] = []
        self.run = List((), number)  # numbers and brackets with only separators between
        self.stretch = List((), number)  # the same without brackets
        self.every = List((), number)

    def before_value(self, *, at_top: bool) -> None:
        """Give the words before a number to the list that begins with the number."""
        if at_top:
            for one in (self.run, self.stretch):
                one.label = one.label if one.numbers else tuple(self.words)
        self.words.clear()

    def end_stretch(self) -> None:
        """Finish the numbers before a bracket."""
        if self.stretch.numbers and len(self.stretch.numbers) < len(self.run.numbers):
            self.found.append(self.stretch)
        self.stretch = List((), self.number)

    def end_run(self) -> None:
        """Finish the list before a word."""
        self.end_stretch()
        if self.run.numbers:
            self.found.append(self.run)
        self.run = List((), self.number)


class Scanner:
    """Cuts lines into lists; keeps the brackets that are open at the end of a line.

    Args:
        most: numbers that a list may have. A list that grows longer is dropped.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._stack: list[List] = []
        self._wordless = True

    @property
    def open(self) -> bool:
        """Whether a list in brackets goes on."""
        return bool(self._stack)

    def scan(self, text: str, number: int, *, named: bool) -> Line:
        """Read a line that `plain` returned; `number` is its number in the output."""
        carried = bool(self._stack)
        self._wordless = self._wordless or not carried
        line = _Builder(number, pure=not carried)
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup
            if kind == "gap":
                continue
            if kind == "number" and (value := _value(match)) is not None:
                line.before_value(at_top=not self._stack)
                for one in (self._stack[-1], line.every) if self._stack else (line.run, line.stretch, line.every):
                    one.take(value, match, named=named)
            elif kind == "open":
                self._open(line)
            elif kind == "close":
                self._close(line)
            else:
                self._interrupt(line, match[0], kind)
        line.end_run()
        self._drop_hopeless()
        for one in line.found:
            one.alone = self._wordless and (len(one.numbers) == len(line.every.numbers) or carried)
        closed = line.pure and not self._stack and bool(line.every.numbers)
        return Line(line.found, tuple(line.words), line.every if closed else None)

    def _interrupt(self, line: _Builder, text: str, kind: str | None) -> None:
        """End the list before text that is no part of a list; open brackets then hold more than a list."""
        for group in self._stack:
            group.pure = False
        line.end_run()
        line.pure &= text == "\x00"
        if kind == "word":
            line.words += words_of(text)
            self._wordless = False
        elif kind == "number":
            line.words.clear()

    def _open(self, line: _Builder) -> None:
        outer = self._stack[-1].label if self._stack else ()
        if not self._stack:
            line.end_stretch()
        if len(self._stack) == DEPTH:
            del self._stack[0]
        self._stack.append(List(tuple(line.words) or outer, line.number))

    def _close(self, line: _Builder) -> None:
        if not self._stack:
            return
        group = self._stack.pop()
        line.words.clear()
        if not group.pure:
            line.end_run()
            return
        if group.numbers:
            line.found.append(group)
        if self._stack:
            self._stack[-1].add(group)
        elif group.begun == line.number:
            line.run.label = line.run.label if line.run.numbers else group.label
            line.run.add(group)

    def _drop_hopeless(self) -> None:
        """Keep the innermost open brackets that hold nothing but numbers."""
        kept: list[List] = []
        for group in reversed(self._stack):
            if not group.pure or len(group.numbers) > self._most:
                break
            kept.insert(0, group)
        self._stack = kept


def _value(match: re.Match[str]) -> int | None:
    """Return the number as an integer: `10`, `10.`, `10.0` and `1.0e+01` are 10; None for a number with a fraction."""
    text = match["number"]
    if match["point"] is None and match["power"] is None:
        return int(text) if len(text) <= 10 else None
    if len(text) > 40:
        return None
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 1e9 else None
