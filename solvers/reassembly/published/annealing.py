"""Simulated annealing over orders, as several public solvers did it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.errors import SpecError
from solvers.reassembly.ordering.seeding import random_order, seed_order
from solvers.reassembly.published.prologue import paired_blocks, walk_from
from solvers.reassembly.published.search.annealing import anneal
from solvers.reassembly.published.search.climbing import repair
from solvers.reassembly.published.settings import check_positive, check_seed
from solvers.registry import register

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context

__all__ = ["Annealing"]


@register(
    family="reassembly",
    name="annealing",
    source="Kirkpatrick et al. 1983; on this puzzle ganuda.us/blog/jane-street-track2 (February 2026)",
)
@dataclass(frozen=True)
class Annealing:
    """Pair by trace, anneal the order with swaps and relocations, end with a descent.

    The other published solvers sort by a proxy of depth. Annealing begins with a random order at a high temperature.

    Attributes:
        seed: `random`, or a proxy of depth to sort by, ascending. A proxy needs a lower `hot`.
        steps: number of moves to try; an earlier deadline ends the search sooner.
        rows: number of rows to search with.
        hot: first temperature, in units of the predictions' variance.
        cold: last temperature, in the same units.
    """

    seed: str = "random"
    steps: int = 20_000
    rows: int = 250
    hot: float = 1e-2
    cold: float = 1e-7

    def __post_init__(self) -> None:
        """Check the settings."""
        check_seed(self.seed, "random")
        check_positive(steps=self.steps, rows=self.rows)
        if not 0.0 < self.cold <= self.hot:
            raise SpecError(f"annealing cools from hot={self.hot} to cold={self.cold}; need 0 < cold <= hot")

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, anneal, descend.

        Raises:
            SpecError: for an unknown seed, or no rows.
        """
        with torch.inference_mode():
            blocks = paired_blocks(puzzle, context, self.rows, "trace")
            if self.seed == "random":
                order = random_order(puzzle.depth, blocks.attempt.rng)
            else:
                order = seed_order(blocks.network, blocks.attempt.search.inputs, self.seed)
            walk = walk_from(blocks, order)
            anneal(walk, self.steps, blocks.attempt.rng, blocks, hot=self.hot, cold=self.cold)
            repair(walk, blocks)
            return blocks.attempt.answer()
