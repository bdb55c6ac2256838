"""Simulated annealing over orders, with swaps and relocations.

Source: Kirkpatrick, Gelatt and Vecchi 1983; applied to this puzzle by several public
solvers (among them ganuda.us/blog/jane-street-track2, github.com/aaron1729/jane-st-nn-puzzle).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from solvers.reassembly.core.monitor import SILENT, Monitor

if TYPE_CHECKING:
    import numpy as np

    from solvers.reassembly.core.evaluation import Walk

__all__ = ["anneal"]

MEAN_DISTANCE = 4.0
"""Mean distance of a move, in positions. Hand-set; a higher value tries longer moves more often.

Neighbouring blocks are confused most often, so most moves are short.
"""

LOG_EVERY = 1_000
"""Steps between log lines. Hand-set."""


def anneal(
    walk: Walk,
    steps: int,
    rng: np.random.Generator,
    monitor: Monitor = SILENT,
    *,
    hot: float = 1e-2,
    cold: float = 1e-7,
) -> None:
    """Cool geometrically while exchanging and relocating blocks; return to the best order visited.

    The temperature follows the steps or the clock, whichever is further, so that cooling completes before the
    deadline.

    Args:
        walk: changed in place.
        steps: number of moves to try.
        rng: draws the moves and decides which are accepted.
        monitor: takes better orders and log lines, and holds the deadline.
        hot: first temperature, in units of the predictions' variance; a higher value accepts more moves that raise
            the error.
        cold: last temperature, in the same units.
    """
    best, lowest = list(walk.order), walk.mse
    ratio = math.log(cold / hot)
    for step in range(steps if walk.depth > 1 else 0):
        progress = max(step / steps, monitor.deadline.spent())
        if walk.solved or progress >= 1.0:
            break
        temperature = hot * math.exp(ratio * progress) * walk.rows.variance
        mse = _attempt_random_move(walk, rng)
        gain = walk.mse - mse
        if gain >= 0.0 or rng.random() < math.exp(gain / temperature if temperature > 0.0 else -math.inf):
            walk.accept()
        if walk.mse < lowest:
            best, lowest = list(walk.order), walk.mse
            monitor.found(best, lowest, walk.rows.count)
        if step % LOG_EVERY == LOG_EVERY - 1:
            monitor.log(f"annealing: step {step + 1}, temperature {temperature:.1e}, mse {walk.mse:.3e}")
    if walk.mse > lowest:
        walk.attempt(best)
        walk.accept()


def _attempt_random_move(walk: Walk, rng: np.random.Generator) -> float:
    """Measure a random swap or relocation over a geometrically distributed distance."""
    reach = walk.depth - 1
    distance = min(int(rng.geometric(1.0 / MEAN_DISTANCE)), reach)
    start = int(rng.integers(walk.depth - distance))
    end = start + distance
    kind = rng.random()
    if kind < 0.5:
        return walk.attempt_swap(start, end)
    return walk.attempt_move(start, end) if kind < 0.75 else walk.attempt_move(end, start)
