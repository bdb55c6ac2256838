"""Answers with JSON that is none, or that no reader should follow."""

from __future__ import annotations

import os
import struct
import time
from typing import Any


def frame(kind: bytes, payload: bytes) -> bytes:
    return struct.pack("!2s8sII", b"NJ", kind.ljust(8), len(payload), 0) + payload


def attack(puzzle: Any, context: Any) -> Any:
    os.write(3, frame(b"answer", b'{"value": ' + b"[" * 200_000))
    time.sleep(600)
