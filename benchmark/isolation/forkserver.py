"""The fork server: imports the libraries once, then forks one child per trial and watches it.

Started by `benchmark.isolation.supervisor`, one per job slot. It never sees a sealed answer. It
holds the child to its memory, processor and process limits, reaps it with `wait4`, kills
whatever the child left behind, and reports over its control socket. With namespaces it
is process 1 of its own, so that nothing in there can outlive it or signal it. When its
control socket closes, because the runner is done or was killed, it kills all and ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import shutil
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.isolation.kernel import linux, processes
from benchmark.isolation.kernel.sandbox import Budget, confine, mount_scratch, unmount_scratch
from benchmark.isolation.process_one import enter_as_process_one
from benchmark.isolation.wire import Decoder, encode, receive

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["CHANNEL", "MAX_PROCESSES", "main"]

CHANNEL = 3
"""Descriptor on which a solver's process finds its socket."""
MAX_PROCESSES = 64
"""Processes that one trial may have at a time."""
TICK_S = 0.1


@dataclass
class Running:
    """A child that runs, and what is known of it.

    Attributes:
        pid: of the solver's process.
        budget: that it is held to.
        cause: why the server killed it: memory, cpu, processes; empty if it did not.
        status: as `wait4` told.
        cpu_s: of the child and of every descendant reaped.
        peak_kib: of the child.
    """

    pid: int
    budget: Budget
    cause: str = ""
    status: int | None = None
    cpu_s: float = 0.0
    peak_kib: int = 0
    ended: bool = field(default=False)


def main(control_fd: int) -> None:
    """Serve trials until the control socket closes."""
    control = socket.socket(fileno=control_fd)
    slot = Path(os.environ["HOME"]).parent
    setup = receive(control)
    if setup is None:
        shutil.rmtree(slot, ignore_errors=True)
        return
    fields = setup.fields()
    if fields["namespaces"] and not enter_as_process_one(control, slot, fields["hidden"]):
        return
    server = _Server(control, slot, fields)
    with contextlib.suppress(ConnectionError):  # the runner was killed, perhaps with words of ours unread
        server.serve()
    if not fields["namespaces"]:
        shutil.rmtree(slot, ignore_errors=True)
    os._exit(0)


class _Server:
    """State of one fork server; a class because every step needs the socket and the mode."""

    def __init__(self, control: socket.socket, slot: Path, fields: dict[str, Any]) -> None:
        self._control = control
        self._namespaced: bool = fields["namespaces"]
        self._work = f"{slot}/work"
        self._wake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(alarm, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        linux.become_subreaper()
        linux.set_dumpable(dumpable=False)
        for module in ("benchmark.isolation.child.worker", *fields["warm"]):
            import_module(module)
        gc.collect()
        gc.freeze()
        self._baseline_kib = processes.resident_kib(os.getpid())

    def serve(self) -> None:
        """Answer requests until the runner hangs up."""
        self._control.sendall(encode("hello"))
        decoder = Decoder()
        while True:
            data, descriptors, _flags, _address = socket.recv_fds(self._control, 1 << 20, 2)
            if not data:
                return
            for frame in decoder.feed(data):
                # A "stop" may arrive just after the trial that it was for has ended: nothing is left to stop.
                if frame.kind == "trial":
                    self._run(frame.fields(), *descriptors)

    def _run(self, order: dict[str, Any], channel: int, output: int) -> None:
        budget = Budget.read(order.pop("budget"))
        self._make_scratch(budget)
        pid = os.fork()
        if pid == 0:
            self._become_solver(order, budget, channel, output)
        os.close(channel)
        os.close(output)
        running = Running(pid, budget)
        try:
            self._watch(running)
        finally:
            self._kill_all(running)
            self._remove_scratch()
        fields = {
            "status": os.waitstatus_to_exitcode(running.status or 0),
            "cause": running.cause,
            "cpu_s": running.cpu_s,
            "peak_mib": running.peak_kib / 1024,
        }
        self._control.sendall(encode("done", fields))

    def _watch(self, running: Running) -> None:
        """Wait until the child ends, is stopped or breaks a limit, or the runner is gone."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._control, select.POLLIN)
        ticks = time.monotonic()
        while not running.ended:
            ready = {descriptor for descriptor, _event in poll.poll(TICK_S * 1000)}
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
            self._reap(running)
            if self._control.fileno() in ready:
                receive(self._control)
                return
            if time.monotonic() - ticks >= TICK_S:
                running.cause = self._broken_limit(running)
                ticks = time.monotonic()
                if running.cause:
                    return

    def _broken_limit(self, running: Running) -> str:
        tree = processes.descendants(os.getpid())
        budget = running.budget
        if len(tree) > MAX_PROCESSES:
            return "processes"
        if budget.cpu_s is not None and running.cpu_s + sum(map(processes.cpu_seconds, tree)) > budget.cpu_s:
            return "cpu"
        if budget.memory_mib is not None:
            allowed = budget.memory_mib * 1024
            # Pages shared with the server count once; the exact sum is taken only where the rough one is too high.
            rough = sum(max(0, processes.resident_kib(pid) - self._baseline_kib) for pid in tree)
            if rough > allowed and sum(map(processes.memory_kib, tree)) > self._baseline_kib + allowed:
                return "memory"
        return ""

    def _reap(self, running: Running, options: int = os.WNOHANG) -> bool:
        """Reap what has ended; True while there are children."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, options)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            running.cpu_s += usage.ru_utime + usage.ru_stime
            if pid == running.pid:
                running.ended, running.status, running.peak_kib = True, status, usage.ru_maxrss

    def _kill_all(self, running: Running) -> None:
        """Kill and reap every descendant, those that detached themselves too."""
        while True:
            if self._namespaced:
                # Process 1 of the namespace (`main` made sure): this is everything in it and nothing else.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)
            else:
                processes.kill_tree(os.getpid())
            if not self._reap(running):
                return
            time.sleep(0.001)

    def _make_scratch(self, budget: Budget) -> None:
        if self._namespaced:
            mount_scratch(self._work, budget.scratch_mib)
        else:
            os.makedirs(self._work, mode=0o700, exist_ok=True)  # noqa: PTH103

    def _remove_scratch(self) -> None:
        if self._namespaced:
            unmount_scratch(self._work)
        else:
            shutil.rmtree(self._work, ignore_errors=True)

    def _become_solver(self, order: dict[str, Any], budget: Budget, channel: int, output: int) -> NoReturn:
        """In the child: keep nothing but the socket and the output, then hand over to the worker."""
        code = 70
        try:
            self._control.detach()
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.dup2(channel, CHANNEL)
            os.closerange(CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))
            confine(self._work, budget, namespaced=self._namespaced)
            code = sys.modules["benchmark.isolation.child.worker"].work(socket.socket(fileno=CHANNEL), order)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            # Whatever the solver did to this process, it must not return into the server's code.
            os._exit(code)
