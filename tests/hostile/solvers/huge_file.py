"""Writes a file without end."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    with Path("big").open("wb") as file:
        while True:
            file.write(b"x" * (1 << 20))
