"""Chance level, the lowest score of every table: a random pairing in a random order, and random roles if unknown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.puzzle.answer import Answer, plain
from solvers.reassembly.core.assembly import Assembly
from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.ordering.seeding import random_order
from solvers.registry import register

if TYPE_CHECKING:
    from generator.reassembly.unknown_roles import AnyPuzzle
    from solvers.api import Context

__all__ = ["RandomGuess"]


@register(family="reassembly", name="random", source="chance level")
@dataclass(frozen=True)
class RandomGuess:
    """Pair and order the pieces at random."""

    def solve(self, puzzle: AnyPuzzle, context: Context) -> Answer:
        """Draw one assembly uniformly."""
        if puzzle.roles is None:
            drawn = random_order(2 * puzzle.depth, context.rng())
            return Answer(plain(puzzle.square_answer(drawn[: puzzle.depth], drawn[puzzle.depth :])))
        with torch.inference_mode():
            attempt = Attempt.begin(puzzle, context, rows=1)
            incoming, outgoing = (random_order(puzzle.depth, attempt.rng) for _ in range(2))
            attempt.best.offer(Assembly(tuple(incoming), tuple(outgoing), math.inf, 1))
            return attempt.answer()
