"""From a nearly right order to the right one: by regression on inverted pairs, and by joint moves of a few places.

Both look at orders within a window of places around the present one, and only the exact error decides.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.core.evaluation import Walk
from solvers.reassembly.ordering.inversion import (
    exchange_gains,
    inversion_features,
    inversion_orders,
    largest_window,
    pairs_within,
    rows_for,
)
from solvers.reassembly.ordering.refine import Assembly
from solvers.reassembly.ordering.relocation import move_changes
from solvers.reassembly.ordering.window import windowed_round

if TYPE_CHECKING:
    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.adjoint import Linearisation
    from solvers.reassembly.ordering.refine import Halves, Refiner

__all__ = ["straighten", "tighten"]

TIGHT = 6
"""Places that blocks are moved by at most where an order is tightened."""

TIGHTER = 0.7
"""Share of the error that a round may leave for another of its kind to follow."""

WINDOW = 16
"""Places between two blocks that may be inverted, at first."""

NARROWEST = 8
"""And when the order is nearly right: fewer pairs, told apart more surely and at less cost."""

NARROWER = 0.25
"""Share of the error that a round leaves at most where the next one may look less far."""

PRICED_ROWS = 300
"""Rows x outputs on which moves of single blocks over any distance are priced."""

MEASURED = 12
"""Such moves that are measured."""

WORTH_REPAIRING = 0.1
"""Share of the variance below which a wrong pair is looked for."""

EXCHANGED = 3
"""Exchanges of two halves that are tried."""

SETTLING = 2
"""Rounds after which an exchange must have served."""

WORTH_WIDENING = 0.02
"""Share of the variance below which a window that helps no more is doubled; above it the order is simply far off."""


def tighten(refiner: Refiner, assembly: Assembly) -> Assembly:
    """Move blocks by a few places, all moves judged jointly: cheap, and often enough where an order is nearly right."""
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    walk = Walk(network, refiner.deciding, list(range(network.depth)))
    before = math.inf
    while walk.mse < TIGHTER * before and not walk.solved and not refiner.stop():
        before = walk.mse
        windowed_round(walk, TIGHT)
    if not walk.mse < assembly.mse:
        return assembly
    better = Assembly(*assembly.moved(walk.order), walk.mse)
    refiner.report(better)
    return better


def straighten(refiner: Refiner, assembly: Assembly, window: int = WINDOW) -> Assembly:
    """Ask the data which pairs of blocks are inverted, and put them right, while that takes off enough of the error.

    The window narrows while rounds serve well. Where they do not, single blocks that are further off than it reaches
    are carried to where they belong, and then two halves exchanged if the pairs are in doubt. It widens if neither
    helps and the order is nearly right.

    Args:
        refiner: of the puzzle.
        assembly: to begin with.
        window: places between two blocks that may be inverted, at first; fewer where rows or memory do not suffice.
    """
    search = refiner.search
    widest = largest_window(len(assembly.incoming), search.count * search.targets.shape[1])
    window = min(window, widest)
    while window > 0 and not refiner.solved(assembly) and not refiner.stop():
        before = assembly.mse
        assembly = _reported(refiner, _regressed(refiner, assembly, window), assembly)
        if assembly.mse < NARROWER * before:
            window = max(min(NARROWEST, widest), 2 * window // 3)
        elif not assembly.mse < TIGHTER * before:
            assembly = _reported(refiner, _carried(refiner, assembly), assembly)
            if not assembly.mse < TIGHTER * before:
                assembly = _reported(refiner, _repartnered(refiner, assembly, min(window, NARROWEST)), assembly)
            if assembly.mse < TIGHTER * before:
                continue
            if window == widest or not before < WORTH_WIDENING * search.variance:
                break
            window = min(2 * window, widest)
    return assembly


def _regressed(refiner: Refiner, assembly: Assembly, window: int) -> Assembly:
    """Regress once, on rows drawn anew, and keep the best of the orders that it proposes."""
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    rows = refiner.draw(rows_for(pairs_within(network.depth, window), refiner.search.targets.shape[1]))
    changes, errors = inversion_features(network, rows, window)
    if not math.isfinite(float(torch.linalg.vector_norm(changes)) + float(torch.linalg.vector_norm(errors))):
        return assembly
    best, seen = assembly, {(assembly.incoming, assembly.outgoing)}
    for perm in inversion_orders(changes, errors, network.depth, window):
        halves: Halves = assembly.moved(perm)
        if halves in seen:
            continue
        seen.add(halves)
        measured = refiner.measure(*halves)
        if measured.mse < best.mse - refiner.deciding.floor:
            best = measured
        if refiner.stop() or refiner.solved(best):
            break
    return best


def _carried(refiner: Refiner, assembly: Assembly) -> Assembly:
    """Carry single blocks over any distance: the moves that promise most are measured, and kept if they serve."""
    network, around = _around(refiner, assembly)
    order = range(network.depth)
    if not math.isfinite(around.mse):
        return assembly
    changes = move_changes(network, around, order)
    walk = Walk(network, refiner.deciding, list(order))
    for number in changes.flatten().argsort(stable=True)[:MEASURED].tolist():
        if refiner.stop() or walk.solved:
            break
        place, aim = (walk.order.index(block) for block in divmod(number, network.depth))
        if place != aim and walk.attempt_move(place, aim) < walk.mse - refiner.deciding.floor:
            walk.accept()
    if walk.order == list(order):
        return assembly
    return Assembly(*assembly.moved(walk.order), walk.mse)


def _repartnered(refiner: Refiner, assembly: Assembly, window: int) -> Assembly:
    """Exchange two halves and put the order right after that, where the regression believes in an exchange.

    A wrong pair has its place in an order that makes up for it, so that the exchange alone may well make things worse.
    """
    if not refiner.repair or not assembly.mse < WORTH_REPAIRING * refiner.search.variance:
        return assembly
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    rows = refiner.draw(rows_for(pairs_within(network.depth, window), refiner.search.targets.shape[1]))
    gains = exchange_gains(network, rows, window)
    for number in gains.flatten().argsort(descending=True, stable=True)[:EXCHANGED].tolist():
        a, b = divmod(number, network.depth)
        if not gains[a, b] > 0.0 or refiner.stop():
            break
        halves = list(assembly.outgoing)
        halves[a], halves[b] = halves[b], halves[a]
        trial = refiner.measure(assembly.incoming, tuple(halves))
        for _ in range(SETTLING):
            trial = _regressed(refiner, trial, window)
        if trial.mse < TIGHTER * assembly.mse:
            return trial
    return assembly


def _reported(refiner: Refiner, found: Assembly, before: Assembly) -> Assembly:
    """Report an assembly that is better than the one before."""
    if not found.mse < before.mse:
        return before
    refiner.report(found)
    return found


def _around(refiner: Refiner, assembly: Assembly) -> tuple[ResidualNetwork, Linearisation]:
    network = refiner.halves.reordered(assembly.incoming, assembly.outgoing)
    rows = refiner.draw(max(50, PRICED_ROWS // refiner.search.targets.shape[1]))
    return network, linearise(network, rows, range(network.depth))
