"""The fastest public solver: trace pairing, |V|_1 order, swaps whose change of the error is predicted by adjoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.core.adjoint import adjoint_swaps
from solvers.reassembly.ordering.seeding import seed_order
from solvers.reassembly.published.prologue import paired_blocks
from solvers.reassembly.published.settings import check_positive, check_seed
from solvers.registry import register

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context

__all__ = ["Adjoint"]


@register(family="reassembly", name="adjoint", source="github.com/cezarc1/droppedaneuralnet-puzzle (June 2026)")
@dataclass(frozen=True)
class Adjoint:
    """Pair by trace, order by |V|_1, swap neighbours where the adjoint predicts a gain.

    Attributes:
        seed: proxy of depth to sort by, ascending.
        rows: largest number of rows to search with.
        confidence: standard errors by which a predicted gain must exceed zero; a higher value applies fewer swaps.
    """

    seed: str = "l1"
    rows: int = 1_000
    confidence: float = 1.0

    def __post_init__(self) -> None:
        """Check the settings."""
        check_seed(self.seed)
        check_positive(rows=self.rows, confidence=self.confidence)

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, order, swap.

        Raises:
            SpecError: for an unknown seed, or no rows.
        """
        with torch.inference_mode():
            blocks = paired_blocks(puzzle, context, self.rows, "trace")
            order = seed_order(blocks.network, blocks.attempt.search.inputs, self.seed)
            adjoint_swaps(blocks.network, blocks.attempt.search, order, blocks, confidence=self.confidence)
            return blocks.attempt.answer()
