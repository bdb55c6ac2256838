"""The relocation model: the first-order effect on the output of moving any block to any position.

Let h_t be the states and g_t = d y_hat / d h_t the adjoints of the current order. Block a of the order reads h_a and
changes the output by about g_{a+1} . f_a(h_a). If block a is inserted after block x > a, it reads h_{x+1} without its
own earlier step. If block a is inserted before block x < a, it reads h_x, and the adjoint excludes the path through
the later step of a. The changes of the output are

    R[a, x > a] = g_{x+1} . f_a(h_{x+1} - f_a(h_a))       - g_{a+1} . f_a(h_a)
    R[a, x < a] = (g_x - Df_a(h_a)^T g_{a+1}) . f_a(h_x)  - g_{a+1} . f_a(h_a)

Let F[a, x] be the difference between R at x and R at the previous position on the way of block a. F[a, x] is the effect
of inverting a and x alone. For neighbours, F is the commutator of the two branches as vector fields, to first order.
Over a distance, F follows the change of f_a along the states; a commutator at one state does not. An order that differs
from the current order by a set z of inversions has the mean squared error

    |e|^2 / N - 2 b . z + z^T G z,    G = F F^T / N,    b = -F e / N,

with e = y_hat - y. `inversion_search.py` searches this model without running the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.core.activations import derivative_function
from solvers.reassembly.core.band import Band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.adjoint import Linearisation

__all__ = ["InversionModel", "inversion_features", "inversion_model", "move_changes", "step_contributions"]

CHUNK = 1 << 18
"""Largest number of values in one intermediate array: 1 MiB in float32, so that the array stays in cache. Hand-set."""


@dataclass(frozen=True, eq=False)
class InversionModel:
    """Predicted error of sets of inversions: constant - 2 linear . z + z^T gram z.

    Inversions are numbered in a band around every block's position. If the band holds all positions, the inversion in
    which block a moves past block x has the number a K + x. Inversions with a = x are void.

    Attributes:
        gram: Gram matrix of the inversions' effects, P x P.
        linear: linear term, P.
        constant: mean squared error of the current order.
        depth: number of blocks, K.
    """

    gram: Tensor
    linear: Tensor
    constant: float
    depth: int

    @property
    def band(self) -> Band:
        """The band of inversions that the model holds."""
        return Band(self.depth, len(self.linear) // self.depth)


def inversion_model(
    network: ResidualNetwork, around: Linearisation, order: Sequence[int], band: Band | None = None
) -> InversionModel:
    """Build the model around a linearised order."""
    features = _banded_features(network, around, order, band or Band.fitting(len(order)))
    errors = around.errors.T.reshape(-1)
    count = errors.shape[0]
    gram = (features @ features.T).div_(count)
    linear = (features @ errors).div_(-count)
    return InversionModel(gram, linear, around.mse, len(order))


def inversion_features(network: ResidualNetwork, around: Linearisation, order: Sequence[int]) -> Tensor:
    """Compute the change of every output, output by output, for every inversion: K^2 x (o n)."""
    return _banded_features(network, around, order, Band(len(order), len(order)))


def _banded_features(network: ResidualNetwork, around: Linearisation, order: Sequence[int], band: Band) -> Tensor:
    """Compute the change of every output for every inversion in a band: (K L) x (o n)."""
    states, adjoints = torch.stack(around.states), torch.stack(around.adjoints, dim=1)
    outputs, _, rows, _ = adjoints.shape
    features = torch.zeros(len(order), band.span, outputs, rows, dtype=states.dtype)
    for a, block in enumerate(order):
        _inversions(network, block, (states, adjoints, a), features[a], band.start(a))
    return features.view(len(order) * band.span, outputs * rows)


def move_changes(network: ResidualNetwork, around: Linearisation, order: Sequence[int]) -> Tensor:
    """Predict the change of the mean squared error for every move of one block, K x K by source and target position.

    The values equal those of single moves in `inversion_search.py`. The Gram matrix for joint moves is not computed.
    """
    states, adjoints = torch.stack(around.states), torch.stack(around.adjoints, dim=1)
    depth, errors = len(order), around.errors.T
    changes = torch.zeros(depth, depth, dtype=states.dtype)
    for a, block in enumerate(order):
        effects = torch.zeros(depth, *errors.shape, dtype=states.dtype)
        _inversions(network, block, (states, adjoints, a), effects, 0)
        effects[a + 1 :] = effects[a + 1 :].cumsum(dim=0)
        effects[:a] = effects[:a].flip(0).cumsum(dim=0).flip(0)
        changes[a] = (effects * (effects + 2.0 * errors)).mean(dim=(1, 2))
    return changes


def _inversions(network: ResidualNetwork, block: int, at: tuple[Tensor, Tensor, int], out: Tensor, low: int) -> None:
    """Write the effects on the outputs of moving a block past each position from `low` on, p x o x n.

    Args:
        network: network that holds the block.
        block: number of the block.
        at: states and adjoints of the order, and the position of the block.
        out: array of zeros to write into.
        low: first position.
    """
    states, adjoints, a = at
    high, own = low + len(out), a - low
    step = states[a + 1] - states[a]
    now = (adjoints[:, a + 1] * step).sum(dim=2)
    if a + 1 < high:
        values = step_contributions(network, block, states[a + 2 : high + 1] - step, adjoints[:, a + 2 : high + 1])
        out[own + 1 :] = values.transpose(0, 1)
        out[own + 2 :] -= values[:, :-1].transpose(0, 1)
        out[own + 1] -= now
    if a > low:
        pulled = _pull_back(network, block, states[a], adjoints[:, a + 1])
        values = step_contributions(network, block, states[low:a], adjoints[:, low:a] - pulled[:, None])
        out[:own] = values.transpose(0, 1)
        out[: own - 1] -= values[:, 1:].transpose(0, 1)
        out[own - 1] -= now


def step_contributions(network: ResidualNetwork, block: int, states: Tensor, adjoints: Tensor) -> Tensor:
    """Compute g . f_block(h): states p x n x d and adjoints o x p x n x d give o x p x n."""
    positions, rows, width = states.shape
    flat, pulls = states.reshape(-1, width), adjoints.reshape(len(adjoints), -1, width)
    out = torch.empty(len(adjoints), positions * rows, dtype=states.dtype)
    size = max(1, CHUNK // network.U.shape[1])
    for start in range(0, len(flat), size):
        part = slice(start, start + size)
        steps = network.residual(block, flat[part])
        for c, pull in enumerate(pulls):
            torch.sum(pull[part] * steps, dim=1, out=out[c, part])
    return out.view(len(adjoints), positions, rows)


def _pull_back(network: ResidualNetwork, block: int, h: Tensor, adjoints: Tensor) -> Tensor:
    """Compute Df(h)^T g for states n x d and adjoints o x n x d."""
    derivative = derivative_function(network.activation)
    slopes = derivative(torch.addmm(network.c[block], h, network.U[block].T))
    return ((adjoints @ network.V[block]) * slopes) @ network.U[block]
