"""Become process 1 of new namespaces. One process continues inside; one waits outside and removes the folders."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.kernel import linux
from benchmark.isolation.kernel.sandbox import enter_namespaces, set_up_mounts
from benchmark.isolation.wire import encode

if TYPE_CHECKING:
    import socket

__all__ = ["enter_as_process_one"]


def enter_as_process_one(control: socket.socket, slot: Path, hidden: list[str]) -> bool:
    """Return True in process 1 of the new namespaces, and False in the process outside after process 1 has ended.

    The process outside tells the parent the numbers of both, as the kernel counts them outside. It removes the folders
    of the server at the end, because the parent may have been killed by then.
    """
    outside = Path("/proc/self/ns/pid").readlink()
    # The file tree stays writable through this descriptor, so the process outside can remove the folders at the end.
    tree = os.open(slot.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        enter_namespaces()
    except OSError as error:
        shutil.rmtree(slot, ignore_errors=True)
        control.sendall(encode("refused", {"reason": str(error)}))
        return False
    waiting, written = os.pipe()
    process_one = os.fork()
    if process_one:
        os.close(waiting)
        with contextlib.suppress(ConnectionError):  # the parent was killed; process 1 finds the same and ends
            control.sendall(encode("process", {"server": process_one, "outside": os.getpid()}))
        os.close(written)
        control.close()
        os.waitpid(process_one, 0)
        with contextlib.suppress(OSError):
            linux.unmount(f"{slot}/work")
        for folder in (f"{slot.name}/work", f"{slot.name}/dev", slot.name):
            with contextlib.suppress(OSError):
                os.rmdir(folder, dir_fd=tree)
        return False
    os.close(tree)
    os.close(written)
    os.read(waiting, 1)  # returns at the end of the pipe, when the parent has the process numbers
    os.close(waiting)
    try:
        linux.die_with_parent()
        set_up_mounts(str(slot), hidden)
        if os.getpid() != 1 or Path("/proc/self/ns/pid").readlink() == outside:
            raise OSError("the server is not process 1 of a new PID namespace")
    except OSError as error:
        control.sendall(encode("refused", {"reason": str(error)}))
        os._exit(0)
    return True
