"""The solver `deep-relu` against hidden networks with two hidden layers."""

from __future__ import annotations

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.relu.deep_relu import DeepRelu
from tests.solvers.recovery.hidden import active_puzzle, teacher
from tests.solvers.recovery.relu.comparing import weight_error


@pytest.mark.parametrize("box", [None, 100.0])
@pytest.mark.parametrize("widths", [(10, 5, 5, 1), (20, 10, 10, 1), (12, 8, 14, 2)])
def test_recovers_two_hidden_layers(widths: tuple[int, ...], box: float | None) -> None:
    network = _drawn(*widths, seed=6)
    puzzle = active_puzzle(network, box=box)
    answer = DeepRelu().solve(puzzle, Context(seed=1, oracle=puzzle.oracle))
    assert answer.certified
    assert weight_error(network, network_of(puzzle, answer.value)) < 1e-8


def test_a_unit_that_is_always_on_is_folded_exactly() -> None:
    network = _drawn(10, 5, 6, 1, seed=3)
    weight = network.weights[1].copy()
    weight[2] = np.abs(weight[2])
    bias = network.biases[1].copy()
    bias[2] = 1.0
    folded = MLP((network.weights[0], weight, network.weights[2]), (network.biases[0], bias, network.biases[2]), "relu")
    puzzle = active_puzzle(folded, box=None)
    answer = DeepRelu().solve(puzzle, Context(seed=1, oracle=puzzle.oracle))
    inputs = 3 * np.random.default_rng(5).standard_normal((200, 10))
    assert np.abs(network_of(puzzle, answer.value)(inputs) - folded(inputs)).max() < 1e-8
    assert "always-on" in answer.note


def test_one_hidden_layer_works_too() -> None:
    network = teacher(6, 9, 1, activation="relu", seed=0)
    puzzle = active_puzzle(network)
    answer = DeepRelu().solve(puzzle, Context(seed=0, oracle=puzzle.oracle))
    assert weight_error(network, network_of(puzzle, answer.value)) < 1e-11


def test_an_expanding_first_layer_is_peeled() -> None:
    network = _drawn(4, 6, 3, 1, seed=0)
    puzzle = active_puzzle(network, box=None)
    answer = DeepRelu().solve(puzzle, Context(seed=0, oracle=puzzle.oracle))
    inputs = np.random.default_rng(5).standard_normal((200, 4))
    assert np.abs(network_of(puzzle, answer.value)(inputs) - network(inputs)).max() < 1e-6


def _drawn(*widths: int, seed: int) -> MLP:
    """Draw a network with unit-scale rows; rules about its condition are left out, which saves time."""
    return teacher(*widths, activation="relu", seed=seed, worst_condition=None)
