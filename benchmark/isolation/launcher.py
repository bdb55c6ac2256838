"""The launcher's own code: import the libraries once, then fork a server for each job, and a process that scores.

Started by `benchmark.isolation.launch`. It stays outside the namespaces of the servers, and it never receives a sealed
answer, because every solver is forked from its memory. It is the subreaper of the servers, so it inherits the
processes that a killed server leaves.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import socket
import time
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from benchmark.isolation.calls import serve_calls
from benchmark.isolation.forkserver import main as serve_trials
from benchmark.isolation.kernel import linux, processes
from benchmark.isolation.wire import Decoder, encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

__all__ = ["main"]

ENDING_LIMIT_S = 5.0
"""Longest time in seconds that servers get to end by themselves after the parent has ended. Hand-set."""


def main(control_fd: int) -> NoReturn:
    """Carry out the parent's orders until the parent closes the socket or dies."""
    control = socket.socket(fileno=control_fd)
    linux.become_subreaper()
    linux.set_dumpable(dumpable=False)
    decoder, own, descriptors = Decoder(), set[int](), list[int]()
    while True:
        data, received, _flags, _address = socket.recv_fds(control, 1 << 20, 8)
        if not data:
            break
        # Descriptors come with the first byte of their frame, in the order of the frames. A long frame comes in parts.
        descriptors += received
        for frame in decoder.feed(data):
            match frame.kind:
                case "warm":
                    _import("benchmark.isolation.child.worker", *frame.fields()["modules"])
                case "fork":
                    own.add(_fork(control, descriptors.pop(0), partial(serve_trials, order=frame.fields())))
                case "scorer":
                    own.add(_fork(control, descriptors.pop(0), serve_calls))
                case "sweep":
                    _sweep(own)
                    control.sendall(encode("swept"))
        _reap(own)
    _end(own)
    shutil.rmtree(os.environ["HOME"], ignore_errors=True)
    os._exit(0)  # the interpreter would take half a second to tear down torch


def _import(*modules: str) -> None:
    """Import modules without garbage collection, which takes a tenth of the time of the import of torch.

    The objects of the modules live as long as the process, so later collections pass over them.
    """
    gc.disable()
    for module in modules:
        import_module(module)
    gc.freeze()
    gc.enable()


def _fork(control: socket.socket, descriptor: int, run: Callable[[socket.socket], None]) -> int:
    """Fork a child that runs a function on the socket of a descriptor; return the child's process number."""
    pid = os.fork()
    if not pid:
        _become(control, descriptor, run)
    os.close(descriptor)
    return pid


def _become(control: socket.socket, descriptor: int, run: Callable[[socket.socket], None]) -> NoReturn:
    code = 1
    try:
        control.close()
        linux.die_with_parent()
        run(socket.socket(fileno=descriptor))
        code = 0
    finally:
        # The child must exit here: a return would continue the launcher's code.
        os._exit(code)


def _reap(own: set[int]) -> None:
    """Reap the children that have ended, and take them out of the launcher's own."""
    with contextlib.suppress(ChildProcessError):
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            own.discard(pid)


def _sweep(own: set[int]) -> None:
    """Kill every descendant except the launcher's own children and their descendants."""
    while True:
        _reap(own)
        orphans = [pid for pid in processes.children(os.getpid()) if pid not in own]
        if not orphans:
            return
        for orphan in orphans:
            processes.kill_tree(orphan)
            with contextlib.suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
        time.sleep(0.001)


def _end(own: set[int]) -> None:
    """Wait until the servers have cleaned up, which they do when the parent's sockets close; then kill the rest."""
    limit = time.monotonic() + ENDING_LIMIT_S
    while own and time.monotonic() < limit:
        time.sleep(0.01)
        _reap(own)
    _sweep(set())
