"""Reads address zero."""

from __future__ import annotations

import ctypes
from typing import Any


def attack(puzzle: Any, context: Any) -> Any:
    return ctypes.string_at(0)
