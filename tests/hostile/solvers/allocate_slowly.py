"""Takes memory bit by bit and holds on to it."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    held = []
    while True:
        held.append(bytearray(b"x" * (8 << 20)))
