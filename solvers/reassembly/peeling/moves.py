"""Changes of the front of a network that is being peeled, priced by the derivative of the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.core.activations import derivative_function
from solvers.reassembly.peeling.prefix import Change

if TYPE_CHECKING:
    from torch import Tensor

    from solvers.reassembly.peeling.evidence import Slope
    from solvers.reassembly.peeling.prefix import Front, Prefix

__all__ = ["moves", "news", "removals"]

FORWARD, BACKWARD = 16, 6
"""Places by which a block is moved."""

PRICED_ROWS = 2_000
"""Rows on which moves and removals are priced, about; new blocks are on all rows."""


def news(front: Front, prefix: Prefix, slope: Slope, *, back: int, count: int) -> list[Change]:
    """List `count` promising blocks to put in at the end or up to `back` places before it, each at its best place."""
    incoming, outgoing = front.free(prefix.blocks)
    start = max(0, len(prefix.blocks) - back)
    tail = prefix.blocks[start:]
    prices = torch.stack(
        [
            _prices(front, adjoint, states, incoming, outgoing)
            for adjoint, states in zip(*_window(front, prefix, slope, start, slice(None)), strict=True)
        ]
    )
    least, places = (prices - front.prior[incoming][:, outgoing].to(prices.dtype)).min(dim=0)
    changes = []
    for number in least.flatten().argsort()[:count].tolist():
        a, b = divmod(number, len(outgoing))
        place = int(places[a, b])
        blocks = (*tail[:place], (incoming[a], outgoing[b]), *tail[place:])
        changes.append(Change(float(least[a, b]), start + place, blocks[place:]))
    return changes


def moves(front: Front, prefix: Prefix, slope: Slope, *, back: int) -> list[Change]:
    """List all moves of the last blocks by a few places."""
    start = max(0, len(prefix.blocks) - back)
    adjoints, states = _window(front, prefix, slope, start, _some(front))
    tail, changes = prefix.blocks[start:], []

    def price(place: int, reached: Tensor) -> float:
        return float((adjoints[place] * (reached - states[place])).sum())

    for source, block in enumerate(tail):
        without = states[source]
        for target in range(source + 1, min(len(tail), source + 1 + FORWARD)):
            without = front.advance(tail[target], without)
            moved = (*tail[source + 1 : target + 1], block, *tail[target + 1 :])
            changes.append(Change(price(target + 1, front.advance(block, without)), start + source, moved))
        for target in range(max(0, source - BACKWARD), source - 1):  # by one place: the neighbour's move forward
            reached = front.advance(block, states[target])
            for passed in tail[target:source]:
                reached = front.advance(passed, reached)
            moved = (block, *tail[target:source], *tail[source + 1 :])
            changes.append(Change(price(source + 1, reached), start + target, moved))
    return changes


def removals(front: Front, prefix: Prefix, slope: Slope, *, back: int, overrated: float) -> list[Change]:
    """List the last blocks to be taken out; they were overrated by that much when they were put in."""
    start = max(0, len(prefix.blocks) - back)
    adjoints, states = _window(front, prefix, slope, start, _some(front))
    changes = []
    for place, block in enumerate(prefix.blocks[start:]):
        told = float((adjoints[place + 1] * (states[place + 1] - states[place])).sum())
        price = float(front.prior[block]) - told - overrated
        changes.append(Change(price, start + place, prefix.blocks[start + place + 1 :]))
    return changes


def _prices(front: Front, adjoint: Tensor, states: Tensor, incoming: list[int], outgoing: list[int]) -> Tensor:
    """Price every pair of free halves as a block that acts on some states, by what it does to the evidence."""
    net, sigma = front.halves, activation_function(front.halves.activation)
    depth, hidden, width = len(incoming), net.U.shape[1], net.U.shape[2]
    inner = torch.addmm(net.c[incoming].reshape(-1), states, net.U[incoming].reshape(-1, width).T)
    pulled = (adjoint.T @ sigma(inner)).view(width, depth, hidden)
    told = pulled.permute(1, 0, 2).reshape(depth, -1) @ net.V[outgoing].reshape(len(outgoing), -1).T
    return told + adjoint.sum(dim=0) @ net.e[outgoing].T


def _window(front: Front, prefix: Prefix, slope: Slope, start: int, rows: slice) -> tuple[list[Tensor], list[Tensor]]:
    """Give adjoints of the evidence and states before each block from `start` on, and at the end."""
    net, derivative = front.halves, derivative_function(front.halves.activation)
    states = [front.cast(one[rows]) for one in prefix.states[start:]]
    adjoint = slope.states[rows] * (len(front.targets) / len(states[-1]))
    adjoints = [adjoint - adjoint.mean(dim=0)]
    for (i, j), before in zip(reversed(prefix.blocks[start:]), reversed(states[:-1]), strict=True):
        gate = derivative(torch.addmm(net.c[i], before, net.U[i].T))
        adjoints.append(torch.addmm(adjoints[-1], (adjoints[-1] @ net.V[j]) * gate, net.U[i]))
    return adjoints[::-1], states


def _some(front: Front) -> slice:
    return slice(None, None, max(1, front.rows // PRICED_ROWS))
