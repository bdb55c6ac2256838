"""Takes memory in a process that it starts, and waits until it is stopped."""

from __future__ import annotations

import os
import time
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    if os.fork() == 0:
        held = b"x" * (110 << 20)
        time.sleep(600)
        os._exit(len(held) % 2)
    time.sleep(600)
