"""Start the process of a fork server with a clean environment, and kill the processes that a dead server left."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psutil

from generator.home import HOME

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

__all__ = ["environment", "launch", "new_token", "sweep"]

_BOOT = (
    "import json, sys; home, rest = sys.argv[2], json.loads(sys.argv[3]);"
    " home in sys.path or sys.path.insert(0, home); sys.path += [p for p in rest if p not in sys.path];"
    " from benchmark.isolation.forkserver import main; main(int(sys.argv[1]))"
)
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TZ")
_PINS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "BLIS", "VECLIB", "NUMBA")
_MARK = "NETJIGSAW_SERVER"


def new_token() -> str:
    """Return a random token that marks the processes of one server."""
    return f"{os.getpid()}-{secrets.token_hex(16)}"


def environment(slot: Path, threads: int, token: str) -> dict[str, str]:
    """Return the environment variables of a server and its solvers. It passes on only `PATH`, `LD_LIBRARY_PATH`, `TZ`.

    Args:
        slot: the server's folder, which holds the scratch folder `work`.
        threads: number of threads that numerical libraries may use.
        token: from `new_token`; `sweep` finds processes by it.
    """
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    pins = {f"{library}_NUM_THREADS": str(threads) for library in _PINS}
    python = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
    home = {"HOME": str(slot / "work"), "TMPDIR": str(slot / "work"), "LANG": "C.UTF-8"}
    return {**kept, **pins, **python, **home, _MARK: token}


def launch(control: socket.socket, errors: IO[bytes], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a fork server that listens on `control` and writes standard error to `errors`."""
    paths = [path for path in sys.path if path and path != os.getcwd()]  # noqa: PTH109 - compared as text
    return subprocess.Popen(  # noqa: S603 - this interpreter and this package
        [sys.executable, "-P", "-c", _BOOT, str(control.fileno()), str(HOME), json.dumps(paths)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        pass_fds=[control.fileno()],
        env=env,
        cwd="/",
        start_new_session=True,  # Ctrl-C must reach only the runner
    )


def sweep(token: str) -> None:
    """Kill the processes that a dead server left: every process whose initial environment holds the server's token."""
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
