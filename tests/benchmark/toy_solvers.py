"""Solvers of the toy family: one that is right, and some that are not."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


def exact(puzzle: np.ndarray, context: Any) -> list[int]:
    """Sort."""
    return [int(place) for place in np.argsort(puzzle)]


def identity(puzzle: np.ndarray, context: Any) -> list[int]:
    """Change nothing."""
    return list(range(len(puzzle)))


def gives_up(puzzle: np.ndarray, context: Any) -> None:
    """Say nothing."""


def reports_then_sleeps(puzzle: np.ndarray, context: Any) -> None:
    """Report the right answer and do not come back."""
    context.log("sorting")
    context.report(exact(puzzle, context))
    time.sleep(60)


def reports_three_times(puzzle: np.ndarray, context: Any) -> list[int]:
    """Report the right answer three times, then return it."""
    for _ in range(3):
        context.report(exact(puzzle, context))
    return exact(puzzle, context)


class Needs:
    """Has a parameter."""

    family = "toy"

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset

    def solve(self, puzzle: np.ndarray, context: Any) -> list[int]:
        """Sort, then rotate."""
        return [int(place) for place in np.roll(np.argsort(puzzle), self.offset)]


class Elsewhere:
    """Is for another family."""

    family = "reassembly"

    def solve(self, puzzle: Any, context: Any) -> None:
        """Never called."""
