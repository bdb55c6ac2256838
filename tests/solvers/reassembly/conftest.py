"""Networks small enough to train while the tests run, taken apart into puzzles."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from generator.reassembly.network.residual import ACTIVATIONS, ResidualNetwork
from generator.reassembly.puzzle import ReassemblyPuzzle, Roles

if TYPE_CHECKING:
    from collections.abc import Callable

DEPTH, WIDTH, HIDDEN = 8, 12, 24
WEIGHTS = ("U", "c", "V", "e", "head", "head_bias")


@dataclass(frozen=True, eq=False)
class Dropped:
    """A puzzle, its answer, and the network in its true order."""

    puzzle: ReassemblyPuzzle
    answer: list[int]
    network: ResidualNetwork


def random_network(
    seed: int, *, depth: int = 5, outputs: int = 1, activation: str = "relu", biases: bool = True
) -> ResidualNetwork:
    """Draw a network whose blocks matter, without training."""
    rng = torch.Generator().manual_seed(seed)

    def draw(*shape: int, scale: float) -> torch.Tensor:
        return scale * torch.randn(*shape, generator=rng)

    return ResidualNetwork(
        U=draw(depth, HIDDEN, WIDTH, scale=WIDTH**-0.5),
        c=draw(depth, HIDDEN, scale=0.3 if biases else 0.0),
        V=draw(depth, WIDTH, HIDDEN, scale=0.5 * HIDDEN**-0.5),
        e=draw(depth, WIDTH, scale=0.3 if biases else 0.0),
        head=draw(outputs, WIDTH, scale=WIDTH**-0.5),
        head_bias=draw(outputs, scale=0.3 if biases else 0.0),
        activation=activation,
    )


def drop(network: ResidualNetwork, *, rows: int = 600, seed: int = 0) -> Dropped:
    """Shuffle a network's pieces into a puzzle."""
    rng = np.random.default_rng(seed)
    inputs = torch.randn(rows, WIDTH, generator=torch.Generator().manual_seed(seed + 1))
    answer = [int(piece) for piece in rng.permutation(2 * network.depth + 1)]
    incoming, outgoing, head = answer[:-1:2], answer[1::2], answer[-1]
    return Dropped(
        ReassemblyPuzzle(
            roles=Roles(incoming=tuple(sorted(incoming)), outgoing=tuple(sorted(outgoing)), head=head),
            network=network.reordered(np.argsort(incoming).tolist(), np.argsort(outgoing).tolist()),
            inputs=inputs,
            predictions=network(inputs),
        ),
        answer,
        network,
    )


def train(*, activation: str = "relu", outputs: int = 1, steps: int = 600, seed: int = 2) -> ResidualNetwork:
    """Train a network whose outgoing weights grow with depth, as the published one's do.

    Deeper blocks start larger and learn faster, so that the published seeds are near the truth.
    """
    rng = torch.Generator().manual_seed(seed)
    start = random_network(seed, depth=DEPTH, outputs=outputs, activation=activation)
    growth = torch.logspace(-0.4, 0.2, DEPTH).view(-1, 1, 1)
    network = ResidualNetwork(
        U=nn.Parameter(0.6 * start.U),
        c=nn.Parameter(start.c),
        V=nn.Parameter(growth * start.V),
        e=nn.Parameter(growth[:, 0] * start.e),
        head=nn.Parameter(start.head),
        head_bias=nn.Parameter(start.head_bias),
        activation=activation,
    )
    blocks = [network.U, network.c, network.V, network.e]
    optimiser = torch.optim.Adam([*blocks, network.head, network.head_bias], lr=3e-3)
    directions = torch.randn(WIDTH, 2 * outputs, generator=rng) / WIDTH**0.5
    for _ in range(steps):
        x = torch.randn(64, WIDTH, generator=rng)
        waves = torch.sin(2.0 * x @ directions)
        loss = (network(x) - waves[:, :outputs] - waves[:, outputs:]).square().mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        for k, rate in enumerate(0.9 ** torch.arange(DEPTH - 1, -1, -1)):
            for block in blocks:
                assert block.grad is not None
                block.grad[k] *= rate
        optimiser.step()
    return dataclasses.replace(network, **{name: getattr(network, name).detach() for name in WEIGHTS})


def train_briefly(*, depth: int = 10, steps: int = 100, seed: int = 3) -> ResidualNetwork:
    """Train all blocks alike, for too few steps to see the pairs in the trace."""
    rng = torch.Generator().manual_seed(seed)
    start = random_network(seed, depth=depth, activation="tanh")
    weights: dict[str, Any] = {name: nn.Parameter(getattr(start, name)) for name in WEIGHTS}
    network = dataclasses.replace(start, **weights)
    optimiser = torch.optim.Adam(weights.values(), lr=3e-3)
    directions = torch.randn(WIDTH, 2, generator=rng) / WIDTH**0.5
    for _ in range(steps):
        x = torch.randn(64, WIDTH, generator=rng)
        loss = (network(x) - torch.sin(2.0 * x @ directions).sum(dim=1, keepdim=True)).square().mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    return dataclasses.replace(network, **{name: weight.detach() for name, weight in weights.items()})


def disguise(network: ResidualNetwork, seed: int) -> tuple[ResidualNetwork, list[int], list[int]]:
    """Number a network's halves anew: the halves, the true order of the incoming ones, and each one's partner."""
    rng = np.random.default_rng(seed)
    incoming, outgoing = rng.permutation(network.depth).tolist(), rng.permutation(network.depth).tolist()
    halves = network.reordered(incoming, outgoing)
    return halves, np.argsort(incoming).tolist(), [outgoing.index(block) for block in incoming]


@pytest.fixture(scope="session")
def trained() -> Dropped:
    """Give an easy puzzle for every published solver."""
    return drop(train(), rows=1_000)


@pytest.fixture(scope="session")
def trained_logits() -> Dropped:
    """Give the same with three outputs and a smooth activation."""
    return drop(train(activation="silu", outputs=3, steps=400, seed=0), rows=1_000)


@pytest.fixture(scope="session")
def young() -> Dropped:
    """Give ten blocks whose weights hardly show the pairs."""
    return drop(train_briefly(), rows=1_500)


@pytest.fixture(params=sorted(ACTIVATIONS))
def activation(request: pytest.FixtureRequest) -> str:
    """Give each activation in turn."""
    return str(request.param)


@pytest.fixture
def make_network() -> Callable[..., ResidualNetwork]:
    """Give `random_network`."""
    return random_network


@pytest.fixture
def make_puzzle() -> Callable[..., Dropped]:
    """Give `drop`."""
    return drop


@pytest.fixture
def make_halves() -> Callable[..., tuple[ResidualNetwork, list[int], list[int]]]:
    """Give `disguise`."""
    return disguise
