"""Select the log lines, queries and reports for a live display: few enough not to slow the timed trials."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Protocol

from benchmark.isolation.ending import decode_answer
from benchmark.isolation.wire import WireError
from benchmark.results.outcome import one_line
from benchmark.running.messages import Asked, Message, Reported, Said
from generator.errors import AnswerError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from benchmark.isolation.wire import Frame
    from benchmark.isolation.work import Work

__all__ = ["Listener", "Quiet", "Tell", "ignore"]

LISTEN_EVERY_S = 0.5
"""Shortest time in seconds between two messages of one kind (log, query, report) of one trial. A larger value updates
the display less often. Hand-set."""
REST_SHARE = 20.0
"""Pause after a scored report, as a multiple of its scoring time; holds for the reports of all trials of the run. A
larger value takes less processor time from the trials: 20 allows about a twentieth of one core. Hand-set."""


class Tell(Protocol):
    """Puts a message into the queue of the consumer's thread."""

    def __call__(self, message: Message, *, wait: bool = False) -> threading.Event:
        """Queue the message and return an event that is set once the consumer has handled it.

        With `wait`, return only after the message was handled.
        """


def ignore(time_s: float, frame: Frame, queries: int) -> None:
    """Drop the frame."""


class Quiet:
    """Keeps the cost of scoring live reports to about a twentieth of one core, over all jobs of a run.

    The consumer's thread writes it; the job threads read it.
    """

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def now(self) -> bool:
        """Whether reports are skipped at this moment."""
        return time.monotonic() < self._until

    @contextlib.contextmanager
    def timing(self) -> Iterator[None]:
        """Time the block, which scores one report, and skip reports afterwards for `REST_SHARE` times as long."""
        began = time.monotonic()
        try:
            yield
        finally:
            ended = time.monotonic()
            self._until = ended + REST_SHARE * (ended - began)


class Listener:
    """Turns frames of one trial into messages. Skips frames instead of queueing them, so as not to slow the trial."""

    def __init__(self, work: Work, tell: Tell, quiet: Quiet) -> None:
        self._work, self._tell, self._quiet = work, tell, quiet
        self._next: dict[str, float] = {}
        self._last: dict[str, threading.Event] = {}

    def __call__(self, time_s: float, frame: Frame, queries: int) -> None:
        """Send the frame on as a message, or skip it."""
        now, last = time.monotonic(), self._last.get(frame.kind)
        if now < self._next.get(frame.kind, 0.0) or (last is not None and not last.is_set()):
            return
        if frame.kind == "report" and self._quiet.now:
            return
        self._next[frame.kind] = now + LISTEN_EVERY_S
        with contextlib.suppress(WireError, AnswerError):
            if frame.kind == "log":
                message: Message = Said(self._work, time_s, one_line(frame.fields().get("text", "")))
            elif frame.kind == "query":
                message = Asked(self._work, time_s, queries)
            else:
                message = Reported(self._work, time_s, decode_answer(frame), queries)
            self._last[frame.kind] = self._tell(message)
