"""Looks for the answer among live objects and in the memory of every process it can open."""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path
from typing import Any

NEEDLE = re.compile(rb"needle-[0-9a-f]{16}")


def attack(puzzle: Any, context: Any) -> Any:
    for thing in gc.get_objects():
        if type(thing).__name__ == "SealedAnswer" or (
            isinstance(thing, dict) and "salt" in thing and "answer" in thing
        ):
            context.log(f"found object {type(thing).__name__}")
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            search(int(entry.name), context)
    return list(range(len(puzzle)))


def search(pid: int, context: Any) -> None:
    try:
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            if pid not in {os.getpid(), os.getppid()}:
                context.log(f"opened {pid}")
            for line in maps:
                bounds, rights, *rest = line.split()
                if "w" not in rights or (rest and rest[-1] in {"[vvar]", "[vsyscall]"}):
                    continue
                start, end = (int(bound, 16) for bound in bounds.split("-"))
                memory.seek(start)
                if NEEDLE.search(memory.read(min(end - start, 1 << 26))):
                    context.log(f"found in memory of {pid}")
    except (OSError, ValueError, OverflowError):
        return
