"""Run a program as a solver: read answers and queries from its standard output, and pass on its other output.

The final answer is the last line of standard output that the family reads as an answer. Each new answer is
also sent at once as a best-so-far report, so a program stopped by a limit is scored by its latest answer. The
parent trusts this process as little as any solver.

Where the puzzle has an oracle, a program writes a query as one line of JSON to standard output. It then reads the
reply as one line from standard input:

    {"query": [[0.1, 0.2], [0.3, 0.4]]}      ->  {"outputs": [[1.5], [0.25]], "left": 9998}
                                             or  {"error": "budget spent: ...", "left": 0}

Numbers in a reply have up to 17 significant digits, so a program reads exactly the same float64. `oracle.json` in the
working folder holds the shapes, the bounds and the budget.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import selectors
import subprocess
from typing import IO, TYPE_CHECKING, Any

from generator.errors import AnswerError, PluginError, QueryError
from generator.puzzle.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydantic import JsonValue

    from generator.family.oracle import Oracle

__all__ = ["TERMS_FILE", "ProgramError", "relay", "write_terms"]

TERMS_FILE = "oracle.json"
"""Name of the file in a program's working folder that holds the oracle's shapes, bounds and budget."""
LONGEST_LINE = 1 << 20
"""Bytes that are kept of one line of output. A larger value reads longer answers. Hand-set."""
QUERY = re.compile(rb'\s*\{\s*"query"')
"""The start of a line that is a query: a JSON object whose first key is `query`."""
NUMBER_BYTES = 32
"""Bytes reserved per number in the line of a query. A larger value accepts longer lines. Hand-set."""
KEPT_WORDS = 4 << 10
"""Bytes of standard error that are kept to explain a crash. A larger value keeps more. Hand-set."""
_REASON_LENGTH = 200
_CHUNK = 1 << 16
_STDOUT, _STDERR = 1, 2


class ProgramError(PluginError):
    """A program could not be started, or failed without an answer."""


def write_terms(oracle: Oracle, folder: Path) -> None:
    """Write the oracle's terms for the program: inputs, outputs, budget, bounds, rows per call."""
    terms = {**dataclasses.asdict(oracle.terms), "budget": oracle.left}
    (folder / TERMS_FILE).write_text(json.dumps(terms, indent=1) + "\n", encoding="utf-8")


def relay(
    argv: Sequence[str],
    read: Callable[[str], JsonValue],
    report: Callable[[JsonValue], None],
    oracle: Oracle | None = None,
) -> Answer:
    """Run a program until it ends and return its last answer; its value is None if the program printed no answer.

    Args:
        argv: the command.
        read: reads a line of output as an answer; None for another line.
        report: called with every new answer.
        oracle: answers the program's queries; None where the puzzle has no oracle.

    Raises:
        ProgramError: if the program cannot be started, or fails without an answer.
        AnswerError: if it printed only invalid answers.
        MemoryError: if it ran out of memory without an answer.
    """
    try:
        program = subprocess.Popen(  # noqa: S603 - the user asked for this command
            argv,
            stdin=subprocess.DEVNULL if oracle is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
    except OSError as error:
        raise ProgramError(f"{argv[0]} cannot be started: {error.strerror or error}") from None
    with program:
        query_server = None if oracle is None or program.stdin is None else _QueryServer(oracle, program.stdin)
        listener = _Listener(read, report, query_server)
        words = _watch(program, listener)
        code = program.wait()
    if listener.answer is not None:
        return Answer(listener.answer, note=f"{_ending(code)} after it" if code else "")
    if code:
        _raise_failure(code, words)
    if listener.fault:
        raise AnswerError(f"no line of its output is an answer; {listener.fault}")
    return Answer(None, note="exited with code 0 but printed no valid answer")


class _QueryServer:
    """Passes a program's queries to the oracle, and writes the replies to the program's standard input."""

    def __init__(self, oracle: Oracle, stdin: IO[bytes]) -> None:
        self._oracle, self._stdin = oracle, stdin
        terms = oracle.terms
        self.longest_line = max(LONGEST_LINE, NUMBER_BYTES * terms.rows_per_call * terms.inputs)

    def serve(self, line: bytes) -> bool:
        """Answer a line that is a query; return False for any other line."""
        if not QUERY.match(line):
            return False
        try:
            reply: dict[str, JsonValue] = {"outputs": self._oracle(_query(line)).tolist()}
        except QueryError as error:
            reply = {"error": str(error)}
        with contextlib.suppress(BrokenPipeError):  # the program has closed its input, or ended
            self._stdin.write(json.dumps({**reply, "left": self._oracle.left}).encode() + b"\n")
        return True


def _query(line: bytes) -> Any:
    try:
        return json.loads(line)["query"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise QueryError('wrong shape: write one line of JSON, {"query": [[0.1, 0.2]]}') from None


class _Listener:
    """Cuts standard output into lines, answers queries, passes on other lines, and keeps the last answer."""

    def __init__(
        self, read: Callable[[str], JsonValue], report: Callable[[JsonValue], None], query_server: _QueryServer | None
    ) -> None:
        self.answer: JsonValue = None
        self.fault = ""
        self._read, self._report, self._query_server = read, report, query_server
        self._longest = LONGEST_LINE if query_server is None else query_server.longest_line
        self._rest = bytearray()

    def feed(self, data: bytes) -> None:
        """Process a part of the output."""
        *lines, rest = data.replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._take(bytes(self._rest) + line, ended=True)
            self._rest.clear()
        room = self._longest - len(self._rest)
        self._rest += rest[:room]

    def close(self) -> None:
        """Process the last line, which may lack a line end."""
        self._take(bytes(self._rest), ended=False)
        self._rest.clear()

    def _take(self, line: bytes, *, ended: bool) -> None:
        if self._query_server is not None and self._query_server.serve(line):
            return
        _write_all(_STDOUT, line + b"\n" if ended else line)
        try:
            answer = self._read(line.decode("utf-8", "replace"))
        except AnswerError as error:
            self.fault = str(error)
            return
        if answer is not None and answer != self.answer:
            self.answer = answer
            self._report(answer)


def _watch(program: subprocess.Popen[bytes], listener: _Listener) -> bytes:
    """Read both streams until the program ends, even if another process holds them open. Returns the end of stderr."""
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
                    if number == _STDOUT:
                        listener.feed(data)
                    else:
                        _write_all(number, data)
                        words = (words + data)[-KEPT_WORDS:]
                    if not over:
                        break  # read the other stream next
                if data == b"" and stream in selector.get_map():
                    selector.unregister(stream)
    listener.close()
    return words


def _read_some(descriptor: int) -> bytes | None:
    """Read the available bytes: no bytes at the end of the stream, None if nothing has arrived yet."""
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
