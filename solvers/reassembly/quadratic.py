"""Search over orders on a quadratic model of their passings; no network is run.

An order arises from the current one by taking blocks out and putting them in elsewhere. A block that
moves passes others, and each passing is a feature of the model: (a, x) where a passed x, or (x, a)
where x passed a before, which a's way back undoes. All K (K - 1) moves are priced at once: the sums of
the Gram matrix over the blocks passed are differences of an integral image, so a step costs K^3 additions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.reassembly.relocation import PassingModel

__all__ = ["PassingSearch"]

LEAST_GAIN = 1e-9
"""Share of the present error that a move must gain."""


class PassingSearch:
    """A model of passings, ready to be searched again and again under other trust regions.

    Attributes:
        model: around the order that is the identity here.
        depth: number of blocks, K.
    """

    def __init__(self, model: PassingModel) -> None:
        self.model = model
        self.depth = model.depth
        self._gram = model.gram.numpy()
        self._linear = model.linear.double().numpy()
        self._energy = self._gram.diagonal().astype(np.float64)

    def descend(self, trust: float, max_moves: int = 2_000) -> tuple[list[int], float]:
        """Apply the best move again and again until none lowers the penalised model.

        Args:
            trust: each passing costs this many times its own energy G_ii besides.
            max_moves: at most.

        Returns:
            The permutation, perm[t] = block that goes to position t, and its predicted error without the penalty.
        """
        depth = self.depth
        perm = np.arange(depth)
        active = np.zeros((depth, depth), dtype=bool)
        slope = -2.0 * self._linear
        error, least = self.model.constant, LEAST_GAIN * self.model.constant
        penalty = trust * self._energy
        for _ in range(max_moves):
            change = self._prices(perm, active, slope + penalty)
            best = int(change.argmin())
            if not change.flat[best] < -least:
                break
            source, target = divmod(best, depth)
            block = perm[source]
            others = perm[source + 1 : target + 1] if target > source else perm[target:source]
            back = active[others, block]
            numbers = np.where(back, others * depth + block, block * depth + others)
            signs = np.where(active[block, others] | back, -1.0, 1.0)
            turned = signs.astype(np.float32) @ self._gram[numbers]
            error += float(signs @ slope[numbers] + signs @ turned[numbers])
            slope += 2.0 * turned
            active.flat[numbers] = signs > 0
            perm = np.insert(np.delete(perm, source), target, block)
        return [int(t) for t in perm], error

    def single_moves(self) -> NDArray[np.float64]:
        """Predict the change of error for every single move: K x K, from source to target."""
        none = np.zeros((self.depth, self.depth), dtype=bool)
        return self._prices(np.arange(self.depth), none, -2.0 * self._linear)

    def _prices(
        self, perm: NDArray[np.int64], active: NDArray[np.bool_], slope: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Price moves from position to position; `slope` holds the linear terms of switching a passing on."""
        depth = self.depth
        forth, back = active[np.ix_(perm, perm)], active[np.ix_(perm, perm)].T
        numbers = np.where(back, perm[None, :] * depth + perm[:, None], perm[:, None] * depth + perm[None, :])
        signs = np.where(forth | back, -1.0, 1.0)
        # Switching a passing off gives its penalty back: slope holds it with the same sign as its use.
        linear = signs * slope[numbers]
        own = self._gram.reshape(-1)[numbers[:, :, None] * (depth * depth) + numbers[:, None, :]]
        image = np.zeros((depth, depth + 1, depth + 1))
        np.multiply(own, signs[:, :, None] * signs[:, None, :], out=image[:, 1:, 1:])
        np.cumsum(image, axis=1, out=image)
        np.cumsum(image, axis=2, out=image)
        sums = np.zeros((depth, depth + 1))
        np.cumsum(linear, axis=1, out=sums[:, 1:])
        a, t = np.arange(depth)[:, None], np.arange(depth)[None, :]
        low, high = np.where(t > a, a + 1, t), np.where(t > a, t + 1, a)
        square = image[a, high, high] - 2.0 * image[a, low, high] + image[a, low, low]
        return np.asarray(sums[a, high] - sums[a, low] + square)
