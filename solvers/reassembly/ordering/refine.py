"""Descent on the exact error, led by linear models: blocks move, halves change partners, kicks shake both.

Each round linearises the network around the current assembly, searches the quadratic model under several
trust regions at once, and measures what each search found; only the exact error decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import torch

from generator.reassembly.scoring.certificate import certify
from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.core.evaluation import Rows, Walk, order_mse
from solvers.reassembly.ordering.exchange import exchange_model
from solvers.reassembly.ordering.quadratic import PassingSearch
from solvers.reassembly.ordering.relocation import passing_model

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["Assembly", "Halves", "Refiner"]

Halves: TypeAlias = "tuple[tuple[int, ...], tuple[int, ...]]"
"""Incoming and outgoing halves by position."""

TRUSTS = (0.25, 1.0, 4.0, 16.0)
"""Trust regions searched in every round, in units of the one that served best before."""

TRUST_RANGE = (1e-3, 1e3)
"""Limits of the trust region's penalty."""

ENOUGH_GAIN = 0.02
"""Share of the error that a round must gain, or the next one uses more rows."""

MOST_STATES = 1 << 27
"""Numbers that the states and adjoints of a model may hold: 512 MiB in float32."""

EXACT_MOVES = 60
"""Moves of the best predictions that are measured exactly when the model helps no more."""


@dataclass(frozen=True)
class Assembly:
    """Halves by position, and their exact error on the rows that decide."""

    incoming: tuple[int, ...]
    outgoing: tuple[int, ...]
    mse: float

    def moved(self, perm: list[int]) -> Halves:
        """Give the halves with whole blocks permuted."""
        return tuple(self.incoming[t] for t in perm), tuple(self.outgoing[t] for t in perm)


@dataclass
class Refiner:
    """Descends from an assembly to a better one.

    Attributes:
        halves: not paired.
        search: rows to draw from.
        rng: draws them, and the kicks.
        report: told of every accepted assembly.
        stop: asked whether time is up.
        repair: whether halves may change partners.
        exact_moves: whether the most promising moves are measured when the model helps no more.
        settled: says of a degraded puzzle, where no error is rounding, whether an assembly will do; None elsewhere.
        rows_model: rows x outputs of a model at first.
        rows_exact: rows x outputs that decide.
    """

    halves: ResidualNetwork
    search: Rows
    rng: np.random.Generator
    report: Callable[[Assembly], None]
    stop: Callable[[], bool]
    repair: bool = True
    exact_moves: bool = True
    settled: Callable[[Assembly], bool] | None = None
    rows_model: int = 500
    rows_exact: int = 1_500
    trust: dict[str, float] = field(default_factory=dict)
    rounds: int = 0

    def __post_init__(self) -> None:
        """Choose the rows that decide."""
        outputs = self.search.targets.shape[1]
        self.deciding = self.search.head(max(300, self.rows_exact // outputs))

    def measure(self, incoming: tuple[int, ...], outgoing: tuple[int, ...]) -> Assembly:
        """Measure an assembly exactly."""
        network = self.halves.reordered(incoming, outgoing)
        return Assembly(incoming, outgoing, order_mse(network, self.deciding, range(len(incoming))))

    def solved(self, assembly: Assembly) -> bool:
        """Say whether nothing is left to find: the error is rounding, or the assembly is settled."""
        if self.settled is not None:
            return self.settled(assembly)
        if assembly.mse >= 1e-7 * self.search.variance:
            return False
        if assembly.mse < self.deciding.floor:
            return True
        network, rows = self.halves.reordered(assembly.incoming, assembly.outgoing), self.deciding
        return certify(network, rows.inputs, rows.targets, rows.variance).exact

    def descend(self, assembly: Assembly, patience: int = 2) -> Assembly:
        """Alternate moves and exchanges until `patience` rounds of growing rows gain nothing; with 0, moves alone."""
        idle, size = 0, 1
        while idle <= patience and not self.solved(assembly) and not self.stop():
            before = assembly.mse
            assembly = self.relocate(assembly, size, deep=idle > 0)
            if self.repair and idle > 0 and not self.stop():
                assembly = self.exchange(assembly, size)
            gained = assembly.mse < (1.0 - ENOUGH_GAIN) * before
            idle = 0 if gained else idle + 1
            size = 1 if gained and size == 1 else min(4, 2 * size) if not gained else size
            if not gained and patience > 0 and self.exact_moves and not self.stop():
                better = self.climb(assembly)
                idle = 0 if better.mse < (1.0 - ENOUGH_GAIN) * assembly.mse else idle
                assembly = better
        return assembly

    def relocate(self, assembly: Assembly, size: int = 1, *, deep: bool = False) -> Assembly:
        """Move blocks as the model of passings says; `deep` looks for pairs of moves too."""
        network = self.halves.reordered(assembly.incoming, assembly.outgoing)
        order = range(network.depth)
        around = linearise(network, self._draw(size), order)
        if not math.isfinite(around.mse):
            return assembly
        search = PassingSearch(passing_model(network, around, order))
        self.rounds += 1

        def moved(trust: float) -> Halves:
            route = search.descend(search.begin(trust))
            if deep:
                route = search.deepen(route, self.stop)
            return assembly.moved(route.perm.tolist())

        return self._try("move", assembly, moved)

    def exchange(self, assembly: Assembly, size: int = 1) -> Assembly:
        """Let halves change partners: outgoing halves first, then incoming ones."""
        for side in ("outgoing", "incoming"):
            if self.solved(assembly) or self.stop():
                break
            assembly = self._exchange_side(assembly, size, side)
        return assembly

    def _exchange_side(self, assembly: Assembly, size: int, side: str) -> Assembly:
        network = self.halves.reordered(assembly.incoming, assembly.outgoing)
        around = linearise(network, self._draw(min(2, size)), range(network.depth))
        if not math.isfinite(around.mse):
            return assembly
        search = exchange_model(network, around, side=side)

        def exchanged(trust: float) -> Halves:
            perm = search.descend(trust)
            if side == "outgoing":
                return assembly.incoming, tuple(assembly.outgoing[t] for t in perm)
            return tuple(assembly.incoming[t] for t in perm), assembly.outgoing

        self.rounds += 1
        return self._try(side, assembly, exchanged)

    def climb(self, assembly: Assembly) -> Assembly:
        """Measure the most promising single moves, and keep each that lowers the error."""
        network = self.halves.reordered(assembly.incoming, assembly.outgoing)
        order = range(network.depth)
        around = linearise(network, self._draw(2), order)
        if not math.isfinite(around.mse):
            return assembly
        search = PassingSearch(passing_model(network, around, order))
        changes = search.prices(search.begin(0.0))
        walk = Walk(network, self.deciding, list(order))
        for source, target in _promising(changes, EXACT_MOVES):
            if self.stop() or walk.solved:
                break
            place, aim = walk.order.index(source), walk.order.index(target)
            if walk.attempt_move(place, aim) < walk.mse - self.deciding.floor:
                walk.accept()
        if walk.order == list(order):
            return assembly
        better = Assembly(*assembly.moved(walk.order), walk.mse)
        self.report(better)
        return better

    def kick(self, assembly: Assembly, strength: int) -> Assembly:
        """Move a few random blocks within 12 places, and now and then exchange the halves of two."""
        depth = len(assembly.incoming)
        perm = list(range(depth))
        for _ in range(strength):
            source = int(self.rng.integers(depth))
            target = int(self.rng.integers(max(0, source - 12), min(depth, source + 13)))
            perm.insert(target, perm.pop(source))
        incoming, outgoing = assembly.moved(perm)
        if self.repair and depth > 1 and self.rng.random() < 0.3:
            a, b = self.rng.choice(depth, size=2, replace=False)
            changed = list(outgoing)
            changed[a], changed[b] = changed[b], changed[a]
            outgoing = tuple(changed)
        return self.measure(incoming, outgoing)

    def draw(self, count: int) -> Rows:
        """Draw that many rows, or all there are."""
        drawn = torch.from_numpy(self.rng.permutation(self.search.count)[:count])
        return Rows(self.search.inputs[drawn], self.search.targets[drawn], self.search.variance)

    def _draw(self, size: int) -> Rows:
        outputs, depth, width = self.search.targets.shape[1], self.halves.depth, self.halves.U.shape[2]
        fitting = MOST_STATES // ((depth + 1) * width * (1 + outputs))
        return self.draw(max(100, min(size * max(self.rows_model, 10 * depth) // outputs, fitting)))

    def _try(
        self,
        kind: str,
        assembly: Assembly,
        propose: Callable[[float], Halves],
    ) -> Assembly:
        trust = self.trust.get(kind, 0.5)
        best, served = assembly, 0.0
        seen = {(assembly.incoming, assembly.outgoing)}
        for factor in TRUSTS:
            proposal = propose(trust * factor)
            if proposal in seen:
                continue
            seen.add(proposal)
            measured = self.measure(*proposal)
            if measured.mse < best.mse - self.deciding.floor:
                best, served = measured, factor
            if self.stop() or self.solved(best):
                break
        factor = served or 0.5
        self.trust[kind] = min(max(trust * factor, TRUST_RANGE[0]), TRUST_RANGE[1])
        if served:
            self.report(best)
        return best


def _promising(changes: NDArray[np.float64], count: int) -> list[tuple[int, int]]:
    depth = changes.shape[0]
    flat = changes.argsort(axis=None, kind="stable")
    moves = [divmod(int(number), depth) for number in flat[: count + depth]]
    return [(source, target) for source, target in moves if source != target][:count]
