"""The first steps of every published solver: draw rows, pair the halves by one statistic, measure a first order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.core.evaluation import Walk
from solvers.reassembly.pairing.statistics import pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context
    from solvers.reassembly.core.attempt import PairedBlocks

__all__ = ["paired_blocks", "walk_from"]


def paired_blocks(puzzle: ReassemblyPuzzle, context: Context, rows: int, statistic: str) -> PairedBlocks:
    """Begin an attempt, and pair the halves by a named statistic.

    Args:
        puzzle: puzzle to solve.
        context: context of the trial.
        rows: largest number of rows to search with.
        statistic: a name in `solvers.reassembly.pairing.statistics.PAIRINGS`.

    Raises:
        SpecError: if there is no statistic of that name, or `rows` is less than 1.
    """
    attempt = Attempt.begin(puzzle, context, rows)
    return attempt.paired(pair(puzzle.network, statistic))


def walk_from(blocks: PairedBlocks, order: Sequence[int], name: str = "") -> Walk:
    """Measure a first order of some blocks on the search rows and report it; log its error if the order has a name."""
    walk = Walk(blocks.network, blocks.attempt.search, list(order))
    blocks.found(walk.order, walk.mse, walk.rows.count)
    if name:
        blocks.log(f"{name} order: mse {walk.mse:.3e}")
    return walk
