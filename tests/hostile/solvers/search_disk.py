"""Reads the raw disks and kernel memory."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    found = []
    for place in [*Path("/dev").rglob("*"), Path("/proc/kcore"), Path("/proc/kmem")]:
        mode = place.lstat().st_mode if place.exists() else 0
        if stat.S_ISBLK(mode) or place.name in {"kcore", "kmem", "mem", "port"}:
            try:
                with place.open("rb") as file:
                    found.append(f"{place}: {len(file.read(4096))} bytes")
            except OSError:
                continue
    for line in found:
        context.log(f"found {line}")
    Path("/dev/null").write_text("still there")
    return list(range(len(puzzle)))
