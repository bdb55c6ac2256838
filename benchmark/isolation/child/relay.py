"""Run a program as a solver: read answers and queries from its output, and pass on its other output.

The final answer is the last one on standard output. A program without an answer there is judged by the last answer on
standard error, and a program without an answer on both is judged by a file that the family names. Each new answer of a
stream is also sent at once as a best-so-far report, so a program that a limit stops is judged by its latest answer.
The parent trusts this process as little as any solver.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.child.answer_files import read_answer_files
from benchmark.isolation.child.listening import LONGEST_LINE, Listener
from benchmark.isolation.child.queries import QueryServer
from generator.errors import AnswerError, PluginError
from generator.puzzle.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import JsonValue

    from benchmark.isolation.child.answer_files import Written
    from generator.family.layout import Reader
    from generator.family.oracle import Oracle

__all__ = ["ProgramError", "relay"]

PAUSE_S = 0.3
"""Seconds without output after which the last lines are read as an answer. A larger value waits longer. Hand-set."""
KEPT_WORDS = 4 << 10
"""Bytes of standard error that are kept to explain a crash. A larger value keeps more. Hand-set."""
_REASON_LENGTH = 200
_CHUNK = 1 << 16
_STDOUT, _STDERR = 1, 2


class ProgramError(PluginError):
    """A program could not be started, or failed without an answer."""


def relay(
    argv: Sequence[str],
    new_reader: Callable[[], Reader],
    report: Callable[[JsonValue], None],
    oracle: Oracle | None = None,
    answer_files: Sequence[str] = (),
) -> Answer:
    """Run a program until it ends and return its last answer; its value is None if the program gave no answer.

    Args:
        argv: the command.
        new_reader: makes a reader of answers; each stream and file has its own.
        report: called with every new answer.
        oracle: answers the program's queries; None where the puzzle has no oracle.
        answer_files: files of the working folder that may hold an answer.

    Raises:
        ProgramError: if the program cannot be started, or fails without an answer.
        AnswerError: if it gave only invalid answers, or files with different ones.
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
        query_server = None if oracle is None or program.stdin is None else QueryServer(oracle, program.stdin)
        streams = _Streams(new_reader, report, query_server)
        _watch(program, streams)
        code = program.wait()
    files = read_answer_files(Path.cwd(), answer_files, new_reader)
    return _conclude(streams, files, code, ", ".join(answer_files))


class _Streams:
    """Standard output and standard error of a program."""

    def __init__(
        self, new_reader: Callable[[], Reader], report: Callable[[JsonValue], None], query_server: QueryServer | None
    ) -> None:
        def forward(line: bytes, ended: bool) -> bool:  # noqa: FBT001 - a callback
            if query_server is not None and query_server.serve(line):
                return True
            _write_all(_STDOUT, line + b"\n" if ended else line)
            return False

        def report_error_stream(answer: JsonValue) -> None:
            if self.output.answer is None:
                report(answer)

        longest = LONGEST_LINE if query_server is None else query_server.longest_line
        self.output = Listener(new_reader(), report, take=forward, longest=longest)
        self.errors = Listener(new_reader(), report_error_stream)
        self.words = b""

    def feed(self, number: int, data: bytes) -> None:
        """Process a part of a stream."""
        if number == _STDOUT:
            self.output.feed(data)
            return
        _write_all(_STDERR, data)
        self.words = (self.words + data)[-KEPT_WORDS:]
        self.errors.feed(data)

    @property
    def patience_s(self) -> float | None:
        """How long to wait for output until `pause` must be called; None if there is nothing to settle."""
        return PAUSE_S if self.output.unsettled or self.errors.unsettled else None

    def pause(self) -> None:
        """Read the last lines as an answer, because no output has come for a while."""
        self.output.pause()
        self.errors.pause()

    def close(self) -> None:
        """Read the last lines as an answer, because the program has ended."""
        self.output.close()
        self.errors.close()

    @property
    def last_words(self) -> list[str]:
        """The last lines of standard error that are not empty."""
        return [line.strip() for line in self.words.decode("utf-8", "replace").splitlines() if line.strip()]


def _conclude(streams: _Streams, files: Sequence[Written], code: int, answer_files: str) -> Answer:
    """Choose the answer by the order of precedence, and mention the other answers in a remark."""
    sources = [("standard output", streams.output.answer), ("standard error", streams.errors.answer)]
    sources += [(file.name, file.answer) for file in files]
    given = [(name, answer) for name, answer in sources if answer is not None]
    if not given:
        return _without_answer(streams, files, code, answer_files)
    name, answer = given[0]
    others = [other for other, value in given[1:] if value != answer]
    if others and name in {file.name for file in files}:
        raise AnswerError(f"{name} and {others[0]} hold different answers; write one of them")
    remarks = [] if name == "standard output" else [f"the answer is from {name}"]
    remarks += [f"{other} holds another answer than {name}, which counts" for other in others]
    if code:
        listener = {"standard output": streams.output, "standard error": streams.errors}.get(name)
        time_of = "" if listener is None else f"answered at {listener.answered_s:.1f} s, then "
        said = f": {_shortened(streams.last_words[-1:])}" if streams.last_words else ""
        remarks.append(f"{time_of}{_ending(code)}{said}")
    return Answer(answer, note="; ".join(remarks))


def _without_answer(streams: _Streams, files: Sequence[Written], code: int, answer_files: str) -> Answer:
    """Raise the error of a program that gave no answer; return an answer without a value if it exited with code 0."""
    faults = [("", streams.output.fault), ("standard error: ", streams.errors.fault)]
    faults += [(f"{file.name}: ", file.fault) for file in files]
    fault = next((where + text for where, text in faults if text), "")
    if code:
        lines = streams.last_words
        if lines and "MemoryError" in lines[-1]:
            raise MemoryError(lines[-1])
        said = f": {_shortened(lines[-3:])}" if lines else ""
        raise ProgramError(f"the program {_ending(code)} and without an answer{said}{'; ' if fault else ''}{fault}")
    if fault:
        raise AnswerError(f"printed no valid answer: {fault}")
    printed = f"{streams.output.lines} lines on standard output, {streams.errors.lines} on standard error"
    none = f", no {answer_files}" if answer_files else ""
    return Answer(None, note=f"exited with code 0 but printed no valid answer ({printed}{none})")


def _watch(program: subprocess.Popen[bytes], streams: _Streams) -> None:
    """Read both streams until the program ends, even if another process holds them open."""
    if program.stdout is None or program.stderr is None:
        raise ProgramError("the program has no output")
    ended = os.pidfd_open(program.pid)
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        stack.callback(os.close, ended)
        for stream in (program.stdout, program.stderr):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        over = False
        while not over:
            events = selector.select(streams.patience_s)
            if not events:
                streams.pause()
            over = any(key.fileobj == ended for key, _events in events)
            for stream, number in ((program.stdout, _STDOUT), (program.stderr, _STDERR)):
                if _read_some(stream.fileno(), number, streams, whole=over) and stream in selector.get_map():
                    selector.unregister(stream)
    streams.close()


def _read_some(descriptor: int, number: int, streams: _Streams, *, whole: bool) -> bool:
    """Read one part of a stream, or all that is available; return True at the end of the stream."""
    with contextlib.suppress(BlockingIOError):  # nothing has arrived yet
        while data := os.read(descriptor, _CHUNK):
            streams.feed(number, data)
            if not whole:
                return False  # read the other stream next
        return True
    return False


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _ending(code: int) -> str:
    return f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"


def _shortened(lines: Sequence[str]) -> str:
    text = " / ".join(lines)
    return text if len(text) <= _REASON_LENGTH else "…" + text[-_REASON_LENGTH:]
