"""The relocation model: what taking any block out and putting it in elsewhere does to the output.

With states h_t and adjoints g_t = d y_hat / d h_t of the current order, block a of the order reads
h_a and moves the output by about g_{a+1} . f_a(h_a). Put in after block x > a instead, it reads
h_{x+1} without its own earlier step, and before block x < a it reads h_x, while its own later step no
longer answers to it:

    R[a, x > a] = g_{x+1} . f_a(h_{x+1} - f_a(h_a))       - g_{a+1} . f_a(h_a)
    R[a, x < a] = (g_x - Df_a(h_a)^T g_{a+1}) . f_a(h_x)  - g_{a+1} . f_a(h_a)

The difference F[a, x] between R at x and at the place before it on a's way is what passing x alone
does. For neighbours it is the commutator of the two branches as vector fields, to first order; over
a distance it follows how f_a changes along the states, which the commutator taken at one state does
not. An order that differs from the current one by a set z of passings has mean squared error

    |e|^2 / N - 2 b . z + z^T G z,    G = F F^T / N,    b = -F e / N,

with e = y_hat - y. `quadratic.py` searches this model without running the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.activations import derivative_function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from generator.reassembly.network import ResidualNetwork
    from solvers.reassembly.adjoint import Linearisation

__all__ = ["PassingModel", "passing_features", "passing_model", "step_contributions"]

CHUNK = 1 << 18
"""Numbers that one intermediate array may hold: 1 MiB in float32, so that it stays in cache."""


@dataclass(frozen=True, eq=False)
class PassingModel:
    """Predicted error of sets of passings: constant - 2 linear . z + z^T gram z.

    The passing of block x by block a has number a K + x; those with a = x are void.

    Attributes:
        gram: K^2 x K^2.
        linear: K^2.
        constant: mean squared error of the current order.
        depth: K.
    """

    gram: Tensor
    linear: Tensor
    constant: float
    depth: int


def passing_model(network: ResidualNetwork, around: Linearisation, order: Sequence[int]) -> PassingModel:
    """Build the model around an order that was linearised with an adjoint for every output."""
    features = passing_features(network, around, order)
    errors = around.errors.T.reshape(-1)
    count = errors.shape[0]
    gram = (features @ features.T).div_(count)
    linear = (features @ errors).div_(-count)
    return PassingModel(gram, linear, around.mse, len(order))


def passing_features(network: ResidualNetwork, around: Linearisation, order: Sequence[int]) -> Tensor:
    """Compute the change of every output, output by output, for every passing: K^2 x (o n)."""
    depth = len(order)
    states = torch.stack(around.states)
    adjoints = torch.stack(around.adjoints, dim=1)
    outputs, _, rows, _ = adjoints.shape
    features = torch.zeros(depth, depth, outputs, rows, dtype=states.dtype)
    for a, block in enumerate(order):
        step = states[a + 1] - states[a]
        now = (adjoints[:, a + 1] * step).sum(dim=2)
        if a + 1 < depth:
            values = step_contributions(network, block, states[a + 2 :] - step, adjoints[:, a + 2 :])
            features[a, a + 1 :] = values.transpose(0, 1)
            features[a, a + 2 :] -= values[:, :-1].transpose(0, 1)
            features[a, a + 1] -= now
        if a > 0:
            pulled = _pull_back(network, block, states[a], adjoints[:, a + 1])
            values = step_contributions(network, block, states[:a], adjoints[:, :a] - pulled[:, None])
            features[a, :a] = values.transpose(0, 1)
            features[a, : a - 1] -= values[:, 1:].transpose(0, 1)
            features[a, a - 1] -= now
    return features.view(depth * depth, outputs * rows)


def step_contributions(network: ResidualNetwork, block: int, states: Tensor, adjoints: Tensor) -> Tensor:
    """Compute g . f_block(h): states p x n x d and adjoints o x p x n x d give o x p x n."""
    places, rows, width = states.shape
    flat, pulls = states.reshape(-1, width), adjoints.reshape(len(adjoints), -1, width)
    out = torch.empty(len(adjoints), places * rows, dtype=states.dtype)
    size = max(1, CHUNK // network.U.shape[1])
    for start in range(0, len(flat), size):
        part = slice(start, start + size)
        steps = network.residual(block, flat[part])
        for c, pull in enumerate(pulls):
            torch.sum(pull[part] * steps, dim=1, out=out[c, part])
    return out.view(len(adjoints), places, rows)


def _pull_back(network: ResidualNetwork, block: int, h: Tensor, adjoints: Tensor) -> Tensor:
    """Compute Df(h)^T g for states n x d and adjoints o x n x d."""
    derivative = derivative_function(network.activation)
    slopes = derivative(torch.addmm(network.c[block], h, network.U[block].T))
    return ((adjoints @ network.V[block]) * slopes) @ network.U[block]
