"""Loops for ever in Python."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    while True:
        pass
