"""Which log lines and reports a live display hears of: few enough that looking does not slow what is timed."""

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
"""A live display is told of reports no more often than this, per trial, and of none while it deals with the last."""
REST_SHARE = 20.0
"""After a report that took t seconds to deal with, no other of the whole run is told for this times t."""


class Tell(Protocol):
    """Puts a message into the queue of the thread that asked for the run."""

    def __call__(self, message: Message, *, wait: bool = False) -> threading.Event:
        """Put it there and return what is set once it was dealt with; with `wait`, return only then."""


def ignore(time_s: float, frame: Frame, queries: int) -> None:
    """Listen to nothing."""


class Quiet:
    """Keeps the cost of scoring live reports to about a twentieth of one core, over all jobs of a run.

    Written by the thread that deals with messages, read by those that talk to servers.
    """

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def now(self) -> bool:
        """Whether reports are to be passed over."""
        return time.monotonic() < self._until

    @contextlib.contextmanager
    def timing(self) -> Iterator[None]:
        """Time the block, which deals with one report, and be quiet after it in proportion."""
        began = time.monotonic()
        try:
            yield
        finally:
            ended = time.monotonic()
            self._until = ended + REST_SHARE * (ended - began)


class Listener:
    """Turns frames of one trial into messages; no queue, since dealing with it slows what is being timed."""

    def __init__(self, work: Work, tell: Tell, quiet: Quiet) -> None:
        self._work, self._tell, self._quiet = work, tell, quiet
        self._next: dict[str, float] = {}
        self._last: dict[str, threading.Event] = {}

    def __call__(self, time_s: float, frame: Frame, queries: int) -> None:
        """Tell of a frame, or pass over it."""
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
