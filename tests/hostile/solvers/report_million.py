"""Reports a million answers."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    for _ in range(1_000_000):
        context.report(list(range(len(puzzle))))
    return None
