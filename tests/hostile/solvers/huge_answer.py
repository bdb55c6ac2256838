"""Returns ten million numbers."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    return list(range(10_000_000))
