"""Sends half an answer and falls asleep."""

from __future__ import annotations

import os
import struct
import time
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    os.write(3, struct.pack("!2s8sII", b"NJ", b"answer  ", 100, 0) + b'{"value": [')
    time.sleep(600)
