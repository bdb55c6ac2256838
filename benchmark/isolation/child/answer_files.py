"""Read the answer that a program left in a file of its working folder."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.isolation.child.listening import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydantic import JsonValue

    from generator.family.layout import Reader

__all__ = ["LARGEST_FILE", "Written", "read_answer_files"]

LARGEST_FILE = 4 << 20
"""Size of the largest answer file that is read, in bytes. A larger value reads longer files. Hand-set."""


@dataclass(frozen=True)
class Written:
    """Content of an answer file.

    Attributes:
        name: name of the file.
        answer: the last answer in the file; None if it holds none.
        fault: why it holds no answer.
    """

    name: str
    answer: JsonValue
    fault: str


def read_answer_files(folder: Path, names: Iterable[str], new_reader: Callable[[], Reader]) -> list[Written]:
    """Read those of the named files that exist; a file's last answer counts, as on standard output.

    A link that leads out of the folder, anything but a plain file, and a file of more than `LARGEST_FILE` bytes are not
    read. No file that the program left in the folder can block the read.
    """
    found = []
    for name in names:
        path = folder / name
        if os.path.lexists(path):
            text, fault = _content(path, folder)
            listener = Listener(new_reader(), lambda _answer: None)
            listener.feed(text)
            listener.close()
            found.append(Written(name, listener.answer, fault or listener.fault or "holds no answer"))
    return found


def _content(path: Path, folder: Path) -> tuple[bytes, str]:
    """Return the bytes of a file, or no bytes and the reason."""
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(folder.resolve()):
            return b"", "a link that leads out of the working folder"
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return b"", "not a plain file"
            if status.st_size > LARGEST_FILE:
                return b"", f"{status.st_size / 2**20:.1f} MiB; at most {LARGEST_FILE >> 20} MiB are read"
            return os.read(descriptor, LARGEST_FILE), ""
        finally:
            os.close(descriptor)
    except (OSError, RuntimeError) as error:
        return b"", f"cannot be read: {getattr(error, 'strerror', None) or error}"
