"""The solver recovers deep networks exactly, with queries and from a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.errors import UnsupportedPuzzleError
from generator.recovery.puzzle import RecoveryPuzzle, network_of
from generator.recovery.scoring.alignment import align
from generator.recovery.sealed import HiddenTruth
from solvers.api import Context
from solvers.recovery.peeling.solver import Peeling
from tests.solvers.recovery.hidden import active_puzzle, hiding_activation, passive_puzzle, teacher

if TYPE_CHECKING:
    from generator.recovery.network.mlp import MLP


def solved(network: MLP, puzzle: RecoveryPuzzle, seed: int = 0) -> bool:
    """Run the solver; whether widths are exact and all weights are within 1e-6."""
    answer = Peeling().solve(puzzle, Context(seed=seed))
    assert answer is not None
    found = network_of(puzzle, answer.value)
    truth = HiddenTruth(network, ((),) * network.hidden_layers)
    sample = np.random.default_rng(0).standard_normal((2048, network.widths[0]))
    alignment = align(truth, found, 1e-6, sample)
    right = bool(alignment.exact_size and np.nan_to_num(alignment.errors, nan=np.inf).max() < 1e-6)
    assert answer.certified == right
    return right


@pytest.mark.parametrize("widths", [(3, 4, 4, 1), (4, 4, 4, 1), (3, 3, 3, 3, 1), (3, 3, 3, 2)])
def test_active_tanh_networks(widths: tuple[int, ...]) -> None:
    network = teacher(*widths, seed=2, input_scale=1.5)
    assert solved(network, active_puzzle(network, budget=200_000, input_scale=1.5))


@pytest.mark.parametrize("seed", [31, 32])
def test_passive_tanh_networks(seed: int) -> None:
    network = teacher(4, 4, 4, 1, seed=seed, input_scale=1.5)
    assert solved(network, passive_puzzle(network, 1500, 1.5), seed)


def test_many_inputs_and_few_units() -> None:
    network = teacher(40, 3, 3, 1, seed=0)
    assert solved(network, active_puzzle(network, budget=200_000))


def test_the_budget_is_never_exceeded() -> None:
    network = teacher(4, 4, 4, 1, seed=1)
    puzzle = active_puzzle(network, budget=3000)
    Peeling(trials=2).solve(puzzle, Context(seed=0))
    assert puzzle.oracle is not None
    assert puzzle.oracle.left is not None
    assert puzzle.oracle.left >= 0


def test_equal_seeds_give_equal_answers() -> None:
    network = teacher(3, 3, 3, 1, seed=1)
    answers = [Peeling().solve(passive_puzzle(network, 500, 1.5), Context(seed=4)) for _ in range(2)]
    assert answers[0] is not None
    assert answers[1] is not None
    assert answers[0].value == answers[1].value


def test_a_hidden_activation_is_refused() -> None:
    puzzle = hiding_activation(active_puzzle(teacher(3, 3, 3, 1)))
    with pytest.raises(UnsupportedPuzzleError, match="activation"):
        Peeling().solve(puzzle, Context())
