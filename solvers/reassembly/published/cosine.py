"""A public solver that pairs by cosines and swaps blocks at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.ordering.seeding import seed_order
from solvers.reassembly.published.prologue import paired_blocks, walk_from
from solvers.reassembly.published.search.climbing import swap_at_random
from solvers.reassembly.published.settings import check_positive
from solvers.registry import register

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context

__all__ = ["Cosine"]


@register(family="reassembly", name="cosine", source="github.com/EugenHotaj/droppedaneuralnet (2026)")
@dataclass(frozen=True)
class Cosine:
    """Pair by the mean cosine of reading and writing weights, order by |V|_F, keep random swaps that lower the error.

    Attributes:
        steps: number of swaps to try; the author needed about 10,000.
        rows: number of rows to search with.
    """

    steps: int = 20_000
    rows: int = 500

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(steps=self.steps, rows=self.rows)

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, order, swap.

        Raises:
            SpecError: for no rows.
        """
        with torch.inference_mode():
            blocks = paired_blocks(puzzle, context, self.rows, "mean-cosine")
            order = seed_order(blocks.network, blocks.attempt.search.inputs, "frobenius")
            walk = walk_from(blocks, order, "frobenius")
            swap_at_random(walk, self.steps, blocks.attempt.rng, blocks)
            return blocks.attempt.answer()
