"""Pairs and order settled together, each fitted along what the other has become.

A regression on pairs that knows roughly when each half acts sees truer states than one that lets all act
all the time; an order found under better pairs is better in turn. A few rounds of each settle most networks
whose weights alone do not tell the pairs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.ordering.schedule import mean_field_order, smeared_schedule
from solvers.reassembly.pairing.regression import mean_field_pairing

if TYPE_CHECKING:
    from torch import Tensor

    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.core.monitor import Monitor
    from solvers.reassembly.ordering.refine import Assembly, Refiner

__all__ = ["alternate"]

MOMENTS = 12
"""Moments of a flow that knows an order."""

MEMORY = 0.3
"""Weight of one regression's scores among the evidence for the next."""

MOVES = 4
"""Rounds of moves before partners are changed."""

ORDER_ROWS = 1_000
"""Rows x outputs on which the mean-field order is fitted."""


def alternate(refiner: Refiner, evidence: Tensor, monitor: Monitor, *, rounds: int) -> Assembly:
    """Fit pairs, order, pairs along the order, and so on.

    Args:
        refiner: of the puzzle.
        evidence: log-odds of the pairs from their weights, K x K.
        monitor: asked whether time is up.
        rounds: at most.

    Returns:
        The best assembly met.
    """
    halves, depth = refiner.halves, refiner.halves.depth
    partners, scores = mean_field_pairing(halves, _pairing_rows(refiner), evidence, monitor)
    best: Assembly | None = None
    for number in range(rounds):
        order = _mean_field(refiner, partners, monitor)
        starts = [refiner.measure(tuple(order), tuple(partners[i] for i in order))]
        if best is not None:
            starts.append(refiner.measure(best.incoming, tuple(partners[i] for i in best.incoming)))
        refined = min((_refine(refiner, start) for start in starts), key=lambda one: one.mse)
        monitor.log(f"alternation {number + 1}: mse {refined.mse:.3e}")
        if best is None or refined.mse < best.mse:
            best = refined
        if monitor.stop() or refiner.solved(best) or number == rounds - 1:
            break
        places = torch.empty(depth)
        places[list(best.incoming)] = torch.arange(depth).float()
        variance = refiner.search.variance  # of a single row there is none
        width = min(0.2, 0.03 + 0.2 * math.sqrt(best.mse / variance)) if variance else 0.2
        schedule = smeared_schedule(places, MOMENTS, width)
        memory = evidence + MEMORY * scores
        partners, scores = mean_field_pairing(
            halves, _pairing_rows(refiner), memory, monitor, schedule=schedule, passes=6
        )
    if best is None:  # rounds is 0
        best = refiner.measure(tuple(range(depth)), tuple(partners))
    return best


def _refine(refiner: Refiner, assembly: Assembly) -> Assembly:
    for _ in range(MOVES):
        if refiner.stop() or refiner.solved(assembly):
            return assembly
        before = assembly.mse
        assembly = refiner.relocate(assembly)
        if assembly.mse > 0.95 * before:
            break
    for _ in range(2 if refiner.repair else 0):
        if refiner.stop() or refiner.solved(assembly):
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
