"""Starts 200 processes, every second one detached in a session of its own."""

from __future__ import annotations

import os
import time
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    for index in range(200):
        if os.fork() == 0:
            if index % 2:
                os.setsid()
            time.sleep(600)
            os._exit(0)
    time.sleep(600)
