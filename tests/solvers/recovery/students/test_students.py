from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import UnsupportedPuzzleError
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.students.students import Students
from tests.solvers.recovery.hidden import active_puzzle, hiding_activation, passive_puzzle, teacher
from tests.solvers.recovery.students.matching import worst_error

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
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
        reported.append(answer)

    answer = Students().solve(puzzle, Context(wall_s=60, report=keep))
    assert answer is not None
    assert len(reported) > 1
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
