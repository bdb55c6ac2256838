"""Solves the puzzle."""

from __future__ import annotations

from typing import Any

import numpy as np


def attack(puzzle: Any, context: Any) -> Any:
    return np.argsort(puzzle)
