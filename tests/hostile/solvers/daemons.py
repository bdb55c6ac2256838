"""Answers, but leaves detached grandchildren and a thread behind."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np


def attack(puzzle: Any, context: Any) -> Any:
    for _ in range(10):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.setsid()
                time.sleep(600)
            os._exit(0)
    threading.Thread(target=time.sleep, args=(600,)).start()
    return np.argsort(puzzle)
