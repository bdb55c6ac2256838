"""Asks for 100 GB at once."""

from __future__ import annotations

from typing import Any

import numpy as np


def attack(puzzle: Any, context: Any) -> Any:
    return np.ones(100_000_000_000, np.uint8).sum()
