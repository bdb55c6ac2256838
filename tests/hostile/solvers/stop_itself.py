"""Stops its own process."""

from __future__ import annotations

import os
import signal
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    os.kill(os.getpid(), signal.SIGSTOP)
