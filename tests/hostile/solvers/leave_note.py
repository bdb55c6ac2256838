"""Leaves a note for the next trial wherever it can, or finds the one that was left."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    places = [
        Path("note"),
        Path(os.environ["TMPDIR"], "note"),
        Path("/dev/shm/netjigsaw-note"),  # noqa: S108 - that it is shared is the point
    ]
    if any(place.exists() for place in places):
        context.log("found a note")
    libc = ctypes.CDLL(None)
    if libc.shmget(4711, 4096, 0) >= 0:
        context.log("found shared memory")
    libc.shmget(4711, 4096, 0o1666)
    for place in places:
        with contextlib.suppress(OSError):
            place.write_text("0 1 2")
    return list(range(len(puzzle)))
