"""Become process 1 of namespaces: two processes, one inside that goes on, one outside that tidies up."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.kernel import linux
from benchmark.isolation.kernel.sandbox import enter_namespaces, set_up_mounts
from benchmark.isolation.wire import encode

if TYPE_CHECKING:
    import socket

__all__ = ["enter_as_process_one"]


def enter_as_process_one(control: socket.socket, slot: Path, hidden: list[str]) -> bool:
    """Go on as process 1 of new namespaces; False in the process that stays behind, once that one has ended."""
    outside = Path("/proc/self/ns/pid").readlink()
    # Seen through this descriptor the file tree stays writable, so the one outside can tidy up at the end.
    tree = os.open(slot.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        enter_namespaces()
    except OSError as error:
        control.sendall(encode("refused", {"reason": str(error)}))
        return False
    process_one = os.fork()
    if process_one:
        control.close()
        os.waitpid(process_one, 0)
        with contextlib.suppress(OSError):
            linux.unmount(f"{slot}/work")
        for folder in (f"{slot.name}/work", f"{slot.name}/dev", slot.name):
            with contextlib.suppress(OSError):
                os.rmdir(folder, dir_fd=tree)
        return False
    os.close(tree)
    try:
        linux.die_with_parent()
        set_up_mounts(str(slot), hidden)
        if os.getpid() != 1 or Path("/proc/self/ns/pid").readlink() == outside:
            raise OSError("not in a process namespace of its own")
    except OSError as error:
        control.sendall(encode("refused", {"reason": str(error)}))
        os._exit(0)
    return True
