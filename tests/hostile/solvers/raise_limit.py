"""Tries to lift its own limits, then allocates."""

from __future__ import annotations

import contextlib
import resource
from typing import Any

import numpy as np


def attack(puzzle: Any, context: Any) -> Any:
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return np.ones(10_000_000_000, np.uint8).sum()
