"""Neighbours of an assembly (one block moved, or two halves exchanged) and their predictions, in batches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["Neighbour", "nearest_neighbours", "neighbours", "predictions_of"]

SCREEN_ROWS = 64
"""Predictions (rows x outputs) on which all neighbours are evaluated; the best are then evaluated on all rows.
Hand-set; cost rises with it, and the risk of missing the likeliest neighbour falls."""

CHUNK_NUMBERS = 1 << 22
"""Largest number of float values in the batched states; bounds memory at 16 MiB in float32. Hand-set."""


@dataclass(frozen=True)
class Neighbour:
    """An assembly that differs from another one in a window of positions.

    Attributes:
        kind: "move", "exchange of incoming halves" or "exchange of outgoing halves".
        first: position where the window begins.
        incoming: positions, in the other assembly, of the incoming halves that the window holds.
        outgoing: the same for the outgoing halves.
    """

    kind: str
    first: int
    incoming: tuple[int, ...]
    outgoing: tuple[int, ...]

    @property
    def last(self) -> int:
        """Position where the window ends."""
        return self.first + len(self.incoming) - 1

    def assembly(self, depth: int) -> tuple[list[int], list[int]]:
        """Give the positions of all halves in the other assembly, incoming and outgoing, as `reordered` takes them."""
        before, after = range(self.first), range(self.last + 1, depth)
        return [*before, *self.incoming, *after], [*before, *self.outgoing, *after]


def neighbours(depth: int, reach: int) -> Iterator[Neighbour]:
    """List every move of a block by up to `reach` positions, and every exchange of two halves as close, once."""
    for a, b in combinations(range(depth), 2):
        if b - a > reach:
            continue
        window, between = tuple(range(a, b + 1)), tuple(range(a + 1, b))
        right, left = (*between, b, a), (b, a, *between)
        yield Neighbour("move", a, right, right)
        if b > a + 1:  # for adjacent blocks both moves are the same
            yield Neighbour("move", a, left, left)
        exchanged = (b, *between, a)
        yield Neighbour("exchange of incoming halves", a, exchanged, window)
        yield Neighbour("exchange of outgoing halves", a, window, exchanged)


def nearest_neighbours(
    network: ResidualNetwork, inputs: Tensor, targets: Tensor, reach: int, count: int
) -> list[Neighbour]:
    """Find the neighbours with the smallest errors on a few rows, without neighbours that overflow."""
    candidates = list(neighbours(network.depth, reach))
    few = max(1, SCREEN_ROWS // targets.shape[1])
    errors = (predictions_of(network, candidates, inputs[:few]) - targets[:few]).double().square().mean(dim=(1, 2))
    order = torch.argsort(errors, stable=True)[:count].tolist()  # nan comes last
    return [candidates[j] for j in order if math.isfinite(float(errors[j]))]


def predictions_of(network: ResidualNetwork, candidates: Sequence[Neighbour], x: Tensor) -> Tensor:
    """Predict with neighbours of an assembly: inputs n x d give J x n x o.

    Before a window, a neighbour has the states of the assembly. After the window, the states of many neighbours run
    through each block together, as rows of one product.
    """
    rows, outputs = len(x), len(network.head)
    out = torch.empty(len(candidates), rows, outputs, dtype=x.dtype)
    states = network.states(x)
    by_end = sorted(range(len(candidates)), key=lambda j: candidates[j].last)
    size = max(1, CHUNK_NUMBERS // (rows * network.U.shape[1]))
    for start in range(0, len(by_end), size):
        part = by_end[start : start + size]
        pool = torch.empty(len(part) * rows, x.shape[1], dtype=x.dtype)
        reached = 0
        for count, j in enumerate(part):
            neighbour, end = candidates[j], count * rows
            for k in range(reached, neighbour.last + 1) if count else ():
                pool[:end] += network.residual(k, pool[:end])
            reached = neighbour.last + 1
            window = network.reordered(neighbour.incoming, neighbour.outgoing)
            pool[end : end + rows] = window.hidden(states[neighbour.first])
        out[part] = network.read(network.hidden(pool, reached)).view(len(part), rows, outputs)
    return out
