"""Search over orders on a quadratic model of their inversions; no network is run.

A move takes a block out of the current order and inserts it elsewhere. The moved block is inverted with each block that
it moves past. Each inversion is a feature of the model: (a, x) if a moved past x; or (x, a) if x moved past a before,
and then the move of a undoes the inversion. The model predicts all K (K - 1) moves at once. The sums of the Gram matrix
over the inverted blocks are differences of an integral image, so a step costs K^3 additions, or K L^2 if the model
holds a band of L positions around every block. Moves that leave the band have no predicted change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.reassembly.ordering.relocation import InversionModel

__all__ = ["InversionSearch", "Route"]

LEAST_GAIN = 1e-6
"""Smallest predicted gain of a move, as a share of the current error. Hand-set."""

DEEP_GAIN = 1e-3
"""Smallest joint gain of two moves, as a share of the current error. Hand-set, above float32 rounding, so that rounding
does not make the search cycle.
"""

FORCED_MOVES = 60
"""Moves that are tried as the first of two if no single move helps. A larger value finds more pairs and takes longer.
Hand-set.
"""


@dataclass(frozen=True, eq=False)
class Route:
    """An order that moves reach from the current order.

    Attributes:
        perm: perm[t] = block that goes to position t.
        active: K x K, inversions that were made and not undone.
        slope: linear term of making each inversion, with the penalty.
        change: penalised change of the error from the current order.
    """

    perm: NDArray[np.int64]
    active: NDArray[np.bool_]
    slope: NDArray[np.float64]
    change: float


class InversionSearch:
    """Searches a model of inversions under several dampings.

    Attributes:
        depth: number of blocks, K.
    """

    def __init__(self, model: InversionModel) -> None:
        self.depth, self._band = model.depth, model.band
        self._gram = model.gram.numpy()
        self._linear = model.linear.double().numpy()
        self._energy = self._gram.diagonal().astype(np.float64)
        self._constant = model.constant

    def begin(self, damping: float) -> Route:
        """Start at the current order. The penalty of each inversion is `damping` times its energy G_ii."""
        none = np.zeros((self.depth, self.depth), dtype=bool)
        return Route(np.arange(self.depth), none, damping * self._energy - 2.0 * self._linear, 0.0)

    def descend(self, route: Route, max_moves: int = 2_000) -> Route:
        """Apply the best move repeatedly until no move lowers the penalised model."""
        for _ in range(max_moves):
            changes = self.predicted_changes(route)
            best = int(changes.argmin())
            if not changes.flat[best] < -LEAST_GAIN * self._constant:
                break
            route = self.apply(route, best, float(changes.flat[best]))
        return route

    def deepen(self, route: Route, stop: Callable[[], bool]) -> Route:
        """Look for two moves that help jointly although neither helps alone, and descend from each such pair."""
        met, improved = {route.perm.tobytes()}, True
        while improved and not stop():
            improved = False
            changes = self.predicted_changes(route)
            for number in changes.argsort(axis=None, kind="stable")[: FORCED_MOVES + self.depth]:
                source, target = divmod(int(number), self.depth)
                if not np.isfinite(changes.flat[number]):
                    break
                if source in {target, target + 1}:  # no move, or a duplicate of another adjacent swap
                    continue
                trial = self.apply(route, int(number), float(changes.flat[number]))
                second = self.predicted_changes(trial)
                best = int(second.argmin())
                if trial.change + second.flat[best] < route.change - DEEP_GAIN * self._constant:
                    route = self.descend(self.apply(trial, best, float(second.flat[best])))
                    # A return to an earlier order is a gain by rounding only. If the error is tiny compared to the
                    # model's values, as on degraded puzzles, no share of the error is a safe margin.
                    improved = route.perm.tobytes() not in met
                    met.add(route.perm.tobytes())
                    break
        return route

    def apply(self, route: Route, move: int, change: float) -> Route:
        """Make the move of number source K + target, which has this predicted change."""
        depth = self.depth
        source, target = divmod(move, depth)
        perm = route.perm
        block = perm[source]
        others = perm[source + 1 : target + 1] if target > source else perm[target:source]
        back = route.active[others, block]
        numbers = np.where(back, self._band.numbers[others, block], self._band.numbers[block, others])
        signs = np.where(route.active[block, others] | back, -1.0, 1.0)
        slope = route.slope + 2.0 * (signs.astype(np.float32) @ self._gram[numbers])
        active = route.active.copy()
        active[np.where(back, others, block), np.where(back, block, others)] = signs > 0
        return Route(np.insert(np.delete(perm, source), target, block), active, slope, route.change + change)

    def predicted_changes(self, route: Route) -> NDArray[np.float64]:
        """Predict the change of every move: K x K by position, 0 on the diagonal, infinite outside the band."""
        span, perm, starts = self._band.span, route.perm, self._band.starts
        positions = starts[:, None] + np.arange(span)
        mine, theirs = np.broadcast_to(perm[:, None], positions.shape), perm[positions]
        back = route.active[theirs, mine]
        ahead = np.where(back, self._band.numbers[theirs, mine], self._band.numbers[mine, theirs])
        signs = np.where(route.active[mine, theirs] | back, np.float32(-1.0), np.float32(1.0))
        image = np.zeros((self.depth, span + 1, span + 1))
        held = np.maximum(ahead, 0)
        own = self._gram.reshape(-1).take(held[:, :, None] * len(self._linear) + held[:, None, :])
        own *= signs[:, :, None]
        own *= signs[:, None, :]
        np.cumsum(own, axis=1, out=image[:, 1:, 1:], dtype=np.float64)
        np.cumsum(image[:, 1:, 1:], axis=2, out=image[:, 1:, 1:])
        linear, unknown = np.zeros((self.depth, span + 1)), np.zeros((self.depth, span + 1), dtype=np.int64)
        np.cumsum(signs * route.slope[held], axis=1, out=linear[:, 1:])
        np.cumsum(ahead < 0, axis=1, out=unknown[:, 1:])
        a, position, t = (
            np.arange(self.depth)[:, None],
            (np.arange(self.depth) - starts)[:, None],
            np.arange(span)[None, :],
        )
        low, high = np.where(t > position, position + 1, t), np.where(t > position, t + 1, position)
        square = image[a, high, high] - 2.0 * image[a, low, high] + image[a, low, low]
        predicted = np.where(unknown[a, high] > unknown[a, low], np.inf, linear[a, high] - linear[a, low] + square)
        changes = np.full((self.depth, self.depth), np.inf)
        np.put_along_axis(changes, positions, predicted, axis=1)
        return changes
