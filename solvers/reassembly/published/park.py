"""Park's solver: diagonal dominance, a norm seed, Bradley-Terry ranking, bubble repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.ordering.seeding import seed_order
from solvers.reassembly.published.prologue import paired_blocks, walk_from
from solvers.reassembly.published.search import bradley_terry
from solvers.reassembly.published.search.climbing import repair
from solvers.reassembly.published.settings import check_positive, check_seed
from solvers.registry import register

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context

__all__ = ["Park", "ParkFrobenius"]

SOURCE = "Park 2026, I Dropped a Neural Net, arXiv:2602.19845"


@register(family="reassembly", name="park", source=SOURCE)
@dataclass(frozen=True)
class Park:
    """Pair by diagonal dominance, order by a norm, rank by pairwise tests, repair by swaps (Park 2026).

    The paper solves the published network in two ways. One sorts by the delta-norm and then by a Bradley-Terry
    ranking. The other sorts by |V|_F without a ranking; the author's code does this, and so does `park-frobenius`.

    Attributes:
        seed: `delta-norm` or `frobenius`, ascending; any other proxy of `seeding.PROXIES` works too.
        bradley_terry: whether pairwise tests rank the blocks before the swaps; the ranking is kept if its error is
            lower than the seed's.
        rows: number of rows to search with.
    """

    seed: str = "delta-norm"
    bradley_terry: bool = True
    rows: int = 1_000

    def __post_init__(self) -> None:
        """Check the settings."""
        check_seed(self.seed)
        check_positive(rows=self.rows)

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, order, rank, repair.

        Raises:
            SpecError: for an unknown seed, or no rows.
        """
        with torch.inference_mode():
            blocks = paired_blocks(puzzle, context, self.rows, "diagonal-dominance")
            walk = walk_from(blocks, seed_order(blocks.network, blocks.attempt.search.inputs, self.seed), self.seed)
            if self.bradley_terry:
                ranked = walk.attempt(bradley_terry.rank(walk, blocks))
                blocks.log(f"Bradley-Terry order: mse {ranked:.3e}")
                if ranked < walk.mse:
                    walk.accept()
                    blocks.found(walk.order, walk.mse, walk.rows.count)
            repair(walk, blocks)
            return blocks.attempt.answer()


@register(family="reassembly", name="park-frobenius", source=SOURCE)
@dataclass(frozen=True)
class ParkFrobenius(Park):
    """Pair by diagonal dominance, order by |V|_F, repair by swaps (the code of Park 2026)."""

    seed: str = "frobenius"
    bradley_terry: bool = False
