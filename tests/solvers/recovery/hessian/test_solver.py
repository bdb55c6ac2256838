from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from generator.errors import UnsupportedPuzzleError
from generator.recovery.network.equivalence import in_activation
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.hessian.solver import HessianSpan
from tests.solvers.recovery.hidden import active_puzzle, hiding_activation, passive_puzzle, teacher

if TYPE_CHECKING:
    from generator.recovery.network.mlp import MLP


def weight_error(truth: MLP, found: MLP) -> float:
    """Largest error of a hidden unit's weights, up to permutation and to the signs of odd activations."""
    if truth.widths != found.widths:
        return float("inf")
    one, other = (np.hstack([net.weights[0], net.biases[0][:, None], net.weights[1].T]) for net in (truth, found))
    errors = np.abs(one[:, None] - other).max(axis=2)
    if truth.sigma.symmetry.startswith("odd"):
        errors = np.minimum(errors, np.abs(one[:, None] + other).max(axis=2))
    return float(errors[linear_sum_assignment(np.minimum(errors, 10))].max())


@pytest.mark.parametrize(
    ("activation", "widths"),
    [
        ("tanh", (8, 8, 1)),
        ("sigmoid", (8, 14, 1)),
        ("softplus", (8, 14, 1)),
        ("gelu", (8, 20, 2)),
        ("silu", (8, 24, 1)),
        ("g", (8, 14, 1)),
        ("tanh", (4, 16, 1)),
        ("softplus", (4, 10, 1)),
        ("sigmoid", (3, 8, 3)),
    ],
)
def test_networks_are_recovered_within_20000_rows(activation: str, widths: tuple[int, ...]) -> None:
    network = teacher(*widths, activation=activation, seed=widths[1])
    puzzle = active_puzzle(network, budget=20_000)
    answer = HessianSpan().solve(puzzle, Context(seed=1))
    found = network_of(puzzle, answer.value)
    assert answer.certified
    assert weight_error(network, found) < 1e-10
    inputs = np.random.default_rng(0).standard_normal((50, widths[0]))
    assert np.allclose(found(inputs), network(inputs), rtol=0, atol=1e-10)


@pytest.mark.parametrize("activation", ["tanh", "softplus", "g"])
def test_few_rows_suffice(activation: str) -> None:
    network = teacher(8, 8, 1, activation=activation, seed=7)
    puzzle = active_puzzle(network, budget=2600)
    answer = HessianSpan().solve(puzzle, Context(seed=1))
    assert weight_error(network, network_of(puzzle, answer.value)) < 1e-10


def test_near_duplicate_units_are_told_apart() -> None:
    network = teacher(8, 8, 1, distance=0.03, worst_condition=None, seed=1)
    puzzle = active_puzzle(network, budget=20_000)
    answer = HessianSpan().solve(puzzle, Context(seed=1))
    assert weight_error(network, network_of(puzzle, answer.value)) < 1e-8


def test_units_that_hardly_bend_are_found() -> None:
    network = teacher(4, 8, 1, activation="sigmoid", norms=(0.3, 0.8), worst_condition=None, seed=2)
    puzzle = active_puzzle(network, budget=20_000)
    answer = HessianSpan().solve(puzzle, Context(seed=1))
    assert weight_error(network, network_of(puzzle, answer.value)) < 1e-8


@pytest.mark.parametrize(
    ("activation", "precision", "tolerance"),
    [
        ("tanh", "4 decimals", 1e-5),
        ("softplus", "4 decimals", 1e-5),
        ("g", "float32", 1e-6),
        ("tanh", "3 decimals", 1e-4),
    ],
)
def test_imprecise_outputs(activation: str, precision: str, tolerance: float) -> None:
    network = teacher(8, 8, 1, activation=activation, seed=3)
    puzzle = active_puzzle(network, budget=20_000, precision=precision)
    answer = HessianSpan().solve(puzzle, Context(seed=1))
    assert weight_error(network, network_of(puzzle, answer.value)) < tolerance


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu", "silu", "g"])
def test_a_hidden_activation_is_named(activation: str) -> None:
    network = teacher(8, 8, 1, activation=activation, seed=5)
    puzzle = hiding_activation(active_puzzle(network, budget=20_000))
    answer = HessianSpan().solve(puzzle, Context(seed=1))
    found = in_activation(network_of(puzzle, answer.value), activation)
    assert found is not None
    assert weight_error(network, found) < 1e-10


def test_equal_seeds_give_equal_answers() -> None:
    network = teacher(6, 6, 1, activation="softplus")
    answers = [HessianSpan().solve(active_puzzle(network, budget=20_000), Context(seed=4)).value for _ in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("puzzle", "reason"),
    [
        (passive_puzzle(teacher(4, 4, 1), 100, 1.0), "oracle"),
        (active_puzzle(teacher(4, 4, 4, 1)), "one hidden layer"),
        (active_puzzle(teacher(4, 4, 1, activation="relu")), "piecewise linear"),
        (hiding_activation(active_puzzle(teacher(4, 4, 1, activation="leaky_relu"))), "piecewise linear"),
        (active_puzzle(teacher(1, 5, 1, worst_condition=None)), "too many"),
        (active_puzzle(teacher(8, 8, 1), budget=1000), "too few rows"),
    ],
)
def test_unfit_puzzles_are_refused(puzzle: object, reason: str) -> None:
    with pytest.raises(UnsupportedPuzzleError, match=reason):
        HessianSpan().solve(puzzle, Context())  # type: ignore[arg-type]
