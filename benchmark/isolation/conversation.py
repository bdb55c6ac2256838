"""The parent's side of one trial: exchange frames with the child, measure the time, enforce wall time and output.

The clock is this process's `perf_counter`. It starts at "go", right before the first byte of the
puzzle is sent, and stops when the last byte of the answer has arrived. The child cannot change
it: time in which the child reads the puzzle counts. A trial ends with an answer, an error, a
broken limit or the end of the child. The parent then asks the server to kill the remaining
processes, and the server reports how the child ended.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections import deque
from typing import TYPE_CHECKING

from benchmark.isolation.ending import Ending, Stop
from benchmark.isolation.wire import Decoder, Frame, WireError, encode
from benchmark.results.outcome import one_line, readable
from benchmark.results.trial import Status

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from benchmark.isolation.desk import Desk
    from benchmark.results.trial import Limits

__all__ = ["KILL_GRACE_S", "LOAD_LIMIT_S", "Conversation"]

LOAD_LIMIT_S = 120.0
"""Longest time in seconds for importing and building the solver. A larger value admits slower imports. Hand-set."""
KILL_GRACE_S = 10.0
"""Seconds that the server has to confirm a stop before it is killed. A larger value waits longer. Hand-set."""
DRAIN_LIMIT_S = 1.0
"""Longest time in seconds for reading data that the child sent before its end; a child that outlives its server could
send without end. A larger value reads more. Hand-set."""
LONGEST_WAIT_S = 3600.0
"""Longest single wait for a socket in seconds; the wait is repeated until the deadline. A larger value wakes up less
often. Hand-set."""
KEPT_REPORTS = 1000
"""Best-so-far reports that are kept of one trial. A larger value keeps a finer trace. Hand-set."""
KEPT_REPORT_BYTES = 64 << 20
"""Memory for the kept reports of one trial, in bytes. A larger value keeps more reports. Hand-set."""
KEPT_LOG_LINES = 200
"""Last log lines that are kept of one trial. A larger value keeps more lines. Hand-set."""
KEPT_OUTPUT_BYTES = 16 << 10
"""Bytes that are kept from the end of the solver's output. A larger value keeps more output. Hand-set."""
_CHUNK = 1 << 18
_SOLVER_KINDS = frozenset({"built", "log", "report", "answer", "error", "query"})


class Conversation:
    """One trial as the parent runs it.

    Args:
        control: socket to the fork server.
        channel: socket to the solver's process.
        output: read end of the pipe for the solver's standard output and standard error.
        limits: limits of the trial.
        before: frames that are sent before the clock starts, while the child runs no code of the solver yet.
        puzzle: frames that are sent at go: the puzzle, or for a program the frame that starts it.
        listen: called for each log line, report and query with seconds since go, frame, rows answered by the oracle.
        desk: answers queries; None where the puzzle has no oracle.
    """

    def __init__(
        self,
        control: socket.socket,
        channel: socket.socket,
        output: int,
        limits: Limits,
        *,
        before: bytes = b"",
        puzzle: bytes,
        listen: Callable[[float, Frame, int], None],
        desk: Desk | None = None,
    ) -> None:
        self.ending = Ending()
        self._control, self._channel, self._output = control, channel, output
        self._limits, self._puzzle, self._listen = limits, puzzle, listen
        self._desk = desk
        self._outbox = [memoryview(before)] if before else []
        own_limits = {} if desk is None else {"query": desk.largest_query}
        self._decoder = Decoder(int(limits.output_mib * 2**20), own_limits)
        self._replies = Decoder()
        self._printed = 0
        self._tail = bytearray()
        self._log: deque[str] = deque(maxlen=KEPT_LOG_LINES)
        self._report_bytes = 0
        self._began = time.perf_counter()
        self._go: float | None = None
        self._deadline = self._began + LOAD_LIMIT_S
        self._over = False
        self._selector = selectors.DefaultSelector()

    def run(self) -> Ending:
        """Run the trial; returns when the server has reaped the child, or the server is gone."""
        channel, output = self._channel, self._output
        channel.setblocking(False)
        os.set_blocking(output, False)
        with self._selector:
            self._selector.register(self._control, selectors.EVENT_READ, self._on_control)
            self._selector.register(channel, selectors.EVENT_READ, self._on_channel)
            self._selector.register(output, selectors.EVENT_READ, self._on_output)
            self._send_more()
            while not self._over:
                self._step()
            # Frames sent before the end of the child count, even if the control socket was read first.
            until = time.perf_counter() + DRAIN_LIMIT_S
            for read in (self._on_channel, self._on_output):
                while read() and time.perf_counter() < until:
                    pass
        if self._go is not None and self.ending.wall_s is None:
            self.ending.wall_s = time.perf_counter() - self._go
        self.ending.usage = None if self._desk is None else self._desk.usage
        self.ending.log = list(self._log)
        self.ending.output = readable(bytes(self._tail))
        return self.ending

    def _step(self) -> None:
        left = min(max(0.0, self._deadline - time.perf_counter()), LONGEST_WAIT_S)
        for key, events in self._selector.select(left):
            if events & selectors.EVENT_WRITE:
                self._send_more()
            if events & selectors.EVENT_READ:
                key.data()
        if time.perf_counter() < self._deadline or self._over:
            return
        if self.ending.stop is not None:
            self._over = True  # the server does not answer; the supervisor destroys it
        elif self._go is None:
            self._stop(Status.TIMEOUT, f"loading took more than {LOAD_LIMIT_S:g} s")
        else:
            self._stop(Status.TIMEOUT, f"no answer within {self._limits.wall_s:g} s")

    def _stop(self, status: Status | None = None, reason: str = "") -> None:
        if self.ending.stop is None:
            self.ending.stop = Stop(status, reason)
            self._deadline = time.perf_counter() + KILL_GRACE_S
            with contextlib.suppress(OSError):
                self._control.sendall(encode("stop"))

    def _on_control(self) -> bool:
        try:
            data = self._control.recv(_CHUNK)
        except OSError:
            data = b""
        for frame in self._replies.feed(data):
            if frame.kind == "done":
                self.ending.done = frame.fields()
        self._over = not data or self.ending.done is not None
        return False

    def _on_output(self) -> bool:
        """Read some output; return False if none is available."""
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._forget(self._output)
            return False
        self._printed += len(data)
        self._tail = (self._tail + data)[-KEPT_OUTPUT_BYTES:]
        if self._printed > self._limits.output_mib * 2**20:
            self._stop(Status.CRASHED, f"printed more than {self._limits.output_mib:g} MiB")
            return False
        return True

    def _on_channel(self) -> bool:
        """Read some frames; return False if none is available."""
        try:
            data = self._channel.recv(_CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        now = time.perf_counter()
        if not data:
            self._forget(self._channel)
            return False
        if self.ending.stop is not None:
            return True  # too late to count; reading keeps the child from blocking in a write
        try:
            for frame in self._decoder.feed(data):
                if self._take(frame, now):
                    break
        except WireError as error:
            self.ending.damaged = True
            self._stop(Status.CRASHED, f"sent {error}")
        return True

    def _take(self, frame: Frame, now: float) -> bool:
        """Process a frame; return True if the frame ends the trial."""
        kind, ending = frame.kind, self.ending
        if kind not in _SOLVER_KINDS:
            raise WireError(f"a {kind!r} frame, which is not a solver's to send")
        if kind == "error":
            ending.error = frame.fields()
            self._stop()
        elif kind == "log":
            text = one_line(frame.fields().get("text", ""))
            self._log.append(text)
            self._listen(self._since_go(now), frame, self._asked)
        elif (kind, ending.stage) == ("built", "building"):
            self._hand_over()
        elif ending.stage != "solving" or kind == "built":
            raise WireError(f"a {kind!r} frame while {ending.stage}")
        elif self._limits.wall_s is not None and self._since_go(now) > self._limits.wall_s:
            self._stop(Status.TIMEOUT, f"no answer within {self._limits.wall_s:g} s")
        elif kind == "query":
            self._take_query(frame, self._since_go(now))
        else:
            self._take_answer(frame, self._since_go(now))
        return ending.stop is not None

    def _hand_over(self) -> None:
        """Start the clock and send the puzzle.

        The clock starts before the first byte, not after the last one. Otherwise a child could read the beginning of a
        large puzzle, leave the rest unread, and work before the clock starts.
        """
        self.ending.stage = "solving"
        self._outbox = [memoryview(self._puzzle)]
        now = time.perf_counter()
        self.ending.load_s, self._go = now - self._began, now
        self._deadline = float("inf") if self._limits.wall_s is None else now + self._limits.wall_s
        self._send_more()

    def _since_go(self, now: float) -> float:
        """Return the seconds since go; 0 for a frame that arrived before go, or in one read with `built`."""
        return 0.0 if self._go is None else max(0.0, now - self._go)

    @property
    def _asked(self) -> int:
        """Rows that the oracle has answered so far."""
        return 0 if self._desk is None else self._desk.usage.queries

    def _take_query(self, frame: Frame, elapsed: float) -> None:
        """Answer a query. The limit on rows per call bounds the time that the parent spends here.

        A solver must read a reply before its next query. Unread replies would otherwise fill the memory of the parent.
        """
        if self._desk is None:
            raise WireError("a query, but the puzzle has no oracle")
        if self._outbox:
            raise WireError("a query before the reply to the last one was read")
        head, blob = self._desk.reply(frame)
        self._outbox = [memoryview(head), blob]
        self._send_more()
        self._listen(elapsed, frame, self._asked)

    def _take_answer(self, frame: Frame, elapsed: float) -> None:
        if frame.kind == "answer":
            self.ending.answer, self.ending.wall_s = frame, elapsed
            self._stop()
            return
        reports = self.ending.reports
        reports.append((elapsed, frame, self._asked))
        self._report_bytes += len(frame.payload) + len(frame.blob)
        while len(reports) > 1 and (len(reports) > KEPT_REPORTS or self._report_bytes > KEPT_REPORT_BYTES):
            # Drop every second report of the older half, and keep the latest ones.
            del reports[0 : -min(len(reports) // 2, KEPT_REPORTS // 2) : 2]
            self._report_bytes = sum(len(kept.payload) + len(kept.blob) for _time, kept, _asked in reports)
        self._listen(elapsed, frame, self._asked)

    def _send_more(self) -> None:
        try:
            while self._outbox:
                part = self._outbox[0]
                rest = part[self._channel.send(part[:_CHUNK]) :] if part else part
                self._outbox[:1] = [rest] if rest else []
        except BlockingIOError:
            pass
        except OSError:
            self._outbox = []
        with contextlib.suppress(KeyError):
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outbox else 0)
            self._selector.modify(self._channel, wanted, self._on_channel)

    def _forget(self, source: socket.socket | int) -> None:
        with contextlib.suppress(KeyError, ValueError, RuntimeError):
            self._selector.unregister(source)
