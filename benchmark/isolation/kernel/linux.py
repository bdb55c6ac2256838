"""The few Linux calls that Python does not offer: namespaces, mounts, capabilities, prctl.

The numbers come from the kernel's headers (sched.h, mount.h, prctl.h, capability.h) and are the same on every
architecture, including that of `mount_setattr`.
"""

from __future__ import annotations

import ctypes
import os
import signal

__all__ = [
    "CLONE_NEWIPC",
    "CLONE_NEWNET",
    "CLONE_NEWNS",
    "CLONE_NEWPID",
    "CLONE_NEWUSER",
    "NO_DEV",
    "NO_EXEC",
    "NO_SUID",
    "READ_ONLY",
    "become_subreaper",
    "bind",
    "die_with_parent",
    "drop_privileges",
    "make_mounts_private",
    "make_mounts_read_only",
    "mount",
    "move_mount",
    "set_dumpable",
    "unmount",
    "unshare",
]

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

READ_ONLY, NO_SUID, NO_DEV, NO_EXEC = 1, 2, 4, 8
_BIND, _MOVE, _RECURSIVE, _PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000
_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_SETATTR = 442
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 1, 4, 24, 28
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_NO_ROOT_LOCKED = 0b1111
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Move this process into new namespaces."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(kind: str, target: str, flags: int = 0, options: str = "") -> None:
    """Mount a file system that needs no device: tmpfs, proc."""
    result = _libc.mount(kind.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _checked(result, f"mount {kind} on {target}")


def bind(source: str, target: str) -> None:
    """Bind-mount a file or folder at a second path."""
    result = _libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(_BIND), None)
    _checked(result, f"bind {source} to {target}")


def move_mount(source: str, target: str) -> None:
    """Move a mount to another path."""
    result = _libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(_MOVE), None)
    _checked(result, f"move {source} to {target}")


def unmount(target: str) -> None:
    """Unmount immediately, even while the mount is in use."""
    _checked(_libc.umount2(target.encode(), ctypes.c_int(_DETACH)), f"unmount {target}")


def make_mounts_private() -> None:
    """Make mounts private: no mount propagates into or out of this namespace."""
    result = _libc.mount(None, b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None)
    _checked(result, "make mounts private")


def make_mounts_read_only() -> None:
    """Make the whole file tree read-only, and ignore set-user-id bits (Linux 5.12)."""
    wanted = _MountAttributes(READ_ONLY | NO_SUID, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    number, base, flags = ctypes.c_long(_MOUNT_SETATTR), ctypes.c_int(_AT_FDCWD), ctypes.c_uint(_AT_RECURSIVE)
    _checked(_libc.syscall(number, base, b"/", flags, ctypes.byref(wanted), size), "make mounts read-only")


def _prctl(option: int, *arguments: int) -> int:
    padded = [*arguments, 0, 0, 0, 0][:4]
    return int(_libc.prctl(ctypes.c_int(option), *(ctypes.c_ulong(argument) for argument in padded)))


def become_subreaper() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _checked(_prctl(_PR_SET_CHILD_SUBREAPER, 1), "become subreaper")


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends."""
    _checked(_prctl(_PR_SET_PDEATHSIG, signal.SIGKILL), "ask for the parent's death signal")


def set_dumpable(*, dumpable: bool) -> None:
    """Set whether processes of the same user may read this process's memory and descriptors."""
    _checked(_prctl(_PR_SET_DUMPABLE, int(dumpable)), "set dumpable")


def drop_privileges() -> None:
    """Drop all capabilities permanently, so that user 0 has no special rights."""
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1), "give up new privileges")
    _prctl(_PR_CAP_AMBIENT, 4)
    # Both calls fail if there is no privilege to drop, and then nothing needs to be dropped.
    _prctl(_PR_SET_SECUREBITS, _NO_ROOT_LOCKED)
    for capability in range(64):
        if _prctl(_PR_CAPBSET_DROP, capability) != 0:
            break
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(head, none), "drop capabilities")
