"""The flagship: every kind of small hidden network, and puzzles that leave it little to work with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.recovery.network.equivalence import in_activation
from generator.recovery.puzzle import RecoveryPuzzle, network_of
from generator.recovery.scoring.alignment import align
from generator.recovery.sealed import HiddenTruth
from solvers.api import Context
from solvers.recovery.flagship.flagship import Flagship
from tests.solvers.recovery.hidden import active_puzzle, hiding_activation, passive_puzzle, teacher

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.recovery.network.mlp import MLP


def solved(truth: MLP, puzzle: RecoveryPuzzle, tolerance: float = 1e-6, **context: Any) -> Answer:
    """Solve a puzzle, and check the answer against the truth."""
    found = Flagship().solve(puzzle, Context(wall_s=60, oracle=puzzle.oracle, **context))
    assert found is not None
    network = in_activation(network_of(puzzle, found.value), truth.activation)
    assert network is not None
    sample = np.random.default_rng(0).standard_normal((500, puzzle.inputs))
    alignment = align(HiddenTruth(truth, ((),) * truth.hidden_layers), network, tolerance, sample)
    assert alignment.exact_size
    assert alignment.errors.max() <= tolerance
    return found


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "leaky_relu", "softplus", "gelu", "silu", "g"])
def test_one_hidden_layer_with_an_oracle(activation: str) -> None:
    truth = teacher(5, 6, 1, activation=activation, seed=1)
    assert solved(truth, active_puzzle(truth, budget=20_000)).certified


@pytest.mark.parametrize("activation", ["tanh", "g", "relu"])
def test_one_hidden_layer_with_a_table(activation: str) -> None:
    truth = teacher(3, 4, 2, activation=activation, seed=2, input_scale=2.0)
    assert solved(truth, passive_puzzle(truth, 600, 2.0)).certified


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "softplus", "g"])
def test_a_hidden_activation(activation: str) -> None:
    truth = teacher(5, 4, 1, activation=activation, seed=3)
    solved(truth, hiding_activation(active_puzzle(truth, budget=30_000)))


def test_two_hidden_layers() -> None:
    truth = teacher(3, 3, 3, 1, seed=1, input_scale=1.5)
    assert solved(truth, active_puzzle(truth, input_scale=1.5, budget=100_000)).certified


def test_rounded_outputs() -> None:
    truth = teacher(5, 5, 1, seed=4)
    solved(truth, active_puzzle(truth, budget=20_000, precision="5 decimals"), tolerance=1e-4)


def test_equal_seeds_give_equal_answers() -> None:
    truth = teacher(4, 5, 1, seed=5, input_scale=2.0)
    first, second = (solved(truth, passive_puzzle(truth, 600, 2.0), seed=7) for _ in range(2))
    assert first.value == second.value


def test_too_few_rows_still_give_an_answer() -> None:
    truth = teacher(4, 6, 1, seed=6)
    found = Flagship().solve(passive_puzzle(truth, 12, 1.0), Context(wall_s=5))
    assert not found.certified


def test_the_time_limit_is_kept() -> None:
    truth = teacher(4, 16, 16, 1, seed=7, input_scale=1.5)
    puzzle = passive_puzzle(truth, 2000, 1.5)
    reports: list[Any] = []

    def report(answer: Any) -> None:
        reports.append(answer)

    context = Context(wall_s=2.0, report=report)
    found = Flagship().solve(puzzle, context)
    assert context.time_left() > 0
    assert found is not None
    assert not found.certified
    assert reports
