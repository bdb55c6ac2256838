"""The solver `kinks` against hidden networks with one hidden layer."""

from __future__ import annotations

import numpy as np
import pytest

from generator.errors import UnsupportedPuzzleError
from generator.recovery.network.mlp import MLP
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.relu.kinks import Kinks
from tests.solvers.recovery.hidden import active_puzzle, passive_puzzle, teacher
from tests.solvers.recovery.relu.comparing import weight_error


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("widths", [(8, 16, 1), (4, 8, 3), (2, 6, 1)])
def test_recovers_every_weight(widths: tuple[int, ...], activation: str) -> None:
    network = teacher(*widths, activation=activation, seed=1)
    puzzle = active_puzzle(network, budget=10_000)
    answer = Kinks().solve(puzzle, Context(seed=3, oracle=puzzle.oracle))
    assert answer.certified
    assert weight_error(network, network_of(puzzle, answer.value)) < 1e-11


def test_recovers_a_network_of_any_scale() -> None:
    network = teacher(5, 9, 1, activation="relu", seed=2)
    far = MLP(network.weights, (1000 * network.biases[0], network.biases[1]), "relu")
    puzzle = active_puzzle(far, box=None, input_scale=1000.0)
    answer = Kinks().solve(puzzle, Context(seed=0, oracle=puzzle.oracle))
    assert weight_error(far, network_of(puzzle, answer.value)) < 1e-11


def test_a_unit_that_is_always_on_in_the_box_is_folded_exactly() -> None:
    network = teacher(6, 8, 1, activation="relu", seed=4)
    biases = network.biases[0].copy()
    biases[2] = 1000.0
    folded = MLP(network.weights, (biases, network.biases[1]), "relu")
    puzzle = active_puzzle(folded, box=10.0)
    answer = Kinks().solve(puzzle, Context(seed=0, oracle=puzzle.oracle))
    found = network_of(puzzle, answer.value)
    inputs = np.random.default_rng(5).uniform(-10, 10, (200, 6))
    assert np.abs(found(inputs) - folded(inputs)).max() < 1e-9
    assert not answer.certified


def test_a_spent_budget_ends_the_search() -> None:
    puzzle = active_puzzle(teacher(8, 16, 1, activation="relu", seed=1), budget=1000)
    answer = Kinks().solve(puzzle, Context(seed=0, oracle=puzzle.oracle))
    assert not answer.certified


@pytest.mark.parametrize(
    ("activation", "precision", "most"),
    [
        ("relu", "4 decimals", 1e-5),
        ("leaky_relu", "4 decimals", 1e-5),
        ("relu", "3 decimals", 1e-4),
        ("relu", "float32", 1e-7),
    ],
)
def test_rounded_outputs_are_fitted_within_their_bounds(activation: str, precision: str, most: float) -> None:
    network = teacher(6, 8, 1, activation=activation, seed=3)
    puzzle = active_puzzle(network, precision=precision, budget=12_000)
    answer = Kinks().solve(puzzle, Context(seed=1, oracle=puzzle.oracle))
    assert answer.certified
    assert weight_error(network, network_of(puzzle, answer.value)) < most


def test_puzzles_of_other_kinds_are_refused() -> None:
    table = passive_puzzle(teacher(4, 4, 1, activation="relu"), 100, 1.0)
    with pytest.raises(UnsupportedPuzzleError, match="table"):
        Kinks().solve(table, Context())
    smooth = active_puzzle(teacher(4, 4, 1, activation="tanh"))
    with pytest.raises(UnsupportedPuzzleError, match="tanh"):
        Kinks().solve(smooth, Context())
