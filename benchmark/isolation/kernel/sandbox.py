"""Walls around a solver: namespaces where the kernel allows them, resource limits everywhere.

With namespaces a solver has process ids, mounts, network and shared memory of its own: it
sees neither the harness nor the sealed answers, can write into its scratch folder alone,
and none of its processes can outlive the namespace. Without them (a container that forbids
them, say) limits and clean-up still hold, but files are hidden by their names only.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.isolation.kernel import linux

__all__ = ["Budget", "confine", "enter_namespaces", "furnish", "mount_scratch", "unmount_scratch"]

_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_NAMESPACES = linux.NEW_MOUNTS | linux.NEW_IPC | linux.NEW_NETWORK | linux.NEW_PIDS
_MIB = 1 << 20
_THREAD_MIB = 72
"""Address space that a thread reserves without using it: a stack, and an arena of malloc."""


@dataclass(frozen=True)
class Budget:
    """What the kernel is told to hold a solver to.

    Attributes:
        memory_mib: beyond what the process takes when it starts; None for no limit.
        cpu_s: processor seconds of one process; None for no limit.
        file_mib: size of any one file.
        scratch_mib: all files together, where the scratch folder is a mount of its own.
        threads: that libraries are pinned to.
    """

    memory_mib: float | None
    cpu_s: float | None
    file_mib: float
    scratch_mib: float
    threads: int

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Budget:
        """Read the budget from a frame."""
        return cls(**fields)


def enter_namespaces() -> None:
    """Take namespaces, a user namespace too where privileges are wanting; the next child is its process 1.

    Raises:
        OSError: if the kernel refuses.
    """
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        try:
            linux.unshare(_NAMESPACES)
        except PermissionError:
            pass
        else:
            return
    linux.unshare(_NAMESPACES | linux.NEW_USER)
    Path("/proc/self/setgroups").write_text("deny", "ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", "ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", "ascii")


def furnish(slot: str, hidden: list[str]) -> None:
    """As process 1 of new namespaces: cover the hidden folders, make the rest read-only, mount /dev and /proc.

    Raises:
        OSError: if the kernel refuses.
    """
    linux.make_mounts_private()
    for place in hidden:
        if os.path.isdir(place):  # noqa: PTH112 - strings all the way to the system call
            linux.mount("tmpfs", place, linux.READ_ONLY | linux.NO_SUID | linux.NO_DEV, "size=4k,mode=555")
        elif os.path.exists(place):  # noqa: PTH110
            linux.bind("/dev/null", place)
    _few_devices(f"{slot}/dev")
    linux.make_mounts_read_only()
    linux.mount("proc", "/proc", linux.READ_ONLY | linux.NO_SUID | linux.NO_DEV | linux.NO_EXEC)


def _few_devices(staging: str) -> None:
    """Replace /dev, where a disk would be readable to its owner, by the devices that programs need."""
    linux.mount("tmpfs", staging, linux.NO_SUID | linux.NO_EXEC, "size=64k,mode=755")
    for name in _DEVICES:
        Path(staging, name).touch()
        linux.bind(f"/dev/{name}", f"{staging}/{name}")
    for name, target in _LINKS.items():
        Path(staging, name).symlink_to(target)
    Path(staging, "shm").mkdir()
    linux.move_mount(staging, "/dev")


def mount_scratch(folder: str, size_mib: float) -> None:
    """Mount a scratch folder and shared memory that vanish with the trial."""
    flags = linux.NO_SUID | linux.NO_DEV
    options = f"size={int(size_mib * _MIB)},mode=700"
    linux.mount("tmpfs", folder, flags, options)
    linux.mount("tmpfs", "/dev/shm", flags, options)  # noqa: S108 - a mount of the namespace's own


def unmount_scratch(folder: str) -> None:
    """Throw away what a trial wrote."""
    linux.unmount(folder)
    linux.unmount("/dev/shm")  # noqa: S108


def confine(folder: str, budget: Budget, *, namespaced: bool) -> None:
    """As the solver's process, before any of its code: new session, limits, no privileges, scratch folder.

    Raises:
        OSError: if the kernel refuses; a solver must not run then.
    """
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE}:
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    os.setsid()
    if namespaced:
        linux.unshare(linux.NEW_IPC)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit(resource.RLIMIT_FSIZE, budget.file_mib * _MIB)
    if budget.memory_mib is not None:
        taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, taken + (budget.memory_mib + _THREAD_MIB * budget.threads) * _MIB)
    if budget.cpu_s is not None:
        # A net below the server's own watch, which acts first.
        _limit(resource.RLIMIT_CPU, int(budget.cpu_s) + 2)
    linux.drop_privileges()
    linux.die_with_parent()
    linux.set_dumpable(dumpable=True)
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)


def _limit(what: int, value: float) -> None:
    _soft, hard = resource.getrlimit(what)
    ceiling = min(int(value), sys.maxsize if hard == resource.RLIM_INFINITY else hard)
    resource.setrlimit(what, (ceiling, ceiling))
