"""Recover the layers after a known first layer by walks on kink surfaces, one layer after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from solvers.recovery.relu.next_layer.completing import NOTHING
from solvers.recovery.relu.next_layer.output import read_output_layer
from solvers.recovery.relu.next_layer.recover import recover_next_layer

if TYPE_CHECKING:
    import numpy as np

    from generator.family.oracle import Oracle
    from generator.recovery.network.mlp import MLP
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.relu.prefix import Prefix

__all__ = ["peel_on"]

LAYER_SECONDS = 120.0
"""Longest search of one layer, in seconds. A larger value finds more units. Hand-set."""


def peel_on(
    puzzle: RecoveryPuzzle, oracle: Oracle, prefix: Prefix, context: Context, rng: np.random.Generator
) -> MLP | None:
    """Recover the layers after the first one, and the signs of the first one.

    Args:
        puzzle: the puzzle.
        oracle: the hidden network.
        prefix: the first layer, with any signs.
        context: time limit and log.
        rng: generator for lines and walks.

    Returns:
        The network; None if no unit of a layer is found before the time limit.

    Raises:
        QueryError: if the budget is spent.
    """
    scale = puzzle.input_scale if puzzle.box is None else min(puzzle.input_scale, puzzle.box)
    open_weights = NOTHING
    while prefix.depth < puzzle.hidden_layers:
        share = context.time_left() / (puzzle.hidden_layers - prefix.depth + 1)
        deadline = time.monotonic() + min(LAYER_SECONDS, share)
        layer = recover_next_layer(oracle, prefix, scale, rng, deadline, open_weights=open_weights)
        if layer is None:
            return None
        prefix, open_weights = layer.prefix, layer.open
        context.log(f"layer {prefix.depth}: {prefix.units} units; residual {layer.residual:.1e}")
    return read_output_layer(oracle, prefix, scale, rng, open_weights=open_weights).network
