"""Answers with names that are no text, past the check in its own process."""

from __future__ import annotations

import os
import struct
import time
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    payload = b'{"value": {"\\ud800": 1}}'
    os.write(3, struct.pack("!2s8sII", b"NJ", b"answer  ", len(payload), 0) + payload)
    time.sleep(600)
