"""A public solver that moves each block to its best position and needs no proxy of depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.ordering.seeding import fitting_order
from solvers.reassembly.published.prologue import paired_blocks, walk_from
from solvers.reassembly.published.search.climbing import insert
from solvers.reassembly.published.settings import check_positive
from solvers.registry import register

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context

__all__ = ["Insertion"]


@register(family="reassembly", name="insertion", source="github.com/danieltyukov/jane-street-neural-net-puzzle (2026)")
@dataclass(frozen=True)
class Insertion:
    """Pair by trace, append the block that brings the output nearest, then move each block where the error is lowest.

    Attributes:
        rows: number of rows to search with.
    """

    rows: int = 1_000

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(rows=self.rows)

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, order, insert.

        Raises:
            SpecError: for no rows.
        """
        with torch.inference_mode():
            blocks = paired_blocks(puzzle, context, self.rows, "trace")
            walk = walk_from(blocks, fitting_order(blocks.network, blocks.attempt.search), "greedy")
            insert(walk, blocks)
            return blocks.attempt.answer()
