"""Orders near the present one: the inversions of blocks at most a few positions apart, and moves made of them.

Near the answer hardly any block is more than a few positions off, so of the K^2 inversions of `relocation.py` few
matter, and one number per pair of blocks does: whether it is inverted. The exchange of neighbours is priced by
running both blocks, as adjoint swaps are; what block a does when it is carried on past x is the relocation model's:

    A[a, a + 1]                   = g_{a+2} . (h'_{a+2} - h_{a+2}),
    A[a, a + 1] + ... + A[a, x]   = g_{x+1} . f_a(h_{x+1} - f_a(h_a)) - g_{a+1} . f_a(h_a),   x > a + 1.

A set z of inverted pairs has mean squared error |e|^2 / N + 2 b . z + z^T G z with G = A A^T / N, b = A e / N.
Searching that jointly is what makes a round worth several of swaps that are judged one by one: neighbouring
swaps undo or double each other's gain, and the Gram matrix knows.
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
"""Penalties on inverted pairs that are tried until one serves."""

SERVES = 0.5
"""Share of the error that a penalty must leave at most, or the next one is tried as well."""

CHUNK = 1 << 18
"""Numbers that one intermediate array may hold: 1 MiB in float32, so that it stays near the processor."""

FEWEST_ROWS = 64
"""Rows of a chunk at least: the weights of all blocks are read once for every chunk and distance."""

LEAST_GAIN = 1e-6
"""Share of the present error that a move must gain."""

MOST_MOVES = 1_000
"""Moves that one search may make; rounding cannot lead it round in circles for ever."""


def windowed_round(walk: Walk, window: int) -> None:
    """Search the model around an order under one damping region after the other until one serves well."""
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
    """Number the pairs of positions p < q <= p + window, distance by distance: K x K, -1 where there is none."""
    numbers = np.full((depth, depth), -1, dtype=np.int64)
    start = 0
    for distance in range(1, min(window, depth - 1) + 1):
        p = np.arange(depth - distance)
        numbers[p, p + distance] = numbers[p + distance, p] = start + p
        start += len(p)
    return numbers


def pair_changes(network: ResidualNetwork, around: Linearisation, window: int) -> Tensor:
    """Predict what inverting each pair of positions does to every output.

    Args:
        network: blocks in the order that was linearised.
        around: its linearisation.
        window: positions that a pair may be apart.

    Returns:
        Changes, pairs x (o n), output by output, the pairs as `inverted_pairs` numbers them.
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
    """Compute f_k(h_k) for blocks and states stacked alike: p x n x d."""
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
        window: positions that a pair may be apart.
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
        """Make the best move again and again until none lowers the penalised model.

        Args:
            damping: each inverted pair costs this many times its own energy besides.

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
            passed = paths[row, : reach + 1]
            slope += 2.0 * (signs[passed] @ self._gram[passed])
            signs[passed] *= -1.0
            position, back = row % self.depth, row >= self.depth
            perm.insert(position - reach - 1 if back else position + reach + 1, perm.pop(position))
        return perm

    def _paths(self, perm: NDArray[np.int64]) -> NDArray[np.int64]:
        """List the pairs that the block at every position inverts on its way up, then on its way down: 2K x W."""
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
        """Predict the change of every path's beginnings: 2K x W, infinite from the first unknown pair on."""
        known = np.minimum.accumulate(paths, axis=1) >= 0
        signed = signs[paths]
        pairs = self._gram[paths[:, :, None], paths[:, None, :]] * signed[:, :, None] * signed[:, None, :]
        square = pairs.cumsum(axis=1).cumsum(axis=2).diagonal(axis1=1, axis2=2)
        return np.where(known, (signed * slope[paths]).cumsum(axis=1) + square, np.inf)
