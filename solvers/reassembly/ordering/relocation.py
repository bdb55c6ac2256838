"""The relocation model: what taking any block out and putting it in elsewhere does to the output.

With states h_t and adjoints g_t = d y_hat / d h_t of the current order, block a of the order reads
h_a and moves the output by about g_{a+1} . f_a(h_a). Put in after block x > a instead, it reads
h_{x+1} without its own earlier step, and before block x < a it reads h_x, while its own later step no
longer answers to it:

    R[a, x > a] = g_{x+1} . f_a(h_{x+1} - f_a(h_a))       - g_{a+1} . f_a(h_a)
    R[a, x < a] = (g_x - Df_a(h_a)^T g_{a+1}) . f_a(h_x)  - g_{a+1} . f_a(h_a)

The difference F[a, x] between R at x and at the position before it on a's way is what inverting a and x alone
does. For neighbours it is the commutator of the two branches as vector fields, to first order; over
a distance it follows how f_a changes along the states, which the commutator taken at one state does
not. An order that differs from the current one by a set z of inversions has mean squared error

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
"""Numbers that one intermediate array may hold: 1 MiB in float32, so that it stays in cache."""


@dataclass(frozen=True, eq=False)
class InversionModel:
    """Predicted error of sets of inversions: constant - 2 linear . z + z^T gram z.

    Inversions are numbered in a band around every block's position: block a passing block x has number a K + x where
    the band holds all positions. Inversions with a = x are void.

    Attributes:
        gram: P x P.
        linear: P.
        constant: mean squared error of the current order.
        depth: K.
    """

    gram: Tensor
    linear: Tensor
    constant: float
    depth: int

    @property
    def band(self) -> Band:
        """Which inversions the model holds."""
        return Band(self.depth, len(self.linear) // self.depth)


def inversion_model(
    network: ResidualNetwork, around: Linearisation, order: Sequence[int], band: Band | None = None
) -> InversionModel:
    """Build the model around an order that was linearised with an adjoint for every output."""
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
    """Predict the change of the mean squared error for every move of one block, K x K from position to position.

    The predicted changes of single moves in `inversion_search.py`, without the Gram matrix that joint moves need.
    """
    states, adjoints = torch.stack(around.states), torch.stack(around.adjoints, dim=1)
    depth, errors = len(order), around.errors.T
    changes = torch.zeros(depth, depth, dtype=states.dtype)
    for a, block in enumerate(order):
        passed = torch.zeros(depth, *errors.shape, dtype=states.dtype)
        _inversions(network, block, (states, adjoints, a), passed, 0)
        passed[a + 1 :] = passed[a + 1 :].cumsum(dim=0)
        passed[:a] = passed[:a].flip(0).cumsum(dim=0).flip(0)
        changes[a] = (passed * (passed + 2.0 * errors)).mean(dim=(1, 2))
    return changes


def _inversions(network: ResidualNetwork, block: int, at: tuple[Tensor, Tensor, int], out: Tensor, low: int) -> None:
    """Write into p x o x n what a block does to the outputs by moving past each of the positions from `low` on.

    Args:
        network: of the block.
        block: its number.
        at: states and adjoints of the order, and the block's position.
        out: to write into, zeros.
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
