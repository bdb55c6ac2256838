"""Spreads what it takes over processes, each of them under the limit."""

from __future__ import annotations

import os
import time
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    for _ in range(4):
        if os.fork() == 0:
            held = bytearray(b"x" * (100 << 20))
            time.sleep(600)
            os._exit(len(held) % 2)
    time.sleep(600)
