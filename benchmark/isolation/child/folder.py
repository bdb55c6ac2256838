"""The working folder of a program: the parent writes and sends the files, and the child unpacks them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.wire import WireError, encode, receive
from generator.errors import HarnessError
from generator.family.registry import find_family
from generator.puzzle.storage import save_puzzle

if TYPE_CHECKING:
    import socket

    from generator.puzzle.content import Puzzle

__all__ = ["NATIVE", "pack_folder", "unpack_folder"]

NATIVE = "puzzle"
"""Name of the folder that holds the puzzle in netjigsaw's own format."""


def pack_folder(puzzle: Puzzle) -> tuple[bytes, tuple[float, ...]]:
    """Write the files of a program's working folder. Returns them as frames, and the size of each file in MiB.

    The parent does this once per puzzle, because writing a large table can take longer than solving. A file with
    several hard links is sent once.

    Raises:
        HarnessError: if the family has no layout for programs, or a file cannot be written or sent.
    """
    layout = find_family(puzzle.manifest.family).foreign_layout
    if layout is None:
        raise HarnessError(f"programs cannot solve {puzzle.manifest.family} puzzles; use a solver in Python")
    frames: list[bytes] = []
    sizes: list[float] = []
    with tempfile.TemporaryDirectory(prefix="netjigsaw-layout-") as scratch:
        root = Path(scratch) / "work"
        layout.write(puzzle, root)
        save_puzzle(puzzle, root / NATIVE)
        first: dict[int, str] = {}
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            name, number = str(path.relative_to(root)), path.stat().st_ino
            if number in first:
                frames.append(encode("puzzle", {"name": name, "same": first[number]}))
                continue
            first[number] = name
            content = path.read_bytes()
            sizes.append(len(content) / 2**20)
            try:
                frames.append(encode("puzzle", {"name": name}, content))
            except WireError as error:
                raise HarnessError(f"puzzle {puzzle.manifest.name!r} cannot be sent to a program: {error}") from None
    return b"".join([*frames, encode("puzzle")]), tuple(sizes)


def unpack_folder(connection: socket.socket, folder: Path) -> bool:
    """Write the received files; return False if the parent closed the connection before the last one."""
    while (frame := receive(connection)) is not None:
        fields = frame.fields()
        if not fields:
            return True
        target = folder / fields["name"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if "same" in fields:
            target.hardlink_to(folder / fields["same"])
        else:
            target.write_bytes(frame.blob)
    return False
