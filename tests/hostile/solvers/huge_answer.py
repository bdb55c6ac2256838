"""Returns a million numbers."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    return list(range(1_000_000))
