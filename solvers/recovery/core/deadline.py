"""Stop a search before the time limit, and report a constant answer before the first network."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from generator.puzzle.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context

__all__ = ["constant_answer", "margin_s", "out_of_time"]

MARGIN_S = 0.3
"""Seconds before the time limit at which a search stops. A larger value is safer and searches less. Hand-set to the
longest step that cannot be interrupted."""
SHARE = 0.1
"""Largest margin as a share of the time limit, for short limits. Hand-set."""


def margin_s(context: Context) -> float:
    """Return the time that is kept for writing the answer, in seconds."""
    return min(MARGIN_S, SHARE * context.wall_s)


def out_of_time(context: Context) -> Callable[[], bool]:
    """Return a function that returns whether the search must stop."""
    margin = margin_s(context)
    return lambda: context.time_left() < margin


def constant_answer(puzzle: RecoveryPuzzle) -> Answer:
    """Make the answer that a solver reports before it has found a network: one unit per layer, all weights zero."""
    widths = (puzzle.inputs, *[1] * puzzle.hidden_layers, puzzle.outputs)
    layers = [(np.zeros((after, before)), np.zeros(after)) for before, after in pairwise(widths)]
    network = puzzle.network(layers, puzzle.activation or "tanh")
    return Answer(puzzle.answer(network), note="no network was found in time; the answer is a constant")
