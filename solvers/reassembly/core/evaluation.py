"""Exact errors of assemblies on rows of data, and of orders that share a prefix with a known one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.reassembly.scoring.certificate import squared_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.puzzle import ReassemblyPuzzle

__all__ = ["HELD_BACK", "SOLVED", "Rows", "Walk", "order_mse", "split_rows"]

SOLVED = 1e-12
"""Share of the predictions' variance below which an error counts as rounding and a search ends. Hand-set.

Right assemblies reach 1e-13 and less. Exchanging two blocks that hardly interact can leave as little as 1e-11, so a
higher threshold would end searches one swap short.
"""

HELD_BACK = 1_000
"""Largest number of rows that are held back from the search to certify its result. Hand-set."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Some of a puzzle's rows.

    Attributes:
        inputs: n x d.
        targets: n x o, the network's own predictions.
        variance: variance of all the puzzle's predictions, the unit of error thresholds.
    """

    inputs: Tensor
    targets: Tensor
    variance: float

    @property
    def count(self) -> int:
        """Number of rows, n."""
        return self.inputs.shape[0]

    @property
    def floor(self) -> float:
        """Mean squared error below which an error counts as rounding and a search ends."""
        return SOLVED * self.variance

    def head(self, count: int) -> Rows:
        """Take the first rows."""
        return self.part(slice(count))

    def part(self, which: slice) -> Rows:
        """Take some of the rows, by their numbers."""
        return Rows(self.inputs[which], self.targets[which], self.variance)


def split_rows(puzzle: ReassemblyPuzzle, count: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Draw up to `count` rows to search with, and at most HELD_BACK other rows to certify with.

    A fifth of a small data set is held back, and at least one row; a single row is not held back.
    """
    total = puzzle.inputs.shape[0]
    held = min(HELD_BACK, max(total // 5, min(1, total - 1)))
    drawn = torch.from_numpy(rng.permutation(total))
    search, rest = drawn[: min(count, total - held)], drawn[total - held :]
    variance = puzzle.variance
    return (
        Rows(puzzle.inputs[search], puzzle.predictions[search], variance),
        Rows(puzzle.inputs[rest], puzzle.predictions[rest], variance),
    )


def order_mse(network: ResidualNetwork, rows: Rows, order: Sequence[int]) -> float:
    """Compute the exact mean squared error of a network's blocks run in an order."""
    h = rows.inputs
    for k in order:
        h = h + network.residual(k, h)
    return squared_error(network.read(h), rows.targets)


class Walk:
    """An order under search, with the states after each of its prefixes.

    Trying another order runs only the blocks from the first position where the two orders differ. Accepting it runs
    no block, since the trial's states are kept until the next trial. Errors equal those of a plain forward pass bit
    for bit.

    Attributes:
        network: paired blocks.
        rows: rows that errors are measured on.
        order: the accepted order.
        mse: its mean squared error.
    """

    def __init__(self, network: ResidualNetwork, rows: Rows, order: Sequence[int]) -> None:
        self.network = network
        self.rows = rows
        self.order: list[int] = []
        self.mse = math.inf
        self._states = [rows.inputs]
        self._trial: tuple[list[int], int, list[Tensor], float] | None = None
        self.attempt(order)
        self.accept()

    @property
    def depth(self) -> int:
        """Number of blocks, K."""
        return len(self.order)

    @property
    def solved(self) -> bool:
        """Whether the error is down to rounding."""
        return self.mse < self.rows.floor

    def attempt(self, order: Sequence[int]) -> float:
        """Measure another order without changing to it."""
        first = 0
        for old, new in zip(self.order, order, strict=False):
            if old != new:
                break
            first += 1
        h, tail = self._states[first], []
        for k in order[first:]:
            h = h + self.network.residual(k, h)
            tail.append(h)
        mse = squared_error(self.network.read(h), self.rows.targets)
        self._trial = (list(order), first, tail, mse)
        return mse

    def attempt_swap(self, a: int, b: int) -> float:
        """Measure the order with positions a and b exchanged."""
        order = self.order.copy()
        order[a], order[b] = order[b], order[a]
        return self.attempt(order)

    def attempt_move(self, source: int, target: int) -> float:
        """Measure the order with the block at `source` taken out and put in at `target`."""
        order = self.order.copy()
        order.insert(target, order.pop(source))
        return self.attempt(order)

    def accept(self) -> None:
        """Change to the order that was measured last."""
        if self._trial is not None:
            self.order, first, tail, self.mse = self._trial
            self._states[first + 1 :] = tail
            self._trial = None
