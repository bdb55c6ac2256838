"""Moves of a prefix and their predicted changes of its value, by the derivative of the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.core.activations import derivative_function
from solvers.reassembly.peeling.prefix import Move

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from solvers.reassembly.peeling.evidence import Slope
    from solvers.reassembly.peeling.prefix import Prefix, PrefixModel

__all__ = ["insertions", "relocations", "removals"]

FORWARD, BACKWARD = 16, 6
"""Largest number of positions by which a block moves towards the end of the prefix, and towards its start. Hand-set."""

PREDICTED_ROWS = 2_000
"""Approximate number of rows that relocations and removals are predicted on; insertions use all rows. Hand-set."""


def insertions(model: PrefixModel, prefix: Prefix, slope: Slope, *, back: int, count: int) -> list[Move]:
    """List the new blocks with the lowest predicted change, each at its best position.

    Args:
        model: of the prefix.
        prefix: to insert into.
        slope: of the evidence behind the prefix.
        back: positions before the end at which a block may be inserted.
        count: number of moves to list.
    """
    incoming, outgoing = model.free(prefix.blocks)
    start = max(0, len(prefix.blocks) - back)
    tail = prefix.blocks[start:]
    changes = torch.stack(
        [
            _insertion_changes(model, adjoint, states, incoming, outgoing)
            for adjoint, states in zip(*_window(model, prefix, slope, start, slice(None)), strict=True)
        ]
    )
    least, positions = (changes - model.prior[incoming][:, outgoing].to(changes.dtype)).min(dim=0)
    moves = []
    for number in least.flatten().argsort()[:count].tolist():
        a, b = divmod(number, len(outgoing))
        position = int(positions[a, b])
        moves.append(Move(float(least[a, b]), start + position, ((incoming[a], outgoing[b]), *tail[position:])))
    return moves


def relocations(model: PrefixModel, prefix: Prefix, slope: Slope, *, back: int) -> list[Move]:
    """List all moves of one of the last `back` blocks by a few positions."""
    start = max(0, len(prefix.blocks) - back)
    adjoints, states = _window(model, prefix, slope, start, _some(model))
    tail, moves = prefix.blocks[start:], []

    def predicted(position: int, reached: Tensor) -> float:
        return float((adjoints[position] * (reached - states[position])).sum())

    for source, block in enumerate(tail):
        without = states[source]
        for target in range(source + 1, min(len(tail), source + 1 + FORWARD)):
            without = model.advance(tail[target], without)
            moved = (*tail[source + 1 : target + 1], block, *tail[target + 1 :])
            moves.append(Move(predicted(target + 1, model.advance(block, without)), start + source, moved))
        # A move back by one position is the neighbour's move forward.
        for target in range(max(0, source - BACKWARD), source - 1):
            reached = model.advance(block, states[target])
            for passed in tail[target:source]:
                reached = model.advance(passed, reached)
            moved = (block, *tail[target:source], *tail[source + 1 :])
            moves.append(Move(predicted(source + 1, reached), start + target, moved))
    return moves


def removals(model: PrefixModel, prefix: Prefix, slope: Slope, *, back: int, bias: float) -> list[Move]:
    """List the removals of each of the last `back` blocks.

    Args:
        model: of the prefix.
        prefix: to remove from.
        slope: of the evidence behind the prefix.
        back: number of last blocks that may be removed.
        bias: mean of the exact change less the predicted change of insertions, in nats; a removal is the reverse
            of an insertion, so the bias is subtracted from its predicted change.
    """
    start = max(0, len(prefix.blocks) - back)
    adjoints, states = _window(model, prefix, slope, start, _some(model))
    moves = []
    for position, block in enumerate(prefix.blocks[start:]):
        insertion = float((adjoints[position + 1] * (states[position + 1] - states[position])).sum())
        predicted = float(model.prior[block]) - insertion - bias
        moves.append(Move(predicted, start + position, prefix.blocks[start + position + 1 :]))
    return moves


def _insertion_changes(
    model: PrefixModel,
    adjoint: Float[Tensor, "n d"],
    states: Float[Tensor, "n d"],
    incoming: list[int],
    outgoing: list[int],
) -> Float[Tensor, "I J"]:
    """Predict how the evidence changes if each pair of free halves acts as a block on some states."""
    net, sigma = model.halves, activation_function(model.halves.activation)
    depth, hidden, width = len(incoming), net.U.shape[1], net.U.shape[2]
    inner = torch.addmm(net.c[incoming].reshape(-1), states, net.U[incoming].reshape(-1, width).T)
    pulled = (adjoint.T @ sigma(inner)).view(width, depth, hidden)
    contribution = pulled.permute(1, 0, 2).reshape(depth, -1) @ net.V[outgoing].reshape(len(outgoing), -1).T
    return contribution + adjoint.sum(dim=0) @ net.e[outgoing].T


def _window(
    model: PrefixModel, prefix: Prefix, slope: Slope, start: int, rows: slice
) -> tuple[list[Tensor], list[Tensor]]:
    """Compute adjoints of the evidence and states before each block from `start` on, and at the end: n x d each."""
    net, derivative = model.halves, derivative_function(model.halves.activation)
    states = [model.cast(one[rows]) for one in prefix.states[start:]]
    adjoint = slope.states[rows] * (len(model.targets) / len(states[-1]))
    adjoints = [adjoint - adjoint.mean(dim=0)]
    for (i, j), before in zip(reversed(prefix.blocks[start:]), reversed(states[:-1]), strict=True):
        gate = derivative(torch.addmm(net.c[i], before, net.U[i].T))
        adjoints.append(torch.addmm(adjoints[-1], (adjoints[-1] @ net.V[j]) * gate, net.U[i]))
    return adjoints[::-1], states


def _some(model: PrefixModel) -> slice:
    return slice(None, None, max(1, model.rows // PREDICTED_ROWS))
