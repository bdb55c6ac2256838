"""Search orders near the current order: inversions of blocks at most a few positions apart, joined to moves.

Near the answer, blocks are at most a few positions off. So few of the K^2 inversions of `relocation.py` matter, and one
variable per pair of blocks is enough: whether the pair is inverted. The effect of exchanging neighbours is computed by
running both blocks, as for adjoint swaps. The effect of moving block a further, past x, is that of the relocation
model:

    A[a, a + 1]                   = g_{a+2} . (h'_{a+2} - h_{a+2}),
    A[a, a + 1] + ... + A[a, x]   = g_{x+1} . f_a(h_{x+1} - f_a(h_a)) - g_{a+1} . f_a(h_a),   x > a + 1.

A set z of inverted pairs has mean squared error |e|^2 / N + 2 b . z + z^T G z with G = A A^T / N, b = A e / N.
A joint search gains as much per round as several rounds of swaps judged one by one: neighbouring swaps cancel or double
each other's gain, and the Gram matrix accounts for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.core.adjoint import linearise

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.adjoint import Linearisation
    from solvers.reassembly.core.evaluation import Walk

__all__ = ["WindowSearch", "inverted_pairs", "pair_changes", "windowed_round"]

DAMPINGS = (0.3, 0.03, 2.0)
"""Dampings of inverted pairs, tried in turn until one leaves less than `SERVES` of the error. Hand-set."""

SERVES = 0.5
"""Share of the error above which the next damping is tried too. A smaller value tries more dampings. Hand-set."""

CHUNK = 1 << 18
"""Largest number of values in one intermediate array: 1 MiB in float32, so that the array stays in cache. Hand-set."""

FEWEST_ROWS = 64
"""Smallest number of rows in a chunk. All weights are read once per chunk and distance, so small chunks are slow.
Hand-set.
"""

LEAST_GAIN = 1e-6
"""Smallest predicted gain of a move, as a share of the current error. Hand-set."""

MOST_MOVES = 1_000
"""Largest number of moves in one search, so that rounding cannot make the search cycle forever. Hand-set."""


def windowed_round(walk: Walk, window: int) -> None:
    """Search the model around an order under the dampings in turn, until one of them lowers the error enough."""
    order, before = walk.order, walk.mse
    ordered = walk.network.reordered(order, order)
    around = linearise(ordered, walk.rows, range(walk.depth))
    search = WindowSearch(pair_changes(ordered, around, window), around.errors, walk.depth, window)
    best, lowest = order, before
    seen = [order]
    for damping in DAMPINGS:
        found = [order[t] for t in search.descend(damping)]
        if found in seen:
            continue
        seen.append(found)
        mse = walk.attempt(found)
        if mse < lowest - walk.rows.floor:
            best, lowest = found, mse
        if lowest < SERVES * before:
            break
    if best is not order:
        if best is not seen[-1]:
            walk.attempt(best)
        walk.accept()


def inverted_pairs(depth: int, window: int) -> NDArray[np.int64]:
    """Number the pairs of positions p < q <= p + window, distance by distance: K x K, -1 for all other pairs."""
    numbers = np.full((depth, depth), -1, dtype=np.int64)
    start = 0
    for distance in range(1, min(window, depth - 1) + 1):
        p = np.arange(depth - distance)
        numbers[p, p + distance] = numbers[p + distance, p] = start + p
        start += len(p)
    return numbers


def pair_changes(network: ResidualNetwork, around: Linearisation, window: int) -> Tensor:
    """Predict the effect of inverting each pair of positions on every output.

    Args:
        network: blocks in the order that was linearised.
        around: linearisation of the network.
        window: largest distance of a pair, in positions.

    Returns:
        Changes, pairs x (o n), output by output; pairs are numbered by `inverted_pairs`.
    """
    states, adjoints = torch.stack(around.states), torch.stack(around.adjoints)
    size = max(FEWEST_ROWS, CHUNK // (network.depth * max(network.U.shape[1], network.U.shape[2] * adjoints.shape[1])))
    parts = zip(torch.split(states, size, dim=1), torch.split(adjoints, size, dim=2), strict=True)
    return torch.cat([_changes(network, h, g, window) for h, g in parts], dim=2).flatten(1)


def _changes(network: ResidualNetwork, states: Tensor, adjoints: Tensor, window: int) -> Tensor:
    """Predict the changes on a chunk of rows: pairs x o x n."""
    depth = network.depth
    swapped = states[: depth - 1] + _steps(network, slice(1, depth), states[: depth - 1])
    swapped += _steps(network, slice(depth - 1), swapped)
    parts = [_effects(adjoints[2:], swapped - states[2:])]
    if window > 1:
        step = states[1:] - states[:-1]
        before = parts[0] + _effects(adjoints[1:-1], step[:-1])
        for distance in range(2, min(window, depth - 1) + 1):
            movers = slice(depth - distance)
            carried = _steps(network, movers, states[distance + 1 :] - step[movers])
            after = _effects(adjoints[distance + 1 :], carried)
            parts.append(after - before[movers])
            before = after
    return torch.cat(parts)


def _steps(network: ResidualNetwork, blocks: slice, states: Tensor) -> Tensor:
    """Compute f_k(h_k) for p blocks and p states in the same order: p x n x d."""
    sigma = activation_function(network.activation)
    active = sigma(torch.baddbmm(network.c[blocks, None], states, network.U[blocks].transpose(1, 2)))
    return torch.baddbmm(network.e[blocks, None], active, network.V[blocks].transpose(1, 2))


def _effects(adjoints: Tensor, steps: Tensor) -> Tensor:
    """Compute g . s for adjoints p x o x n x d and steps p x n x d: p x o x n."""
    return (adjoints * steps[:, None]).sum(dim=3)


class WindowSearch:
    """A quadratic model of inverted pairs, searched by moves of single blocks.

    Attributes:
        depth: number of blocks, K.
        window: largest distance of a pair, in positions.
    """

    def __init__(self, changes: Tensor, errors: Tensor, depth: int, window: int) -> None:
        """Take the changes of `pair_changes`, pairs x (o n), and the errors, n x o."""
        wrong = errors.T.reshape(-1)
        self.depth, self.window = depth, min(window, depth - 1)
        self._numbers = inverted_pairs(depth, window)
        self._gram = (changes @ changes.T).div_(len(wrong)).double().numpy()
        self._linear = (changes @ wrong).mul_(2.0 / len(wrong)).double().numpy()
        self._least = LEAST_GAIN * float(wrong.square().mean())

    def descend(self, damping: float) -> list[int]:
        """Make the best move repeatedly until no move lowers the penalised model.

        Args:
            damping: penalty of each inverted pair, as a multiple of its energy (its diagonal entry of the Gram matrix).

        Returns:
            The permutation: perm[t] = position whose block goes to position t.
        """
        energy = self._gram.diagonal()
        slope = self._linear + damping * energy
        signs = np.ones(len(slope))
        perm = list(range(self.depth))
        for _ in range(MOST_MOVES if self.window else 0):
            paths = self._paths(np.array(perm))
            changes = self._predicted_changes(paths, slope, signs)
            best = int(changes.argmin())
            if not changes.flat[best] < -self._least:
                break
            row, reach = divmod(best, self.window)
            inverted = paths[row, : reach + 1]
            slope += 2.0 * (signs[inverted] @ self._gram[inverted])
            signs[inverted] *= -1.0
            position, back = row % self.depth, row >= self.depth
            perm.insert(position - reach - 1 if back else position + reach + 1, perm.pop(position))
        return perm

    def _paths(self, perm: NDArray[np.int64]) -> NDArray[np.int64]:
        """List the pairs that each block inverts when it moves towards the end, then towards the start: 2K x W."""
        depth, window = self.depth, self.window
        padded = np.concatenate([perm, np.full(window, -1)])
        above = np.arange(depth)[:, None] + np.arange(1, window + 1)
        below = np.arange(depth)[:, None] - np.arange(1, window + 1)
        others = padded[np.concatenate([above, np.where(below < 0, depth, below)])]
        movers = np.concatenate([perm, perm])[:, None]
        return np.where(others < 0, -1, self._numbers[movers, others])

    def _predicted_changes(
        self, paths: NDArray[np.int64], slope: NDArray[np.float64], signs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Predict the change of every prefix of every path: 2K x W, infinite from the first unknown pair on."""
        known = np.minimum.accumulate(paths, axis=1) >= 0
        signed = signs[paths]
        pairs = self._gram[paths[:, :, None], paths[:, None, :]] * signed[:, :, None] * signed[:, None, :]
        square = pairs.cumsum(axis=1).cumsum(axis=2).diagonal(axis1=1, axis2=2)
        return np.where(known, (signed * slope[paths]).cumsum(axis=1) + square, np.inf)
