"""A public solver that pairs by the symmetry of V U and orders greedily by the size of the step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.ordering.seeding import greedy_order
from solvers.reassembly.published.prologue import paired_blocks, walk_from
from solvers.reassembly.published.search.climbing import bubble
from solvers.reassembly.published.settings import check_positive
from solvers.registry import register

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context

__all__ = ["Asymmetry"]


@register(family="reassembly", name="asymmetry", source="github.com/alyxya/janestreet-droppedaneuralnet (2026)")
@dataclass(frozen=True)
class Asymmetry:
    """Pair so that V U is nearly symmetric, append the block of the smallest step, then swap neighbours.

    Attributes:
        rows: number of rows to search with; the author used all 10,000.
    """

    rows: int = 1_000

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(rows=self.rows)

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, order, swap.

        Raises:
            SpecError: for no rows.
        """
        with torch.inference_mode():
            blocks = paired_blocks(puzzle, context, self.rows, "asymmetry")
            walk = walk_from(blocks, greedy_order(blocks.network, blocks.attempt.search.inputs), "greedy")
            bubble(walk, blocks)
            return blocks.attempt.answer()
