"""Two orders from the puzzle's public discussion, each repaired by swaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.core.evaluation import Walk
from solvers.reassembly.ordering.seeding import bias_chain, seed_order
from solvers.reassembly.published.prologue import paired_blocks, walk_from
from solvers.reassembly.published.search.climbing import repair
from solvers.reassembly.published.settings import check_positive
from solvers.registry import register

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context
    from solvers.reassembly.core.attempt import PairedBlocks

__all__ = ["BiasChain", "Jacobian"]

DISCUSSION = "discussion of huggingface.co/spaces/jane-street/droppedaneuralnet (2026)"


@register(family="reassembly", name="bias-chain", source=DISCUSSION)
@dataclass(frozen=True)
class BiasChain:
    """Order by the variance of V or by a chain of nearest biases e, take the better order, then repair by swaps.

    Attributes:
        rows: number of rows to search with.
    """

    rows: int = 1_000

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(rows=self.rows)

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, climb from the better of the two orders.

        Raises:
            SpecError: for no rows.
        """
        with torch.inference_mode():
            blocks = paired_blocks(puzzle, context, self.rows, "trace")
            by_variance = seed_order(blocks.network, blocks.attempt.search.inputs, "variance")
            return _climb(blocks, by_variance, bias_chain(blocks.network, by_variance[0]))


@register(family="reassembly", name="jacobian", source=DISCUSSION)
@dataclass(frozen=True)
class Jacobian:
    """Order by the norm of each block's Jacobian, then repair by swaps.

    Attributes:
        rows: number of rows to search with.
    """

    rows: int = 1_000

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(rows=self.rows)

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, order, repair.

        Raises:
            SpecError: for no rows.
        """
        with torch.inference_mode():
            blocks = paired_blocks(puzzle, context, self.rows, "trace")
            return _climb(blocks, seed_order(blocks.network, blocks.attempt.search.inputs, "jacobian"))


def _climb(blocks: PairedBlocks, *orders: list[int]) -> Answer:
    """Repair the best of some orders."""
    measured = Walk(blocks.network, blocks.attempt.search, orders[0])
    for order in orders[1:]:
        if measured.attempt(order) < measured.mse:
            measured.accept()
    walk = walk_from(blocks, measured.order, "seed")
    repair(walk, blocks)
    return blocks.attempt.answer()
