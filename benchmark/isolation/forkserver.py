"""The fork server: forks one child per trial and watches it. The libraries are in memory before it starts.

Forked by `benchmark.isolation.launcher`, one per job. It receives no sealed answer. It
enforces the memory, processor and process limits of the child, reaps the child with `wait4`, kills
the processes that the child left running, and reports over its control socket. With namespaces the
server is process 1 of a PID namespace, so no process in the namespace can outlive or signal it. The
control socket closes when the runner ends or is killed. The server then kills every process and exits.
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
"""Number of the file descriptor that holds the socket in a solver's process: the first one after standard error."""
MAX_PROCESSES = 64
"""Most processes and descendants that one trial may run at a time. A larger value allows more. Hand-set."""
TICK_S = 0.1
"""Seconds between two checks of the memory, processor and process limits. A larger value finds a broken limit later.
Hand-set."""


@dataclass
class Running:
    """State of a running child.

    Attributes:
        pid: process number of the solver's process.
        budget: limits that the server enforces.
        cause: limit for which the server killed the child: memory, cpu or processes; empty if it broke none.
        status: wait status from `wait4`; None while the child runs.
        cpu_s: processor seconds of the child and of every reaped descendant.
        peak_kib: peak resident memory of the largest single process of the trial, in KiB. The kernel's figures of
            reaped processes cover every process that was killed, and every process that its parent waited for. A
            sample at each check of the limits covers the other ones.
        ended: whether the child has been reaped.
    """

    pid: int
    budget: Budget
    cause: str = ""
    status: int | None = None
    cpu_s: float = 0.0
    peak_kib: int = 0
    ended: bool = field(default=False)


def main(control: socket.socket, order: dict[str, Any]) -> None:
    """Serve trials until the control socket closes.

    Args:
        control: socket to the parent.
        order: the server's folder `slot`, whether to enter `namespaces`, and the paths that are `hidden` in them.
    """
    slot, namespaces = Path(order["slot"]), order["namespaces"]
    os.environ.update(HOME=f"{slot}/work", TMPDIR=f"{slot}/work")
    with contextlib.suppress(ConnectionError):  # the runner was killed, perhaps before it read a reply
        if not namespaces:
            control.sendall(encode("process", {"server": os.getpid()}))
        elif not enter_as_process_one(control, slot, order["hidden"]):
            return
        _Server(control, slot, namespaces=namespaces).serve()
    if not namespaces:
        shutil.rmtree(slot, ignore_errors=True)


class _Server:
    """State of one fork server: the control socket, the scratch folder and whether it has namespaces."""

    def __init__(self, control: socket.socket, slot: Path, *, namespaces: bool) -> None:
        self._control = control
        self._namespaced = namespaces
        self._work = f"{slot}/work"
        self._wake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(alarm, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        linux.become_subreaper()
        linux.set_dumpable(dumpable=False)
        gc.collect()
        gc.freeze()
        self._baseline_kib = processes.resident_kib(os.getpid())

    def serve(self) -> None:
        """Run one trial per request until the runner closes the control socket."""
        self._control.sendall(encode("hello"))
        decoder = Decoder()
        while True:
            data, descriptors, _flags, _address = socket.recv_fds(self._control, 1 << 20, 2)
            if not data:
                return
            for frame in decoder.feed(data):
                # Other frames are ignored: a "stop" may arrive just after its trial has ended.
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
        """Wait until the child ends, the parent sends "stop" or hangs up, or the child breaks a limit."""
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
        running.peak_kib = max([running.peak_kib, *map(processes.peak_kib, tree)])
        if budget.cpu_s is not None and running.cpu_s + sum(map(processes.cpu_seconds, tree)) > budget.cpu_s:
            return "cpu"
        if budget.memory_mib is not None:
            # The rough sum counts pages that processes of the trial share more than once, but it is fast. The exact sum
            # is computed only if the rough sum is above the limit.
            allowed_kib = self._baseline_kib + budget.memory_mib * 1024
            if all(sum(map(measure, tree)) > allowed_kib for measure in (processes.resident_kib, processes.memory_kib)):
                return "memory"
        return ""

    def _reap(self, running: Running, options: int = os.WNOHANG) -> bool:
        """Reap every child that has ended; return True while children remain."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, options)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            running.cpu_s += usage.ru_utime + usage.ru_stime
            running.peak_kib = max(running.peak_kib, usage.ru_maxrss)
            if pid == running.pid:
                running.ended, running.status = True, status

    def _kill_all(self, running: Running) -> None:
        """Kill and reap every descendant, including detached ones."""
        while True:
            if self._namespaced:
                # `main` made this process 1 of a PID namespace, so -1 means every other process in that namespace.
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
        """Run the worker in the child; close every descriptor except the socket and the output first."""
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
            # The child must exit here: a return would continue the server's code in the solver's process.
            os._exit(code)
