"""Ends its process without a word."""

from __future__ import annotations

import os
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    os._exit(0)
