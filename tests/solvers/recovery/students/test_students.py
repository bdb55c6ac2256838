from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.errors import UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.core.ensemble import parameters_of
from solvers.recovery.students.reduction import finish
from solvers.recovery.students.sampling import Sampler
from solvers.recovery.students.students import Students
from tests.solvers.recovery.hidden import active_puzzle, hiding_activation, passive_puzzle, teacher
from tests.solvers.recovery.students.matching import worst_error

if TYPE_CHECKING:
    from generator.recovery.puzzle import RecoveryPuzzle


def solved(puzzle: RecoveryPuzzle, seed: int = 0) -> Answer:
    answer = Students().solve(puzzle, Context(seed=seed, wall_s=60))
    assert answer is not None
    return answer


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu", "silu", "relu", "leaky_relu"])
def test_a_table_gives_the_network(activation: str) -> None:
    network = teacher(3, 4, 1, activation=activation, input_scale=2.0)
    puzzle = passive_puzzle(network, 600, 2.0)
    answer = solved(puzzle)
    assert answer.certified
    assert worst_error(network, network_of(puzzle, answer.value)) < 1e-9


def test_several_outputs() -> None:
    network = teacher(4, 6, 3, activation="g", input_scale=2.0)
    puzzle = passive_puzzle(network, 600, 2.0)
    assert worst_error(network, network_of(puzzle, solved(puzzle).value)) < 1e-9


def test_an_oracle_is_asked_wide_enough_for_small_weights() -> None:
    network = teacher(3, 4, 1, activation="sigmoid", norms=(0.3, 0.8))
    puzzle = active_puzzle(network, budget=2000)
    answer = solved(puzzle)
    assert worst_error(network, network_of(puzzle, answer.value)) < 1e-8
    assert puzzle.oracle is not None
    assert puzzle.oracle.left is not None
    assert puzzle.oracle.left >= 0


def test_rounded_outputs() -> None:
    network = teacher(3, 4, 1, input_scale=2.0)
    puzzle = passive_puzzle(network, 1500, 2.0, precision="5 decimals")
    answer = solved(puzzle)
    assert answer.certified
    assert worst_error(network, network_of(puzzle, answer.value)) < 2e-5


def test_equal_seeds_give_equal_answers() -> None:
    puzzle = passive_puzzle(teacher(3, 4, 1), 400, 2.0)
    assert solved(puzzle, seed=3).value == solved(puzzle, seed=3).value


def test_too_few_rows_are_not_certified() -> None:
    answer = Students().solve(passive_puzzle(teacher(4, 8, 1), 45, 2.0), Context(wall_s=1))
    assert answer is not None
    assert not answer.certified


def test_answers_are_reported_before_the_last_one() -> None:
    puzzle = passive_puzzle(teacher(3, 6, 1, activation="softplus", input_scale=2.0), 600, 2.0)
    reported: list[Any] = []

    def keep(answer: Any) -> None:
        reported.append(answer.value if isinstance(answer, Answer) else answer)

    answer = Students().solve(puzzle, Context(wall_s=60, report=keep))
    assert answer is not None
    assert not np.any(network_of(puzzle, reported[0]).weights[0])  # a constant, for short limits
    assert len(reported) > 2
    assert all(network_of(puzzle, value).bypass is None for value in reported)


def test_deep_networks_are_refused() -> None:
    with pytest.raises(UnsupportedPuzzleError, match="one hidden layer"):
        solved(passive_puzzle(teacher(3, 3, 3, 1), 100, 1.0))


def test_a_hidden_activation_is_found() -> None:
    network = teacher(3, 4, 1, activation="gelu", input_scale=2.0)
    puzzle = hiding_activation(passive_puzzle(network, 600, 2.0))
    found = network_of(puzzle, solved(puzzle).value)
    assert found.activation == "gelu"
    assert worst_error(network, found) < 1e-9


def test_a_table_without_rows_between_two_kinks_is_not_certified() -> None:
    network = teacher(4, 5, 1, activation="relu", distance=0.003, worst_condition=1e12, seed=2)
    puzzle = passive_puzzle(network, 200, 1.0)
    assert puzzle.table is not None
    weight, bias = network.weights[0], network.biases[0]
    on = puzzle.table.inputs @ weight.T + bias > 0
    same = [(on[:, one] == on[:, two]).all() for one in range(5) for two in range(one)]
    assert any(same)  # no row lies between the kinks of the near-duplicates
    shape, row = parameters_of(network)
    sampler = Sampler(puzzle, np.random.default_rng(0))
    assert not finish(shape, row, sampler, lambda: False).certificate.holds
