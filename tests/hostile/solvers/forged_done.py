"""Sends frames that are the server's to send."""

from __future__ import annotations

import os
import struct
import time
from typing import Any


def frame(kind: bytes, payload: bytes) -> bytes:
    return struct.pack("!2s8sII", b"NJ", kind.ljust(8), len(payload), 0) + payload


def attack(puzzle: Any, context: Any) -> Any:
    os.write(3, frame(b"done", b'{"status": 0, "cause": "", "cpu_s": 0, "peak_mib": 0}'))
    time.sleep(600)
