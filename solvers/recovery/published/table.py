"""The table of inputs and outputs that students learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.errors import UnsupportedPuzzleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = ["ask_table"]


def ask_table(
    puzzle: RecoveryPuzzle, rows: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the puzzle's table, or query the oracle at inputs from N(0, s^2), clipped to the box.

    Args:
        puzzle: a puzzle with a table or an oracle.
        rows: rows to query; fewer if the budget is smaller.
        rng: generator for the inputs.

    Returns:
        Inputs, rows x d, and outputs, rows x o.

    Raises:
        UnsupportedPuzzleError: if the puzzle has no table, and its oracle has no budget left.
    """
    if puzzle.table is not None:
        return puzzle.table.inputs, puzzle.table.outputs
    oracle = puzzle.oracle
    if oracle is None or oracle.left == 0:
        raise UnsupportedPuzzleError("the puzzle has no table, and its oracle has no budget left")
    count = rows if oracle.left is None else min(rows, oracle.left)
    inputs = puzzle.input_scale * rng.standard_normal((count, puzzle.inputs))
    if puzzle.box is not None:
        inputs = np.clip(inputs, -puzzle.box, puzzle.box)
    step = oracle.terms.rows_per_call
    return inputs, np.concatenate([oracle(inputs[at : at + step]) for at in range(0, count, step)])
