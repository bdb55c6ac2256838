"""Peeling reassembles networks from the data alone, also untrained networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.api import Context
from solvers.reassembly.core.evaluation import Rows
from solvers.reassembly.flagship.flagship import Flagship
from solvers.reassembly.peeling.peel import peel

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

ROWS = 2_000


def never() -> bool:
    return False


def ignore(_: str) -> None:
    pass


def dropped(network: ResidualNetwork, seed: int) -> tuple[ResidualNetwork, list[int], list[int], Rows]:
    """Shuffle the halves; give their true positions too."""
    rng = np.random.default_rng(seed)
    incoming, outgoing = (rng.permutation(network.depth).tolist() for _ in range(2))
    inputs = torch.randn(ROWS, network.U.shape[2], generator=torch.Generator().manual_seed(seed))
    targets = network(inputs)
    truth_in = [incoming.index(k) for k in range(network.depth)]
    truth_out = [outgoing.index(k) for k in range(network.depth)]
    return network.reordered(incoming, outgoing), truth_in, truth_out, Rows(inputs, targets, float(targets.var()))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_most_pairs_of_a_network_that_was_never_trained_are_found(
    activation: str, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(1, depth=7, activation=activation)
    halves, truth_in, truth_out, rows = dropped(network, 2)
    incoming, outgoing = peel(halves, rows, torch.zeros(7, 7), never, ignore)
    pairs = set(zip(incoming, outgoing, strict=True)) & set(zip(truth_in, truth_out, strict=True))

    assert len(pairs) >= 4  # of random pairs one is right


def test_several_outputs_are_used_together(make_network: Callable[..., ResidualNetwork]) -> None:
    halves, truth_in, truth_out, rows = dropped(make_network(1, depth=6, outputs=3), 3)

    assert peel(halves, rows, torch.zeros(6, 6), never, ignore) == (truth_in, truth_out)


def test_it_gives_the_same_bits_twice(make_network: Callable[..., ResidualNetwork]) -> None:
    halves, _, _, rows = dropped(make_network(4, depth=6), 4)
    notes: list[list[str]] = [[], []]
    found = [peel(halves, rows, torch.zeros(6, 6), never, note.append) for note in notes]

    assert found[0] == found[1]
    assert notes[0] == notes[1]


def test_without_time_the_prior_pairs_everything(make_network: Callable[..., ResidualNetwork]) -> None:
    halves, _, _, rows = dropped(make_network(0, depth=5), 0)
    believed = torch.eye(5)[[3, 0, 4, 1, 2]]
    incoming, outgoing = peel(halves, rows, believed, lambda: True, ignore)

    assert sorted(incoming) == list(range(5))
    assert [outgoing[incoming.index(i)] for i in range(5)] == [3, 0, 4, 1, 2]


@pytest.mark.parametrize("depth", [1, 2])
def test_the_smallest_networks_are_put_back(depth: int, make_network: Callable[..., ResidualNetwork]) -> None:
    halves, truth_in, truth_out, rows = dropped(make_network(0, depth=depth), 1)
    incoming, outgoing = peel(halves, rows, torch.zeros(depth, depth), never, ignore)

    assert incoming == truth_in
    assert outgoing == truth_out


@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh"])
def test_the_flagship_puts_back_what_was_never_trained(
    activation: str, make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    dropped = make_puzzle(make_network(5, depth=8, activation=activation), rows=2_000)
    logged: list[str] = []

    def log(text: str) -> None:
        logged.append(text)

    answer = Flagship().solve(dropped.puzzle, Context(seed=0, wall_s=60.0, log=log))

    assert answer.value == dropped.answer
    assert answer.certified
    assert any(line.startswith("peeling") for line in logged)
