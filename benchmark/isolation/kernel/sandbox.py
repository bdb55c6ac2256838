"""Isolate a solver with Linux namespaces, if the kernel allows them, and with resource limits in any case.

With namespaces a solver has its own process ids, mounts, network and shared memory. It cannot
see the harness or the sealed answers, and it can write only to its scratch folder. None of its
processes outlives the namespace. Without namespaces (in a container that forbids them, for
example) the limits and the clean-up still work, but a solver that knows a path can read the file.
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

__all__ = ["Budget", "confine", "enter_namespaces", "mount_scratch", "set_up_mounts", "unmount_scratch"]

_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_NAMESPACES = linux.CLONE_NEWNS | linux.CLONE_NEWIPC | linux.CLONE_NEWNET | linux.CLONE_NEWPID
_MIB = 1 << 20
_THREAD_MIB = 72
"""Address space in MiB that a thread reserves without using it: a stack, and an arena of malloc."""


@dataclass(frozen=True)
class Budget:
    """Resource limits of one solver's process.

    Attributes:
        memory_mib: MiB beyond the memory of the process at its start; None for no limit.
        cpu_s: processor seconds; None for no limit.
        file_mib: largest size of one file, in MiB.
        scratch_mib: size of the scratch folder in MiB; applies with namespaces only.
        threads: threads of the numerical libraries.
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
    """Enter new namespaces, with a user namespace if root privileges are missing; the next child is process 1.

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
    linux.unshare(_NAMESPACES | linux.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", "ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", "ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", "ascii")


def set_up_mounts(slot: str, hidden: list[str]) -> None:
    """Hide folders, make the file tree read-only, mount /dev and /proc; runs as process 1 of new namespaces.

    Raises:
        OSError: if the kernel refuses.
    """
    linux.make_mounts_private()
    for path in hidden:
        if os.path.isdir(path):  # noqa: PTH112 - strings all the way to the system call
            linux.mount("tmpfs", path, linux.READ_ONLY | linux.NO_SUID | linux.NO_DEV, "size=4k,mode=555")
        elif os.path.exists(path):  # noqa: PTH110
            linux.bind("/dev/null", path)
    _replace_dev(f"{slot}/dev")
    linux.make_mounts_read_only()
    linux.mount("proc", "/proc", linux.READ_ONLY | linux.NO_SUID | linux.NO_DEV | linux.NO_EXEC)


def _replace_dev(staging: str) -> None:
    """Replace /dev by the few devices that programs need, so that a solver cannot read disks."""
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
    """Unmount the scratch folder and the shared memory, which deletes the files of the trial."""
    linux.unmount(folder)
    linux.unmount("/dev/shm")  # noqa: S108


def confine(folder: str, budget: Budget, *, namespaced: bool) -> None:
    """Prepare the solver's process before any solver code runs: new session, limits, no privileges, scratch folder.

    Raises:
        OSError: if the kernel refuses; then the solver must not run.
    """
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE}:
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    os.setsid()
    if namespaced:
        linux.unshare(linux.CLONE_NEWIPC)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit(resource.RLIMIT_FSIZE, budget.file_mib * _MIB)
    if budget.memory_mib is not None:
        taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, taken + (budget.memory_mib + _THREAD_MIB * budget.threads) * _MIB)
    if budget.cpu_s is not None:
        # A second safeguard: the server checks the processor time itself and normally stops the solver first.
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
