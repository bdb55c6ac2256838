"""Says while it is being imported that it is ready, so as to get hold of the puzzle early."""

from __future__ import annotations

import os
import struct
import time
from typing import Any

os.write(3, struct.pack("!2s8sII", b"NJ", b"built   ", 2, 0) + b"{}")
time.sleep(0.5)


def attack(puzzle: Any, context: Any) -> Any:
    return None
