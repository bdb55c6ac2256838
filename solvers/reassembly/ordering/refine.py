"""Descent on the exact error, guided by linear models: blocks move, halves exchange partners, perturbations restart it.

Each round linearises the network around the current assembly, searches the quadratic model under several
dampings, and measures each proposal. Only the exact error decides which proposal is accepted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from generator.reassembly.scoring.certificate import certify
from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.core.assembly import Assembly, Halves
from solvers.reassembly.core.evaluation import Rows, Walk, order_mse
from solvers.reassembly.ordering.exchange import exchange_model
from solvers.reassembly.ordering.inversion_search import InversionSearch
from solvers.reassembly.ordering.relocation import inversion_model
from solvers.reassembly.ordering.seeding import random_order

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from jaxtyping import Float
    from numpy.typing import NDArray

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.deadline import Deadline

__all__ = ["Refiner"]

DAMPINGS = (0.25, 1.0, 4.0, 16.0)
"""Dampings searched in every round, as multiples of the damping that served best in the round before. Hand-set."""

FIRST_DAMPING = 0.5
"""Damping of the first round, as a multiple of an inversion's own energy. Hand-set; higher means smaller steps."""

DAMPING_RANGE = (1e-3, 1e3)
"""Limits of the damping. Hand-set."""

ENOUGH_GAIN = 0.02
"""Share of the error that a round must remove; below it the next round uses more rows. Hand-set."""

MOST_STATES = 1 << 27
"""Largest number of values in the states and adjoints of a model: 512 MiB in float32. Hand-set memory limit."""

EXACT_MOVES = 60
"""Moves with the lowest predicted change that are measured when the model finds nothing more. Hand-set."""

ROWS_MODEL = 500
"""Rows x outputs of the first model of a descent. Hand-set; more rows make predictions better and rounds slower."""

ROWS_EXACT = 1_500
"""Rows x outputs that the exact error is measured on. Hand-set; more rows make decisions safer and slower."""

PERTURBED_DISTANCE = 12
"""Largest number of positions by which a perturbation moves a block. Hand-set."""

PERTURBED_MOVES = 3
"""Largest number of blocks that a perturbation moves, drawn uniformly from 1 on. Hand-set."""

PERTURBED_PAIRS = 0.3
"""Probability that a perturbation also exchanges two halves. Hand-set."""


@dataclass
class Refiner:
    """Descend from one assembly to a better one.

    The refiner keeps one piece of state, the damping that served best in each kind of round.

    Attributes:
        halves: the unpaired halves.
        search: rows to draw from.
        rng: the attempt's generator, by reference; it draws rows and perturbations.
        deadline: the attempt's deadline, by reference.
        report: takes every accepted assembly.
        exact_moves: whether moves are measured exactly when the model finds nothing more.
        certifies: checks whether an assembly of a degraded puzzle is certified; None for other puzzles, where
            rounding decides.
    """

    halves: ResidualNetwork
    search: Rows
    rng: np.random.Generator
    deadline: Deadline
    report: Callable[[Assembly], None]
    exact_moves: bool = True
    certifies: Callable[[Assembly], bool] | None = None
    _damping: dict[str, float] = field(default_factory=dict, init=False)

    @cached_property
    def deciding(self) -> Rows:
        """Rows that the exact error is measured on."""
        return self.search.head(max(300, ROWS_EXACT // self.search.targets.shape[1]))

    def measure(self, incoming: tuple[int, ...], outgoing: tuple[int, ...]) -> Assembly:
        """Measure the exact error of an assembly."""
        network = self.halves.reordered(incoming, outgoing)
        return self.assembly((incoming, outgoing), order_mse(network, self.deciding, range(len(incoming))))

    def assembly(self, halves: Halves, mse: float) -> Assembly:
        """Combine halves with an error that was measured on the deciding rows."""
        return Assembly(*halves, mse, self.deciding.count)

    def solved(self, assembly: Assembly) -> bool:
        """Check whether an assembly is exact up to rounding, or certified on a degraded puzzle."""
        if self.certifies is not None:
            return self.certifies(assembly)
        if assembly.mse >= 1e-7 * self.search.variance:
            return False
        if assembly.mse < self.deciding.floor:
            return True
        network, rows = self.halves.reordered(assembly.incoming, assembly.outgoing), self.deciding
        return certify(network, rows.inputs, rows.targets, rows.variance).exact

    def descend(self, assembly: Assembly, patience: int = 2, *, repair: bool) -> Assembly:
        """Alternate moves and exchanges of partners until no round improves the assembly.

        Args:
            assembly: to start from.
            patience: rounds without improvement, each with more rows, after which the descent goes on; 0 makes moves
                of blocks only.
            repair: whether halves may exchange partners.
        """
        idle, size = 0, 1
        while idle <= patience and not self.solved(assembly) and not self.deadline.passed():
            before = assembly.mse
            assembly = self.relocate(assembly, size, deep=idle > 0)
            if repair and idle > 0 and not self.deadline.passed():
                assembly = self.exchange(assembly, size)
            gained = assembly.mse < (1.0 - ENOUGH_GAIN) * before
            idle = 0 if gained else idle + 1
            size = 1 if gained and size == 1 else min(4, 2 * size) if not gained else size
            if not gained and patience > 0 and self.exact_moves and not self.deadline.passed():
                better = self.climb(assembly)
                idle = 0 if better.mse < (1.0 - ENOUGH_GAIN) * assembly.mse else idle
                assembly = better
        return assembly

    def relocate(self, assembly: Assembly, size: int = 1, *, deep: bool = False) -> Assembly:
        """Move blocks as the inversion model predicts.

        Args:
            assembly: to start from.
            size: multiple of the smallest number of rows that the model is built on.
            deep: whether pairs of moves are searched too.
        """
        network = self.halves.reordered(assembly.incoming, assembly.outgoing)
        order = range(network.depth)
        around = linearise(network, self._draw(size), order)
        if not math.isfinite(around.mse):
            return assembly
        search = InversionSearch(inversion_model(network, around, order))

        def moved(damping: float) -> Halves:
            route = search.descend(search.begin(damping))
            if deep:
                route = search.deepen(route, self.deadline.passed)
            return assembly.moved(route.perm.tolist())

        return self._try("move", assembly, moved)

    def exchange(self, assembly: Assembly, size: int = 1) -> Assembly:
        """Exchange partners of halves: outgoing halves first, then incoming halves."""
        for side in ("outgoing", "incoming"):
            if self.solved(assembly) or self.deadline.passed():
                break
            assembly = self._exchange_side(assembly, size, side)
        return assembly

    def _exchange_side(self, assembly: Assembly, size: int, side: str) -> Assembly:
        network = self.halves.reordered(assembly.incoming, assembly.outgoing)
        around = linearise(network, self._draw(min(2, size)), range(network.depth))
        if not math.isfinite(around.mse):
            return assembly
        search = exchange_model(network, around, side=side)

        def exchanged(damping: float) -> Halves:
            perm = search.descend(damping)
            if side == "outgoing":
                return assembly.incoming, tuple(assembly.outgoing[t] for t in perm)
            return tuple(assembly.incoming[t] for t in perm), assembly.outgoing

        return self._try(side, assembly, exchanged)

    def climb(self, assembly: Assembly) -> Assembly:
        """Measure the single moves with the lowest predicted change, and keep each that lowers the error."""
        network = self.halves.reordered(assembly.incoming, assembly.outgoing)
        order = range(network.depth)
        around = linearise(network, self._draw(2), order)
        if not math.isfinite(around.mse):
            return assembly
        search = InversionSearch(inversion_model(network, around, order))
        changes = search.predicted_changes(search.begin(0.0))
        walk = Walk(network, self.deciding, list(order))
        for source, target in _promising(changes, EXACT_MOVES):
            if self.deadline.passed() or walk.solved:
                break
            here, there = walk.order.index(source), walk.order.index(target)
            if walk.attempt_move(here, there) < walk.mse - self.deciding.floor:
                walk.accept()
        if walk.order == list(order):
            return assembly
        better = self.assembly(assembly.moved(walk.order), walk.mse)
        self.report(better)
        return better

    def perturb(self, assembly: Assembly, moves: int | None = None, *, repair: bool) -> Assembly:
        """Move a few random blocks by up to 12 positions, and in three of ten perturbations exchange two halves.

        Args:
            assembly: to perturb.
            moves: number of blocks to move; drawn from 1 to 3 by default.
            repair: whether halves may exchange partners.
        """
        moves = 1 + int(self.rng.integers(PERTURBED_MOVES)) if moves is None else moves
        depth = len(assembly.incoming)
        perm = list(range(depth))
        for _ in range(moves):
            source = int(self.rng.integers(depth))
            low, high = max(0, source - PERTURBED_DISTANCE), min(depth, source + PERTURBED_DISTANCE + 1)
            perm.insert(int(self.rng.integers(low, high)), perm.pop(source))
        incoming, outgoing = assembly.moved(perm)
        if repair and depth > 1 and self.rng.random() < PERTURBED_PAIRS:
            a, b = self.rng.choice(depth, size=2, replace=False)
            changed = list(outgoing)
            changed[a], changed[b] = changed[b], changed[a]
            outgoing = tuple(changed)
        return self.measure(incoming, outgoing)

    def draw_order(self) -> list[int]:
        """Draw an order of the blocks uniformly."""
        return random_order(self.halves.depth, self.rng)

    def draw(self, count: int) -> Rows:
        """Draw that many rows without repetition, or all rows if there are fewer."""
        drawn = torch.from_numpy(self.rng.permutation(self.search.count)[:count])
        return Rows(self.search.inputs[drawn], self.search.targets[drawn], self.search.variance)

    def _draw(self, size: int) -> Rows:
        outputs, depth, width = self.search.targets.shape[1], self.halves.depth, self.halves.U.shape[2]
        fitting = MOST_STATES // ((depth + 1) * width * (1 + outputs))
        return self.draw(max(100, min(size * max(ROWS_MODEL, 10 * depth) // outputs, fitting)))

    def _try(
        self,
        kind: str,
        assembly: Assembly,
        propose: Callable[[float], Halves],
    ) -> Assembly:
        """Measure the proposal of every damping, keep the best, and remember its damping for the next round."""
        damping = self._damping.get(kind, FIRST_DAMPING)
        best, served = assembly, 0.0
        seen = {assembly.halves}
        for factor in DAMPINGS:
            proposal = propose(damping * factor)
            if proposal in seen:
                continue
            seen.add(proposal)
            measured = self.measure(*proposal)
            if measured.mse < best.mse - self.deciding.floor:
                best, served = measured, factor
            if self.deadline.passed() or self.solved(best):
                break
        factor = served or 0.5
        self._damping[kind] = min(max(damping * factor, DAMPING_RANGE[0]), DAMPING_RANGE[1])
        if served:
            self.report(best)
        return best


def _promising(changes: Float[NDArray[np.float64], "K K"], count: int) -> list[tuple[int, int]]:
    """List the moves from position to position with the lowest predicted changes."""
    depth = changes.shape[0]
    flat = changes.argsort(axis=None, kind="stable")
    moves = [divmod(int(number), depth) for number in flat[: count + depth]]
    return [(source, target) for source, target in moves if source != target][:count]
