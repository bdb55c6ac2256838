"""Logs a million lines, then gives up."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    for number in range(1_000_000):
        context.log(f"line {number}")
    return None
