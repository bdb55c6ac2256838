"""The parent's side of one fork server: start the server, run trials on it, kill every process at the end."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.conversation import Conversation
from benchmark.isolation.ending import answer_of_stopped_program, classify, decode_answer
from benchmark.isolation.kernel import processes
from benchmark.isolation.launch import environment, launch, new_token, sweep
from benchmark.isolation.packing import Packed, make_order, pack, pack_for_program
from benchmark.isolation.wire import WireError, encode, receive
from benchmark.results.outcome import Outcome, Report
from benchmark.results.trial import Status
from generator.errors import AnswerError, HarnessError, SpecError
from generator.family.registry import find_family
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmark.isolation.desk import Desk
    from benchmark.isolation.wire import Frame
    from benchmark.isolation.work import Work

__all__ = ["ISOLATIONS", "Server", "ServerGoneError", "Settings", "warm_modules"]

BASE = ("numpy", "safetensors.numpy")
"""Modules that every fork server imports once, before it forks. The imports start no threads, so forking is safe."""

ISOLATIONS = ("auto", "namespaces", "rlimits")
"""Values of `--isolation`: `auto` takes namespaces where the kernel allows them, and rlimits elsewhere."""
START_LIMIT_S = 300.0
"""Longest time in seconds for the imports of a fork server. A larger value admits slower disks. Hand-set."""


def warm_modules(names: Iterable[str]) -> tuple[str, ...]:
    """List the modules that a fork server imports for these families: `BASE`, each record's `warm` and `solvers`."""
    chosen = [find_family(name) for name in sorted(set(names))]
    return tuple(dict.fromkeys([*BASE, *(module for family in chosen for module in (*family.warm, *family.solvers))]))


class ServerGoneError(Exception):
    """The server was dead before the trial began. The harness catches this error and starts a new server."""


@dataclass(frozen=True)
class Settings:
    """Settings of a fork server.

    Attributes:
        threads: number of threads that numerical libraries may use.
        hidden: folders and files that are hidden from solvers, e.g. sealed answers and results.
        isolation: `auto`, `namespaces` or `rlimits`.
        warm: modules that the server imports before the first fork.
    """

    threads: int = 1
    hidden: tuple[Path, ...] = ()
    isolation: str = "auto"
    warm: tuple[str, ...] = BASE

    def __post_init__(self) -> None:
        """Refuse an unknown isolation mode."""
        if self.isolation not in ISOLATIONS:
            raise SpecError(f"no isolation {self.isolation!r}{did_you_mean(self.isolation, ISOLATIONS)}")


class Server:
    """One fork server. Only `destroy` may be called from a second thread."""

    def __init__(self, settings: Settings, *, namespaces: bool) -> None:
        self.namespaces = namespaces
        self._settings = settings
        self._slot = Path(tempfile.mkdtemp(prefix="netjigsaw-"))
        (self._slot / "work").mkdir()
        (self._slot / "dev").mkdir()
        self._token = new_token()
        self._control, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `destroy`
        self._pidfd: int | None = None
        self._packed: dict[bool, Packed] = {}
        self._destroyed = False
        self._ending = threading.Lock()
        with theirs:
            self._process = launch(theirs, self._errors, environment(self._slot, settings.threads, self._token))

    def wait_until_ready(self) -> str:
        """Wait until the imports are done. Returns why the kernel refused namespaces, or an empty text.

        Raises:
            HarnessError: if the server does not start.
        """
        hidden = [str(path) for path in self._settings.hidden]
        setup = {"namespaces": self.namespaces, "hidden": hidden}
        self._control.settimeout(START_LIMIT_S)
        try:
            self._control.sendall(encode("hello", {**setup, "warm": list(self._settings.warm)}))
            frame = receive(self._control)
        except OSError:
            frame = None
        self._control.settimeout(None)
        if frame is not None and frame.kind == "refused":
            return str(frame.fields()["reason"])
        if frame is None:
            words = self._last_words()
            self.destroy()
            raise HarnessError(f"the fork server did not start: {words}")
        with contextlib.suppress(IndexError, ProcessLookupError):
            # With namespaces the started process waits outside, and its only child is the server.
            server = processes.children(self._process.pid)[0] if self.namespaces else self._process.pid
            self._pidfd = os.pidfd_open(server)
        return ""

    def _last_words(self) -> str:
        """Return the last line that a dead server wrote to standard error."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._destroyed:
            return "the run was stopped"
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it wrote no error message"

    @property
    def alive(self) -> bool:
        """Whether the server can take a trial."""
        return not self._destroyed and self._process.poll() is None

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
        with self._ending:
            if self._pidfd is not None:
                # The kernel kills a namespace with its process 1; the process outside then ends by itself.
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                select.select([self._pidfd], [], [], 5)
                os.close(self._pidfd)
                self._pidfd = None
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)
            self._process.kill()
            self._process.wait()
            if not self.namespaces:
                sweep(self._token)
            self._errors.close()
            shutil.rmtree(self._slot, ignore_errors=True)


def _kept_reports(reports: list[tuple[float, Frame, int]]) -> Iterator[Report]:
    """Decode the reports and skip damaged ones. In contrast, a damaged answer decides the status of the trial."""
    for time_s, frame, queries in reports:
        with contextlib.suppress(WireError, AnswerError):
            yield Report(time_s, decode_answer(frame), queries)
