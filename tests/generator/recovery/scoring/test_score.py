"""Scores of networks that equal the hidden one up to symmetries, and of networks that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.errors import AnswerError
from generator.family.oracle import Usage
from generator.puzzle.answer import Answer
from generator.recovery.making.generate import generate
from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.equivalence import in_activation
from generator.recovery.network.mlp import MLP
from generator.recovery.puzzle import view_puzzle
from generator.recovery.scoring.score import score
from generator.recovery.sealed import truth_of
from generator.recovery.spec import RecoverySpec
from tests.generator.recovery.symmetries import disguised, flipped_with_bypass, with_split_unit, with_zero_pair

if TYPE_CHECKING:
    from generator.family.metric import Score


def made(**recipe: Any) -> tuple[MLP, Any]:
    """Make a puzzle; return its hidden network and a function that scores a network."""
    puzzle = generate(RecoverySpec.model_validate({"inputs": 4, "hidden": (6,), **recipe}), name="p", seed=3)
    view = view_puzzle(puzzle.puzzle)

    def scored(network: MLP) -> Score:
        return score(view, Answer(view.answer(network)), puzzle.sealed, Usage(queries=7))

    return truth_of(puzzle.sealed).network, scored


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(6,), (5, 4), (5, 4, 3)])
def test_symmetries_are_free(activation: str, hidden: tuple[int, ...]) -> None:
    network, scored = made(activation=activation, hidden=hidden, outputs=2, input_scale=2.0)
    other = disguised(network, np.random.default_rng(0))
    found = scored(other)
    assert found.solved
    assert found.metrics["worst_weight_error"] < 1e-12
    assert found.metrics["error_worst"] < 1e-10
    assert found.metrics["units"] == found.metrics["signatures"] == found.metrics["signs"] == 1
    assert found.metrics["queries"] == 7


@pytest.mark.parametrize("hidden", [(6,), (5, 4)])
def test_a_wrong_weight_has_its_size(hidden: tuple[int, ...]) -> None:
    network, scored = made(hidden=hidden)
    other = disguised(network, np.random.default_rng(0))
    for layer, weight in enumerate(other.weights):
        weights = [w.copy() for w in other.weights]
        weights[layer][0, 0] += 1e-4
        found = scored(replace(other, weights=tuple(weights)))
        assert not found.solved
        assert found.metrics["worst_weight_error"] == pytest.approx(1e-4 / np.abs(weight).max(), rel=1e-3)
        assert found.metrics["exact_size"] == 1


@pytest.mark.parametrize("activation", ["tanh", "relu", "g"])
def test_padded_students_are_not_solved(activation: str) -> None:
    network, scored = made(activation=activation, hidden=(5, 4))
    for student in (with_split_unit(network), with_zero_pair(network, np.random.default_rng(0))):
        found = scored(student)
        assert found.metrics["error_worst"] < 1e-10
        assert found.metrics["exact_size"] == 0
        assert found.metrics["size_overhead"] > 0
        assert not found.solved


def test_a_split_unit_counts_as_wrong() -> None:
    network, scored = made()
    assert scored(with_split_unit(network)).metrics["worst_weight_error"] > 0.1


def test_missing_units_count_as_zeros() -> None:
    network, scored = made()
    student = MLP(
        (network.weights[0][1:], network.weights[1][:, 1:]), (network.biases[0][1:], network.biases[1]), "tanh"
    )
    found = scored(student)
    assert not found.solved
    assert found.metrics["size_overhead"] == pytest.approx(-1 / 6)
    assert found.metrics["signatures"] == pytest.approx(5 / 6)
    assert 0.2 < found.metrics["worst_weight_error"] <= 1


@pytest.mark.parametrize("activation", ["softplus", "gelu", "silu"])
def test_a_flip_is_free_only_with_a_bypass(activation: str) -> None:
    network, scored = made(activation=activation, bypass=True)
    student = flipped_with_bypass(network, 2)
    found = scored(student)
    assert found.metrics["error_worst"] < 1e-10
    assert found.solved
    network, scored = made(activation=activation)
    flipped = replace(flipped_with_bypass(network, 2), bypass=None)
    found = scored(flipped)
    assert not found.solved
    assert found.metrics["signatures"] == 1
    assert found.metrics["signs"] == pytest.approx(5 / 6)
    with pytest.raises(AnswerError, match="does not allow"):
        scored(student)


def test_a_wrong_sign_of_a_relu_is_told_apart_from_its_row() -> None:
    network, scored = made(activation="relu")
    weight, bias = network.weights[0].copy(), network.biases[0].copy()
    weight[1], bias[1] = -2 * weight[1], -2 * bias[1]
    found = scored(replace(network, weights=(weight, network.weights[1]), biases=(bias, network.biases[1])))
    assert found.metrics["signatures"] == 1
    assert found.metrics["signs"] == pytest.approx(5 / 6)
    assert not found.solved


def test_a_hidden_activation_is_part_of_the_answer() -> None:
    network, scored = made(hide_activation=True)
    assert scored(network).metrics["activation"] == 1
    assert scored(network).solved
    wrong = scored(replace(network, activation="softplus"))
    assert not wrong.solved
    assert wrong.metrics["activation"] == 0


@pytest.mark.parametrize(("activation", "other"), [("tanh", "sigmoid"), ("sigmoid", "tanh")])
@pytest.mark.parametrize("hidden", [(6,), (5, 4)])
def test_tanh_and_sigmoid_networks_are_the_same(activation: str, other: str, hidden: tuple[int, ...]) -> None:
    network, scored = made(hide_activation=True, activation=activation, hidden=hidden)
    student = in_activation(disguised(network, np.random.default_rng(0)), other)
    assert student is not None
    assert student.activation == other
    found = scored(student)
    assert found.solved
    assert found.metrics["activation"] == 1
    assert not scored(replace(network, activation=other)).solved


def test_huge_weights_do_not_break_the_score() -> None:
    network, scored = made(activation="softplus", hidden=(5, 4))
    weights = tuple(np.full_like(weight, 1e300) for weight in network.weights)
    found = scored(replace(network, weights=weights))
    assert not found.solved
    assert found.metrics["error_worst"] > 1e300
