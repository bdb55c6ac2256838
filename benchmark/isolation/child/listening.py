"""Cut a stream of a program's output into lines, and keep the last answer in them.

Time and memory are linear in the length of the output: of a long line only the beginning is kept, and a family's reader
gets every line once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from generator.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from generator.family.layout import Reader

__all__ = ["LONGEST_LINE", "Listener"]

LONGEST_LINE = 1 << 20
"""Bytes that are kept of one line of output. A larger value reads longer answers. Hand-set."""


class Listener:
    """Reads one stream of a program.

    Args:
        read: reads lines as answers.
        report: called with every new answer.
        take: called with every line and whether a line end follows it; returns True if the line must not be read.
        longest: bytes that are kept of one line.
    """

    def __init__(
        self,
        read: Reader,
        report: Callable[[JsonValue], None],
        *,
        take: Callable[[bytes, bool], bool] | None = None,
        longest: int = LONGEST_LINE,
    ) -> None:
        self.answer: JsonValue = None
        self.answered_s = 0.0
        self.fault = ""
        self.lines = 0
        self.unsettled = False
        self._read, self._report, self._take, self._longest = read, report, take, longest
        self._settle = getattr(read, "settle", None)
        self._began = time.monotonic()
        self._rest = bytearray()
        self._returned = False

    def feed(self, data: bytes) -> None:
        """Process a part of the output; a carriage return ends a line, as in progress bars."""
        if self._returned and data.startswith(b"\n"):
            data = data[1:]  # the second half of a line end of Windows
        self._returned = data.endswith(b"\r")
        *lines, rest = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._hear(bytes(self._rest) + line, ended=True)
            self._rest.clear()
        room = self._longest - len(self._rest)
        self._rest += rest[:room]

    def pause(self) -> None:
        """Read the lines so far as an answer, because the output pauses."""
        self._finish(ended=False)

    def close(self) -> None:
        """Process the last line, which may lack a line end, and read the last lines as an answer."""
        if self._rest:
            self._hear(bytes(self._rest), ended=False)
            self._rest.clear()
        self._finish(ended=True)

    def _hear(self, line: bytes, *, ended: bool) -> None:
        if self._take is not None and self._take(line, ended):
            return
        self.lines += 1
        self.unsettled = self._settle is not None
        self._keep(lambda: self._read(line.decode("utf-8", "replace")))

    def _finish(self, *, ended: bool) -> None:
        self.unsettled = False
        settle = self._settle
        if settle is not None:
            self._keep(lambda: settle(ended=ended))

    def _keep(self, read: Callable[[], JsonValue]) -> None:
        try:
            answer = read()
        except AnswerError as error:
            self.fault = str(error)
            return
        if answer is not None and answer != self.answer:
            self.answer, self.answered_s = answer, time.monotonic() - self._began
            self._report(answer)
