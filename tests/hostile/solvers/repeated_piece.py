"""Names a piece twice."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    return [0, *range(len(puzzle) - 1)]
