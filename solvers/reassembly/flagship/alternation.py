"""Fit pairs and order in turns: each fit uses the latest estimate of the other.

A regression on pairs is more accurate if the rough time of action of each half is known. An order is more accurate
under better pairs. A few rounds solve most networks whose pairs the weights alone do not determine.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.ordering.schedule import mean_field_order, smeared_schedule
from solvers.reassembly.pairing.regression import mean_field_pairing

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from solvers.reassembly.core.assembly import Assembly
    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.core.monitor import Monitor
    from solvers.reassembly.ordering.refine import Refiner

__all__ = ["alternate"]

TIME_STEPS = 12
"""Time steps of a flow with a known order. Hand-set; more steps resolve the order better and take longer."""

MEMORY = 0.3
"""Weight of one regression's scores in the evidence for the next. Hand-set; higher means slower changes."""

MOVES = 4
"""Rounds of block moves before halves exchange partners. Hand-set."""

ORDER_ROWS = 1_000
"""Rows x outputs that the mean-field order is fitted on. Hand-set."""

WIDEST, NARROWEST = 0.2, 0.03
"""Limits of the standard deviation of a block's time in the flow, as a share of the whole time. Hand-set.

The deviation rises from the smaller limit with the root of the error, because a poor order determines times poorly.
"""


def alternate(
    refiner: Refiner, evidence: Float[Tensor, "K K"], monitor: Monitor, *, rounds: int, repair: bool
) -> Assembly:
    """Fit pairs, then an order, then pairs given that order, and so on.

    Args:
        refiner: of the puzzle.
        evidence: log-odds of the pairs from the weights.
        monitor: gives the deadline and takes log lines.
        rounds: largest number of rounds.
        repair: whether halves may exchange partners between regressions.

    Returns:
        The assembly of the lowest error.
    """
    halves, depth = refiner.halves, refiner.halves.depth
    partners, scores = mean_field_pairing(halves, _pairing_rows(refiner), evidence, monitor)
    best: Assembly | None = None
    for number in range(rounds):
        order = _mean_field(refiner, partners, monitor)
        starts = [refiner.measure(tuple(order), tuple(partners[i] for i in order))]
        if best is not None:
            starts.append(refiner.measure(best.incoming, tuple(partners[i] for i in best.incoming)))
        refined = min((_refine(refiner, start, repair=repair) for start in starts), key=lambda one: one.mse)
        monitor.log(f"alternation {number + 1}: mse {refined.mse:.3e}")
        if best is None or refined.mse < best.mse:
            best = refined
        if monitor.deadline.passed() or refiner.solved(best) or number == rounds - 1:
            break
        partners, scores = mean_field_pairing(
            halves,
            _pairing_rows(refiner),
            evidence + MEMORY * scores,
            monitor,
            schedule=_schedule(best, refiner.search.variance),
            passes=6,
        )
    if best is None:  # rounds is 0
        best = refiner.measure(tuple(range(depth)), tuple(partners))
    return best


def _schedule(assembly: Assembly, variance: float) -> Float[Tensor, "L K"]:
    """Let every incoming half act around its position, more sharply at a lower error."""
    positions = torch.empty(len(assembly.incoming))
    positions[list(assembly.incoming)] = torch.arange(len(positions)).float()
    # A single row has no variance.
    width = min(WIDEST, NARROWEST + 0.2 * math.sqrt(assembly.mse / variance)) if variance else WIDEST
    return smeared_schedule(positions, TIME_STEPS, width)


def _refine(refiner: Refiner, assembly: Assembly, *, repair: bool) -> Assembly:
    """Make a few rounds of block moves, then exchange partners if that is allowed."""
    for _ in range(MOVES):
        if refiner.deadline.passed() or refiner.solved(assembly):
            return assembly
        before = assembly.mse
        assembly = refiner.relocate(assembly)
        if assembly.mse > 0.95 * before:
            break
    for _ in range(2 if repair else 0):
        if refiner.deadline.passed() or refiner.solved(assembly):
            return assembly
        assembly = refiner.relocate(refiner.exchange(assembly))
    return assembly


def _mean_field(refiner: Refiner, partners: list[int], monitor: Monitor) -> list[int]:
    blocks = refiner.halves.reordered(range(refiner.halves.depth), partners)
    rows = refiner.draw(max(100, ORDER_ROWS // refiner.search.targets.shape[1]))
    return mean_field_order(blocks, rows, monitor)


def _pairing_rows(refiner: Refiner) -> Rows:
    outputs, depth = refiner.search.targets.shape[1], refiner.halves.depth
    return refiner.draw(max(300, max(1_000, 3 * depth * depth) // outputs))
