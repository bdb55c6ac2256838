"""Turn a nearly right order into the right one: regression on inverted pairs, and joint moves within a window.

Both methods consider orders near the current one, and only the exact error decides.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.core.evaluation import Walk
from solvers.reassembly.ordering.inversion_regression import (
    exchange_gains,
    largest_window,
    pairs_within,
    regressed_orders,
    regression_data,
    rows_for,
)
from solvers.reassembly.ordering.relocation import move_changes
from solvers.reassembly.ordering.window import windowed_round

if TYPE_CHECKING:
    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.adjoint import Linearisation
    from solvers.reassembly.core.assembly import Assembly
    from solvers.reassembly.ordering.refine import Refiner

__all__ = ["move_within_window", "remove_inversions"]

MOVE_WINDOW = 6
"""Largest number of positions by which `move_within_window` moves a block. Hand-set."""

ENOUGH_LEFT = 0.7
"""Share of the error that a round may leave for another round of its kind to follow. Hand-set; higher means longer."""

WINDOW = 16
"""Largest distance in positions of an inverted pair in the first regression. Hand-set; wider windows cost more."""

NARROWEST = 8
"""Smallest window in positions once the order is nearly right. Hand-set; fewer pairs need fewer rows and less time."""

NARROWER = 0.25
"""Share of the error that a round may leave at most for the next window to be narrower. Hand-set."""

PREDICTED_ROWS = 300
"""Rows x outputs on which moves of single blocks over any distance are predicted. Hand-set."""

MEASURED = 12
"""Moves of single blocks over any distance that are measured, those with the lowest predicted change. Hand-set."""

WORTH_REPAIRING = 0.1
"""Error as a share of the predictions' variance below which exchanges of halves are tried. Hand-set."""

EXCHANGED = 3
"""Exchanges of two halves that are tried in a round. Hand-set."""

SETTLING = 2
"""Regressions after an exchange, at the end of which it must have lowered the error. Hand-set."""

WORTH_WIDENING = 0.02
"""Error as a share of the variance below which a window without effect is doubled. Hand-set.

Above it the order is far from right, and a wider window does not help.
"""


def move_within_window(refiner: Refiner, assembly: Assembly) -> Assembly:
    """Move blocks by a few positions, and judge all moves jointly.

    A round is fast, and often completes a nearly right order.
    """
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    walk = Walk(network, refiner.deciding, list(range(network.depth)))
    before = math.inf
    while walk.mse < ENOUGH_LEFT * before and not walk.solved and not refiner.deadline.passed():
        before = walk.mse
        windowed_round(walk, MOVE_WINDOW)
    if not walk.mse < assembly.mse:
        return assembly
    better = refiner.assembly(assembly.moved(walk.order), walk.mse)
    refiner.report(better)
    return better


def remove_inversions(refiner: Refiner, assembly: Assembly, window: int = WINDOW, *, repair: bool) -> Assembly:
    """Estimate from the data which pairs of blocks are inverted, and reorder them, while that lowers the error enough.

    The window narrows while rounds lower the error well. Where they do not, single blocks move over any distance, and
    then, if `repair` allows it, two halves are exchanged. The window widens if neither helps and the order is nearly
    right.

    Args:
        refiner: of the puzzle.
        assembly: to start from.
        window: largest distance of an inverted pair at first; smaller where rows or memory do not suffice.
        repair: whether halves may exchange partners.
    """
    search = refiner.search
    widest = largest_window(len(assembly.incoming), search.count * search.targets.shape[1])
    window = min(window, widest)
    while window > 0 and not refiner.solved(assembly) and not refiner.deadline.passed():
        before = assembly.mse
        assembly = _reported(refiner, _regressed(refiner, assembly, window), assembly)
        if assembly.mse < NARROWER * before:
            window = max(min(NARROWEST, widest), 2 * window // 3)
        elif not assembly.mse < ENOUGH_LEFT * before:
            assembly = _reported(refiner, _moved_far(refiner, assembly), assembly)
            if repair and not assembly.mse < ENOUGH_LEFT * before:
                assembly = _reported(refiner, _repartnered(refiner, assembly, min(window, NARROWEST)), assembly)
            if assembly.mse < ENOUGH_LEFT * before:
                continue
            if window == widest or not before < WORTH_WIDENING * search.variance:
                break
            window = min(2 * window, widest)
    return assembly


def _regressed(refiner: Refiner, assembly: Assembly, window: int) -> Assembly:
    """Regress once, on newly drawn rows, and keep the best of the proposed orders."""
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    rows = refiner.draw(rows_for(pairs_within(network.depth, window), refiner.search.targets.shape[1]))
    changes, errors = regression_data(network, rows, window)
    if not math.isfinite(float(torch.linalg.vector_norm(changes)) + float(torch.linalg.vector_norm(errors))):
        return assembly
    best, seen = assembly, {assembly.halves}
    for perm in regressed_orders(changes, errors, network.depth, window):
        halves = assembly.moved(perm)
        if halves in seen:
            continue
        seen.add(halves)
        measured = refiner.measure(*halves)
        if measured.mse < best.mse - refiner.deciding.floor:
            best = measured
        if refiner.deadline.passed() or refiner.solved(best):
            break
    return best


def _moved_far(refiner: Refiner, assembly: Assembly) -> Assembly:
    """Move single blocks over any distance: measure the moves of the lowest predicted change, keep those that help."""
    network, around = _around(refiner, assembly)
    order = range(network.depth)
    if not math.isfinite(around.mse):
        return assembly
    changes = move_changes(network, around, order)
    walk = Walk(network, refiner.deciding, list(order))
    for number in changes.flatten().argsort(stable=True)[:MEASURED].tolist():
        if refiner.deadline.passed() or walk.solved:
            break
        source, target = (walk.order.index(block) for block in divmod(number, network.depth))
        if source != target and walk.attempt_move(source, target) < walk.mse - refiner.deciding.floor:
            walk.accept()
    if walk.order == list(order):
        return assembly
    return refiner.assembly(assembly.moved(walk.order), walk.mse)


def _repartnered(refiner: Refiner, assembly: Assembly, window: int) -> Assembly:
    """Exchange two halves where the regression predicts a gain, and reorder the blocks after that.

    The order was fitted with the wrong pair in it, so the exchange alone often raises the error.
    """
    if not assembly.mse < WORTH_REPAIRING * refiner.search.variance:
        return assembly
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    rows = refiner.draw(rows_for(pairs_within(network.depth, window), refiner.search.targets.shape[1]))
    gains = exchange_gains(network, rows, window)
    for number in gains.flatten().argsort(descending=True, stable=True)[:EXCHANGED].tolist():
        a, b = divmod(number, network.depth)
        if not gains[a, b] > 0.0 or refiner.deadline.passed():
            break
        outgoing = list(assembly.outgoing)
        outgoing[a], outgoing[b] = outgoing[b], outgoing[a]
        trial = refiner.measure(assembly.incoming, tuple(outgoing))
        for _ in range(SETTLING):
            trial = _regressed(refiner, trial, window)
        if trial.mse < ENOUGH_LEFT * assembly.mse:
            return trial
    return assembly


def _reported(refiner: Refiner, found: Assembly, before: Assembly) -> Assembly:
    """Report an assembly if it is better than the one before, and return the better of the two."""
    if not found.mse < before.mse:
        return before
    refiner.report(found)
    return found


def _around(refiner: Refiner, assembly: Assembly) -> tuple[ResidualNetwork, Linearisation]:
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    rows = refiner.draw(max(50, PREDICTED_ROWS // refiner.search.targets.shape[1]))
    return network, linearise(network, rows, range(network.depth))
