"""Writes garbage to every descriptor but its output."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    for descriptor in range(3, 1024):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"\0garbage" * 100)
    time.sleep(600)
