"""Stops every clock of its process, works half a second, answers."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np


def attack(puzzle: Any, context: Any) -> Any:
    wait = threading.Event().wait
    for name in ("time", "monotonic", "perf_counter", "process_time", "time_ns", "monotonic_ns", "perf_counter_ns"):
        setattr(time, name, lambda: 0)
    wait(0.5)
    return np.argsort(puzzle)
