"""The view of a recovery puzzle, and the form of its answers."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.errors import AnswerError, PuzzleError, SpecError
from generator.puzzle.answer import Answer, plain
from generator.recovery.making.generate import generate
from generator.recovery.puzzle import RecoveryPuzzle, check_answer, network_of, view_puzzle
from generator.recovery.sealed import truth_of
from generator.recovery.spec import RecoverySpec

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made

RECIPE: dict[str, Any] = {"inputs": 3, "hidden": (4, 5), "outputs": 2, "input_scale": 2.0}


def made(**recipe: Any) -> Made:
    return generate(RecoverySpec.model_validate({**RECIPE, **recipe}), name="p", seed=1)


def answered(**recipe: Any) -> tuple[RecoveryPuzzle, dict[str, Any]]:
    """Return a view and the right answer to it."""
    puzzle = made(**recipe)
    view = view_puzzle(puzzle.puzzle)
    return view, view.answer(truth_of(puzzle.sealed).network)


def test_an_answer_is_read_back() -> None:
    view, value = answered()
    network = network_of(view, plain(value))
    inputs = np.random.default_rng(0).standard_normal((5, 3))
    assert (network(inputs) == truth_of(made().sealed).network(inputs)).all()


def test_pairs_of_arrays_are_an_answer_too() -> None:
    view, value = answered()
    layers = truth_of(made().sealed).network.layers()
    assert view.answer(layers) == value
    inputs = np.random.default_rng(0).standard_normal((5, 3))
    assert (view.network(layers)(inputs) == truth_of(made().sealed).network(inputs)).all()


def test_a_hidden_activation_must_be_given_to_a_network() -> None:
    view, value = answered(hide_activation=True)
    layers = truth_of(made().sealed).network.layers()
    assert view.answer(view.network(layers, "tanh")) == value
    for name in (None, "tan"):
        with pytest.raises(SpecError, match="no activation"):
            view.network(layers, name)


def test_integers_are_numbers() -> None:
    view, value = answered()
    value["layers"][0]["bias"] = [0, 1, -2, 3]
    assert network_of(view, value).biases[0].tolist() == [0, 1, -2, 3]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda _: [], "is not an object"),
        (lambda value: {**value, "name": 1}, "unknown entry 'name'"),
        (lambda value: {"layers": value["layers"][:2]}, "has 2 layers; the network has 3"),
        (lambda _: {"layers": "none"}, "has no list of layers"),
        (lambda value: {**value, "activation": "relu"}, "names the activation 'relu'; the puzzle's is 'tanh'"),
        (lambda value: {**value, "bypass": [[0, 0, 0], [0, 0, 0]]}, "by-pass, which this puzzle does not allow"),
    ],
)
def test_a_wrong_object_is_told(change: Any, fault: str) -> None:
    view, value = answered()
    with pytest.raises(AnswerError, match=fault):
        check_answer(view, Answer(change(value)))


@pytest.mark.parametrize(
    ("layer", "change", "fault"),
    [
        (0, {"weight": [[1, 2], [3]]}, "weight of layer 1 is ragged"),
        (0, {"weight": [["1", "2", "3"]] * 4}, "weight of layer 1 is not a list of equal lists of numbers"),
        (0, {"weight": [[True, False, True]] * 4}, "weight of layer 1 is not a list of equal lists"),
        (0, {"weight": [[10**400, 0, 0]] * 4}, "number too large"),
        (0, {"weight": [[0, 0]] * 4}, "weight of layer 1 has 2 columns; expected 3"),
        (0, {"weight": [[]] * 4}, "not empty"),
        (0, {"bias": [0, 0]}, "layer 1 has 4 rows of weights and 2 biases"),
        (1, {"bias": 0}, "bias of layer 2 is not a list of numbers"),
        (1, {"weight": [[0] * 5] * 5}, "weight of layer 2 has 5 columns; expected 4"),
        (2, {"weight": [[0] * 5], "bias": [0]}, "last layer has 1 outputs; the network has 2"),
        (0, {"weight": [[0] * 3] * 5000, "bias": [0] * 5000}, "layer 1 has 5000 units; at most 4096"),
        (0, {"gain": 1}, "layer 1 is not an object with the entries weight and bias"),
    ],
)
def test_a_wrong_layer_is_told(layer: int, change: dict[str, Any], fault: str) -> None:
    view, value = answered()
    wrong = copy.deepcopy(value)
    wrong["layers"][layer].update(change)
    with pytest.raises(AnswerError, match=fault):
        check_answer(view, Answer(wrong))


def test_a_hidden_activation_must_be_named() -> None:
    view, value = answered(hide_activation=True)
    assert view.activation is None
    assert value["activation"] == "tanh"
    check_answer(view, Answer(value))
    for named, fault in ((None, "names None"), ("Tanh", "did you mean"), (3, "names 3")):
        with pytest.raises(AnswerError, match=fault):
            check_answer(view, Answer({**value, "activation": named}))


def test_a_bypass_has_the_shape_of_the_mapping() -> None:
    view, value = answered(hidden=(4,), activation="softplus", bypass=True)
    check_answer(view, Answer({**value, "bypass": [[0, 0, 0], [0, 0, 0]]}))
    with pytest.raises(AnswerError, match=r"by-pass has shape \(1, 3\)"):
        check_answer(view, Answer({**value, "bypass": [[0, 0, 0]]}))


@pytest.mark.parametrize(
    ("mode", "part", "change", "fault"),
    [
        ("passive", "data", {}, "'inputs' and 'outputs'"),
        ("active", "data", {"inputs": np.zeros((3, 3))}, "an active puzzle has no table"),
        ("active", "pieces", {"0": np.zeros(1)}, "has no pieces"),
        ("passive", "data", {"inputs": np.zeros((9, 3)), "outputs": np.zeros((9, 2))}, "inputs have shape"),
    ],
)
def test_a_damaged_puzzle_is_told(mode: str, part: str, change: dict[str, Any], fault: str) -> None:
    puzzle = made(mode=mode).puzzle
    with pytest.raises(PuzzleError, match=fault):
        view_puzzle(replace(puzzle, **{part: change}))  # type: ignore[arg-type]  # the field is a parameter


@pytest.mark.parametrize(
    ("field", "change", "fault"),
    [
        ("spec", {"inputs": 0}, "inputs"),
        ("spec", {"activation": ["tanh"]}, "activation"),
        ("facts", {"tolerance": 0}, "tolerance"),
        ("facts", {"tolerance": "1e-6"}, "tolerance"),
    ],
)
def test_a_damaged_manifest_is_told(field: str, change: dict[str, Any], fault: str) -> None:
    puzzle = made().puzzle
    manifest = puzzle.manifest.model_copy(update={field: {**getattr(puzzle.manifest, field), **change}})
    with pytest.raises(PuzzleError, match=fault):
        view_puzzle(replace(puzzle, manifest=manifest))
