"""Run a program in the child's place, and pass on what it prints: lists that answer as reports, the rest as output.

The answer is the last line of its standard output that the family reads as one; every such
line counts as a best-so-far answer when it comes, so that a program stopped by a limit is
scored by its last. What this process says is no more trusted than any solver's.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
from typing import TYPE_CHECKING

from generator.errors import AnswerError, PluginError
from generator.puzzle.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import JsonValue

__all__ = ["ProgramError", "relay"]

LONGEST_LINE = 1 << 20
"""Bytes of a line that are kept; no answer is longer."""
KEPT_WORDS = 4 << 10
"""Bytes of standard error that are kept for the reason of a crash."""
_REASON_LENGTH = 200
_CHUNK = 1 << 16
_STDOUT, _STDERR = 1, 2


class ProgramError(PluginError):
    """A program ended in failure and without an answer."""


def relay(argv: Sequence[str], read: Callable[[str], JsonValue], report: Callable[[JsonValue], None]) -> Answer:
    """Run a program until it ends and return its last answer; None in it if it printed nothing like one.

    Raises:
        ProgramError: if it cannot be started, or fails without an answer.
        AnswerError: if it printed no answer, but something that was nearly one.
        MemoryError: if it failed for want of memory and without an answer.
    """
    try:
        program = subprocess.Popen(  # noqa: S603 - running the user's command is what this is for
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
    except OSError as error:
        raise ProgramError(f"{argv[0]} cannot be started: {error.strerror or error}") from None
    with program:
        listener = _Listener(read, report)
        words = _watch(program, listener)
        code = program.wait()
    if listener.answer is not None:
        return Answer(listener.answer, note=f"{_ending(code)} after it" if code else "")
    if code:
        _raise_failure(code, words)
    if listener.fault:
        raise AnswerError(f"no line of its output is an answer; {listener.fault}")
    return Answer(None, note="it ended well, but no line of its output is an answer")


class _Listener:
    """Cuts standard output into lines and keeps the last answer; a class because lines come in parts."""

    def __init__(self, read: Callable[[str], JsonValue], report: Callable[[JsonValue], None]) -> None:
        self.answer: JsonValue = None
        self.fault = ""
        self._read, self._report = read, report
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take some output."""
        *lines, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._take(line)
        self._rest = rest[:LONGEST_LINE]

    def close(self) -> None:
        """Take what stands on the last line, which need not end."""
        self._take(self._rest)
        self._rest = b""

    def _take(self, line: bytes) -> None:
        try:
            answer = self._read(line.decode("utf-8", "replace"))
        except AnswerError as error:
            self.fault = str(error)
            return
        if answer is not None and answer != self.answer:
            self.answer = answer
            self._report(answer)


def _watch(program: subprocess.Popen[bytes], listener: _Listener) -> bytes:
    """Read both streams until the program ends, whoever else may hold them open; returns its last words of error."""
    if program.stdout is None or program.stderr is None:
        raise ProgramError("the program has no output")
    words = b""
    ended = os.pidfd_open(program.pid)
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        stack.callback(os.close, ended)
        for stream in (program.stdout, program.stderr):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        over = False
        while not over:
            over = any(key.fileobj == ended for key, _events in selector.select())
            for stream, number in ((program.stdout, _STDOUT), (program.stderr, _STDERR)):
                while data := _read_some(stream.fileno()):
                    _write_all(number, data)
                    if number == _STDOUT:
                        listener.feed(data)
                    else:
                        words = (words + data)[-KEPT_WORDS:]
                    if not over:
                        break  # let the other stream have its turn
                if data == b"" and stream in selector.get_map():
                    selector.unregister(stream)
    listener.close()
    return words


def _read_some(descriptor: int) -> bytes | None:
    """Read what there is: nothing at the end, None where there is nothing yet."""
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return None


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _ending(code: int) -> str:
    return f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"


def _raise_failure(code: int, words: bytes) -> None:
    lines = [line.strip() for line in words.decode("utf-8", "replace").splitlines() if line.strip()]
    if lines and "MemoryError" in lines[-1]:
        raise MemoryError(lines[-1])
    text = " / ".join(lines[-3:])
    said = f": {text if len(text) <= _REASON_LENGTH else '…' + text[-_REASON_LENGTH:]}" if text else ""
    raise ProgramError(f"the program {_ending(code)} and without an answer{said}")
