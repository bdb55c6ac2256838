"""Prints without end."""

from __future__ import annotations

import os
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    while True:
        os.write(1, b"x" * (1 << 20))
