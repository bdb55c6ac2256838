"""The parent's handle on one fork server: start it, have it run trials, leave nothing running."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmark import processes
from benchmark.conversation import Conversation
from benchmark.outcome import Outcome, Report, Work, classify, decode_answer
from benchmark.packing import Packed, make_order, pack
from benchmark.trial import Status
from benchmark.wire import WireError, encode, receive
from generator.errors import AnswerError, HarnessError, SpecError
from generator.suggest import did_you_mean
from solvers.registry import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmark.wire import Frame

__all__ = ["ISOLATIONS", "WARM", "Server", "ServerGoneError", "Settings"]

WARM = (
    "numpy",
    "torch",
    "scipy.linalg",
    "scipy.optimize",
    "safetensors.numpy",
    "safetensors.torch",
    "benchmark.families",
    "generator.reassembly",
    *BUILT_IN,
)
"""Imported once by every fork server. Importing starts no threads, so forking stays safe."""

ISOLATIONS = ("auto", "namespaces", "rlimits")
START_LIMIT_S = 300.0
_HOME = Path(__file__).resolve().parent.parent
_BOOT = (
    "import json, sys; home, rest = sys.argv[2], json.loads(sys.argv[3]);"
    " home in sys.path or sys.path.insert(0, home); sys.path += [p for p in rest if p not in sys.path];"
    " from benchmark.forkserver import main; main(int(sys.argv[1]))"
)
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TZ")
_PINS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "BLIS", "VECLIB", "NUMBA")


class ServerGoneError(Exception):
    """The server was dead before the trial began. Never leaves the harness."""


@dataclass(frozen=True)
class Settings:
    """How fork servers are set up.

    Attributes:
        threads: that numerical libraries are pinned to.
        hidden: folders and files that no solver may see: sealed answers, results.
        isolation: `auto`, `namespaces` or `rlimits`.
        warm: modules that are imported before the first fork.
    """

    threads: int = 1
    hidden: tuple[Path, ...] = ()
    isolation: str = "auto"
    warm: tuple[str, ...] = WARM

    def __post_init__(self) -> None:
        """Refuse a mode that does not exist."""
        if self.isolation not in ISOLATIONS:
            raise SpecError(f"no isolation {self.isolation!r}{did_you_mean(self.isolation, ISOLATIONS)}")


class Server:
    """One fork server. Not for use by two threads at a time, except for `destroy`."""

    def __init__(self, settings: Settings, *, namespaces: bool) -> None:
        self.namespaces = namespaces
        self._settings = settings
        self._slot = Path(tempfile.mkdtemp(prefix="netjigsaw-"))
        (self._slot / "work").mkdir()
        (self._slot / "dev").mkdir()
        self._token = f"{os.getpid()}-{secrets.token_hex(16)}"
        self._control, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `destroy`
        self._pidfd: int | None = None
        self._packed: Packed | None = None
        self._destroyed = False
        self._ending = threading.Lock()
        paths = [path for path in sys.path if path and path != os.getcwd()]  # noqa: PTH109 - compared as text
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                [sys.executable, "-P", "-c", _BOOT, str(theirs.fileno()), str(_HOME), json.dumps(paths)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=[theirs.fileno()],
                env=self._environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the runner alone
            )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        pins = {f"{library}_NUM_THREADS": str(self._settings.threads) for library in _PINS}
        python = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
        home = {"HOME": str(self._slot / "work"), "TMPDIR": str(self._slot / "work"), "LANG": "C.UTF-8"}
        return {**kept, **pins, **python, **home, "NETJIGSAW_SERVER": self._token}

    def wait_until_ready(self) -> str:
        """Wait for the imports; returns why namespaces were refused, or nothing.

        Raises:
            HarnessError: if the server does not come up.
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
            # With namespaces the server proper is the only child of what was started.
            server = processes.children(self._process.pid)[0] if self.namespaces else self._process.pid
            self._pidfd = os.pidfd_open(server)
        return ""

    def _last_words(self) -> str:
        """Read what a server that ended by itself said last."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._destroyed:
            return "it was stopped"
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "no reason was given"

    @property
    def alive(self) -> bool:
        """Whether the server can take a trial."""
        return not self._destroyed and self._process.poll() is None

    def run(self, work: Work, listen: Callable[[float, Frame], None]) -> Outcome:
        """Run one trial. Whatever the solver does, this returns.

        Raises:
            ServerGoneError: if the server died before; the trial has not begun.
        """
        if self._packed is None or self._packed.digest != work.trial.puzzle:
            self._packed = pack(work.puzzle)
        mine, channel = socket.socketpair()
        output, printed = os.pipe()
        try:
            with channel:
                order = encode("trial", make_order(work, self._packed.sizes_mib))
                try:
                    socket.send_fds(self._control, [order], [channel.fileno(), printed])
                except OSError as error:
                    raise ServerGoneError from error
                finally:
                    os.close(printed)
            conversation = Conversation(
                self._control, mine, output, work.trial.limits, puzzle=self._packed.frames, listen=listen
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
        )

    def close(self) -> None:
        """Destroy the server and let go of its socket; only once no other thread uses it."""
        self.destroy()
        self._control.close()

    def destroy(self) -> None:
        """Kill the server and everything it started. Safe to call from any thread, and again."""
        self._destroyed = True
        with self._ending:
            if self._pidfd is not None:
                # Killing process 1 of a namespace ends the namespace; the process outside then ends by itself.
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
                _sweep(self._token)
            self._errors.close()
            shutil.rmtree(self._slot, ignore_errors=True)


def _kept_reports(reports: list[tuple[float, Frame]]) -> Iterator[Report]:
    """Decode the reports; a damaged one is passed over, as a damaged answer is not."""
    for time_s, frame in reports:
        with contextlib.suppress(WireError, AnswerError):
            yield Report(time_s, decode_answer(frame))


def _sweep(token: str) -> None:
    """Kill what a dead server left: every process whose first environment carries its token."""
    mark = f"NETJIGSAW_SERVER={token}".encode()
    for _round in range(50):
        found = False
        for process in psutil.process_iter():
            with contextlib.suppress(OSError, psutil.Error):
                if mark in Path(f"/proc/{process.pid}/environ").read_bytes() and process.status() != "zombie":
                    os.kill(process.pid, signal.SIGKILL)
                    found = True
        if not found:
            return
        time.sleep(0.02)
