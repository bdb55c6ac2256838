"""Start the launcher, the process that imports the libraries once and forks the other processes of a run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.calls import Caller
from benchmark.isolation.wire import encode, receive
from generator.home import HOME

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Launcher"]

_BOOT = (
    "import json, sys; home, rest = sys.argv[2], json.loads(sys.argv[3]);"
    " home in sys.path or sys.path.insert(0, home); sys.path += [p for p in rest if p not in sys.path];"
    " from benchmark.isolation.launcher import main; main(int(sys.argv[1]))"
)
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TZ")
_PINS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "BLIS", "VECLIB", "NUMBA")
_MARK = "NETJIGSAW_SERVER"


class Launcher:
    """The parent's side of the launcher. It starts at once and imports `warm` while the parent goes on.

    Args:
        threads: number of threads that numerical libraries may use.
        warm: modules that the launcher imports before it forks a server.
    """

    def __init__(self, threads: int, warm: Sequence[str]) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="netjigsaw-"))
        self._token = f"{os.getpid()}-{secrets.token_hex(16)}"
        self._control, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._lock = threading.Lock()
        self._scorer: Caller | None = None
        self._closed = False
        with theirs:
            self._process = self._start(theirs, threads)
        self._ask(encode("warm", {"modules": list(warm)}))

    def _start(self, control: socket.socket, threads: int) -> subprocess.Popen[bytes]:
        paths = [path for path in sys.path if path and path != os.getcwd()]  # noqa: PTH109 - compared as text
        return subprocess.Popen(  # noqa: S603 - this interpreter and this package
            [sys.executable, "-P", "-c", _BOOT, str(control.fileno()), str(HOME), json.dumps(paths)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            pass_fds=[control.fileno()],
            env=_environment(self._home, threads, self._token),
            cwd="/",
            start_new_session=True,  # Ctrl-C must reach only the runner
        )

    def fork_server(self, control: socket.socket, slot: Path, hidden: Sequence[str], *, namespaces: bool) -> None:
        """Fork a server that listens on `control`. The server reports on `control` whether it started."""
        order = {"slot": str(slot), "hidden": list(hidden), "namespaces": namespaces}
        self._ask(encode("fork", order), control)

    def scorer(self) -> Caller:
        """Return the process that scores answers; fork it if there is none."""
        if self._scorer is None or self._scorer.gone:
            mine, theirs = socket.socketpair()
            with theirs:
                self._ask(encode("scorer"), theirs)
            self._scorer = Caller(mine)
        return self._scorer

    def sweep(self) -> None:
        """Kill the processes that a dead server without namespaces left."""
        self._ask(encode("sweep"), answered=True)

    def _ask(self, frame: bytes, *descriptors: socket.socket, answered: bool = False) -> None:
        """Send a frame to the launcher. If the launcher is dead, the wait for the forked process fails later."""
        with self._lock, contextlib.suppress(OSError):
            socket.send_fds(self._control, [frame], [one.fileno() for one in descriptors])
            if answered:
                receive(self._control)

    @property
    def alive(self) -> bool:
        """Whether the launcher can fork."""
        return not self._closed and self._process.poll() is None

    def last_words(self) -> str:
        """Return the last line that the launcher or a server wrote to standard error."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        if self._closed:
            return "the run was stopped"
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it wrote no error message"

    def close(self) -> None:
        """Kill the launcher and the process that scores. Servers must have been destroyed before.

        It is killed, because it would notice a closed socket only after the imports or the score that it works on.
        """
        if self._closed:
            return
        self._closed = True
        killed = self._process.poll() is not None
        if self._scorer is not None:
            self._scorer.close()
        self._control.close()
        self._process.kill()
        self._process.wait()
        if killed:  # by a solver without namespaces; the launcher cannot have swept
            _sweep_marked(self._token)
        self._errors.close()
        shutil.rmtree(self._home, ignore_errors=True)


def _environment(home: Path, threads: int, token: str) -> dict[str, str]:
    """Return the environment variables of the launcher, of the servers and of the solvers.

    Of the variables of this process, only `PATH`, `LD_LIBRARY_PATH` and `TZ` are passed on.

    Args:
        home: home folder of the launcher; a fork server replaces it by its scratch folder.
        threads: number of threads that numerical libraries may use.
        token: random text that marks the processes of one launcher.
    """
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    pins = {f"{library}_NUM_THREADS": str(threads) for library in _PINS}
    python = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
    homes = {"HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}
    return {**kept, **pins, **python, **homes, _MARK: token}


def _sweep_marked(token: str) -> None:
    """Kill every process whose initial environment holds the token, after something killed the launcher."""
    import psutil  # noqa: PLC0415 - rarely needed, and slow to import

    mark = f"{_MARK}={token}".encode()
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
