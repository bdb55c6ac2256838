"""Read the processes of a process tree, their memory and processor time from /proc."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

__all__ = ["children", "cpu_seconds", "descendants", "kill_tree", "memory_kib", "peak_kib", "resident_kib"]

_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
_TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """List the children of all threads of a process; none if the process has ended."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (thread / "children").read_text("ascii").split())
    return found


def descendants(pid: int) -> list[int]:
    """List all descendants of a process, parents before children."""
    found = children(pid)
    for process in found:  # the list grows during the loop
        found += children(process)
    return found


def resident_kib(pid: int) -> int:
    """Read resident memory, including pages shared with other processes; 0 if the process has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE_KIB
    except (OSError, IndexError):
        return 0


def peak_kib(pid: int) -> int:
    """Read the largest resident memory that a process has had, shared pages included; 0 if the process has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")), 0)


def memory_kib(pid: int) -> int:
    """Read resident memory with shared pages divided among their processes; slow, but a sum over a tree is exact."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def cpu_seconds(pid: int) -> float:
    """Read user and system processor time, including that of reaped children; 0 if the process has ended."""
    try:
        # The name in parentheses may itself hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    except (OSError, ValueError):
        return 0.0


def kill_tree(pid: int) -> None:
    """Kill every descendant of a process, but not the process."""
    for process in descendants(pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)
