"""Lifts the recursion limit and recurses through C until the stack is gone."""

from __future__ import annotations

import sys
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    sys.setrecursionlimit(1_000_000_000)

    def deeper(_: Any) -> Any:
        return sorted([0], key=deeper)

    return deeper(0)
