"""Loops for ever inside one C call, where no Python signal handler can run."""

from __future__ import annotations

import itertools
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    return sum(itertools.repeat(0))
