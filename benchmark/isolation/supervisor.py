"""The parent's side of one fork server: start the server, run trials on it, kill every process at the end."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.conversation import Conversation
from benchmark.isolation.ending import answer_of_stopped_program, classify, decode_answer
from benchmark.isolation.packing import Packed, make_order, pack, pack_for_program
from benchmark.isolation.wire import WireError, encode, receive
from benchmark.results.outcome import Outcome, Report
from benchmark.results.trial import Status
from generator.errors import AnswerError, HarnessError, SpecError
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmark.isolation.desk import Desk
    from benchmark.isolation.launch import Launcher
    from benchmark.isolation.wire import Frame
    from benchmark.isolation.work import Work

__all__ = ["ISOLATIONS", "Server", "ServerGoneError", "Settings"]

ISOLATIONS = ("auto", "namespaces", "rlimits")
"""Values of `--isolation`: `auto` takes namespaces where the kernel allows them, and rlimits elsewhere."""
START_LIMIT_S = 300.0
"""Longest time in seconds for the imports before a fork server. A larger value admits slower disks. Hand-set."""
ENDING_LIMIT_S = 5.0
"""Longest time in seconds to wait for the end of a killed server. A larger value admits busier machines. Hand-set."""


class ServerGoneError(Exception):
    """The server was dead before the trial began. The harness catches this error and starts a new server."""


@dataclass(frozen=True)
class Settings:
    """Settings of a fork server.

    Attributes:
        threads: number of threads that numerical libraries may use.
        hidden: folders and files that are hidden from solvers, e.g. sealed answers and results.
        isolation: `auto`, `namespaces` or `rlimits`.
        warm: modules that are imported once, before the first fork.
    """

    threads: int = 1
    hidden: tuple[Path, ...] = ()
    isolation: str = "auto"
    warm: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an unknown isolation mode."""
        if self.isolation not in ISOLATIONS:
            raise SpecError(f"no isolation {self.isolation!r}{did_you_mean(self.isolation, ISOLATIONS)}")


class Server:
    """One fork server. Only `destroy` may be called from a second thread."""

    def __init__(self, settings: Settings, launcher: Launcher, *, namespaces: bool) -> None:
        self.namespaces = namespaces
        self._launcher = launcher
        self._slot = Path(tempfile.mkdtemp(prefix="netjigsaw-"))
        (self._slot / "work").mkdir()
        (self._slot / "dev").mkdir()
        self._control, theirs = socket.socketpair()
        self._pidfds: dict[str, int] = {}
        self._packed: dict[bool, Packed] = {}
        self._destroyed = False
        self._ending = threading.Lock()
        hidden = [str(path) for path in settings.hidden]
        with theirs:
            launcher.fork_server(theirs, self._slot, hidden, namespaces=namespaces)

    def wait_until_ready(self) -> str:
        """Wait until the server takes trials. Returns why the kernel refused namespaces, or an empty text.

        Raises:
            HarnessError: if the server does not start.
        """
        self._control.settimeout(START_LIMIT_S)
        frame = None
        with contextlib.suppress(OSError):
            frame = receive(self._control)
            if frame is not None and frame.kind == "process":
                for name, pid in frame.fields().items():
                    with contextlib.suppress(ProcessLookupError):
                        self._pidfds[name] = os.pidfd_open(pid)
                frame = receive(self._control)
        self._control.settimeout(None)
        if frame is None:
            words = "the run was stopped" if self._destroyed else self._launcher.last_words()
            self.destroy()
            raise HarnessError(f"the fork server did not start: {words}")
        return str(frame.fields()["reason"]) if frame.kind == "refused" else ""

    @property
    def alive(self) -> bool:
        """Whether the server can take a trial."""
        return not self._destroyed and "server" in self._pidfds and not _ended(self._pidfds["server"], 0)

    def run(self, work: Work, listen: Callable[[float, Frame, int], None], desk: Desk | None = None) -> Outcome:
        """Run one trial. No behaviour of the solver makes this raise or hang.

        Args:
            work: the trial.
            listen: called for each log line, report and query; see `Conversation`.
            desk: answers queries; None where the puzzle has no oracle.

        Raises:
            ServerGoneError: if the server died before the trial began.
        """
        packed = self._pack(work)
        mine, channel = socket.socketpair()
        output, printed = os.pipe()
        try:
            with channel:
                order = encode("trial", make_order(work, packed.sizes_mib))
                try:
                    socket.send_fds(self._control, [order], [channel.fileno(), printed])
                except OSError as error:
                    raise ServerGoneError from error
                finally:
                    os.close(printed)
            conversation = Conversation(
                self._control,
                mine,
                output,
                work.trial.limits,
                before=packed.before,
                puzzle=packed.frames,
                listen=listen,
                desk=desk,
            )
            ending = conversation.run()
        finally:
            mine.close()
            os.close(output)
        if ending.done is None:
            self.destroy()
        status, reason = classify(ending, work.trial.limits)
        answer = None
        if ending.answer is not None:
            try:
                answer = decode_answer(ending.answer)
            except WireError as error:
                status, reason = Status.CRASHED, f"sent {error}"
            except AnswerError as error:
                status, reason = Status.WRONG_FORMAT, str(error)
        elif work.reference.command is not None:
            answer = answer_of_stopped_program(ending, status, reason, work.trial.limits)
            status, reason = (status, reason) if answer is None else (None, "")
        done = ending.done or {}
        return Outcome(
            status=status,
            reason=reason,
            answer=answer,
            reports=tuple(_kept_reports(ending.reports)),
            wall_s=ending.wall_s,
            load_s=ending.load_s,
            cpu_s=done.get("cpu_s"),
            peak_mib=done.get("peak_mib"),
            log=tuple(ending.log),
            output=ending.output,
            usage=ending.usage,
        )

    def _pack(self, work: Work) -> Packed:
        """Pack a puzzle for a solver in Python or for a program; cached until a trial of another puzzle comes."""
        for_program = work.reference.command is not None
        if any(packed.digest != work.trial.puzzle for packed in self._packed.values()):
            self._packed.clear()
        if for_program not in self._packed:
            self._packed[for_program] = pack_for_program(work.puzzle) if for_program else pack(work.puzzle)
        return self._packed[for_program]

    def close(self) -> None:
        """Destroy the server and close its socket. No other thread may use the server any more."""
        self.destroy()
        self._control.close()

    def destroy(self) -> None:
        """Kill the server and every process that it started. Any thread may call this, more than once."""
        self._destroyed = True
        with contextlib.suppress(OSError):
            # A server whose process number is not known yet ends by this, and so does a thread that waits for it.
            self._control.shutdown(socket.SHUT_RDWR)
        with self._ending:
            if "server" in self._pidfds:
                # The kernel kills a namespace with its process 1; the process outside then ends by itself.
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(self._pidfds["server"], signal.SIGKILL)
                for pidfd in self._pidfds.values():
                    _ended(pidfd, ENDING_LIMIT_S)
                    os.close(pidfd)
                self._pidfds.clear()
                if not self.namespaces:
                    self._launcher.sweep()
            shutil.rmtree(self._slot, ignore_errors=True)


def _ended(pidfd: int, timeout_s: float) -> bool:
    """Wait for the end of a process; return whether it has ended."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def _kept_reports(reports: list[tuple[float, Frame, int]]) -> Iterator[Report]:
    """Decode the reports and skip damaged ones. In contrast, a damaged answer decides the status of the trial."""
    for time_s, frame, queries in reports:
        with contextlib.suppress(WireError, AnswerError):
            yield Report(time_s, decode_answer(frame), queries)
