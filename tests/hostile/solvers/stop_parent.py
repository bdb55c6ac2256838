"""Stops the process that started it, then waits."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    with contextlib.suppress(PermissionError):
        os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(600)
