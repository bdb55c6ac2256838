"""Returns text that no terminal and no file should see."""

from __future__ import annotations

from typing import Any


class Odd:
    value = "\ud800\x1b[2J\n"
    note = "\x1b[31mred\ud800\nline"


def attack(puzzle: Any, context: Any) -> Any:
    context.log("\x1b[2J\ud800 odd")
    return Odd()
