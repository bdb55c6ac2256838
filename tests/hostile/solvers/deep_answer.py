"""Returns lists within lists within lists."""

from __future__ import annotations

from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    answer: list[Any] = []
    for _ in range(500):
        answer = [answer]
    return answer
