"""Writes files without end, each of them under the limit."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    for number in itertools.count():
        Path(str(number)).write_bytes(b"x" * (1 << 20))
        if number > 100:
            return list(range(len(puzzle)))
    return None
