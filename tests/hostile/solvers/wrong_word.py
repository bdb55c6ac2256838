"""Returns a word."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    return "certainly"
