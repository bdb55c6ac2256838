"""Announces four gigabytes."""

from __future__ import annotations

import os
import struct
import time
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    os.write(3, struct.pack("!2s8sII", b"NJ", b"answer  ", 2**32 - 1, 2**32 - 1))
    time.sleep(600)
