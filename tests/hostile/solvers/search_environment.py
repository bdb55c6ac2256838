"""Looks for secrets in environments and command lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    texts = [repr(dict(os.environ))]
    for entry in Path("/proc").iterdir():
        for name in ("environ", "cmdline"):
            try:
                texts.append((entry / name).read_text(errors="replace"))
            except OSError:
                continue
    for text in texts:
        if "needle-" in text:
            context.log("found a secret")
    context.log(" ".join(sorted(os.environ)))
    return list(range(len(puzzle)))
