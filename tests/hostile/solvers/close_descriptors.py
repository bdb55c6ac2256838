"""Closes every descriptor, then answers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np


def attack(puzzle: Any, context: Any) -> Any:
    os.closerange(0, 1024)
    return np.argsort(puzzle)
