"""Ignores every signal that can be ignored, then loops."""

from __future__ import annotations

import contextlib
import signal
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    for number in signal.Signals:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    while True:
        pass
