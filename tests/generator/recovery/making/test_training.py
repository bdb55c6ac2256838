"""Trained hidden networks learn their task, have float64 weights, and equal bits for equal seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from generator.errors import SpecError
from generator.recovery.making.tasks import make_task
from generator.recovery.making.training import FUNCTIONS, train_network
from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.spec import RecoverySpec

if TYPE_CHECKING:
    from generator.recovery.making.tasks import Task
    from generator.recovery.network.mlp import MLP


def trained(seed: int = 0, **recipe: object) -> MLP:
    return train_network(RecoverySpec.model_validate(recipe), np.random.default_rng(seed))


def trained_on(seed: int, teacher: str, inputs: int, outputs: int) -> Task:
    """The data that `trained` uses."""
    return make_task(teacher, inputs, outputs, np.random.default_rng(seed))


def accuracy(network: MLP, task: Task) -> float:
    outputs = network(task.inputs)
    guess = outputs > 0 if task.loss == "binary" else outputs.argmax(axis=1)[:, None]
    return float((guess == task.targets).mean())


def test_ten_digits_are_told_apart_in_images_that_were_not_trained_on() -> None:
    network = trained(teacher="digits", inputs=144, hidden=(32,), outputs=10, steps=300, learning_rate=3e-3)
    fresh = make_task("digits", 144, 10, np.random.default_rng(1))
    assert network.widths == (144, 32, 10)
    assert accuracy(network, fresh) > 0.85


def test_one_output_is_the_logit_of_an_odd_digit() -> None:
    network = trained(teacher="digits", inputs=100, hidden=(16, 8), steps=300, learning_rate=3e-3)
    fresh = make_task("digits", 100, 1, np.random.default_rng(1))
    assert fresh.loss == "binary"
    assert accuracy(network, fresh) > 0.85


@pytest.mark.parametrize("outputs", [1, 4])
def test_classes_are_told_apart(outputs: int) -> None:
    network = trained(teacher="classes", inputs=20, hidden=(16,), outputs=outputs, steps=300, learning_rate=6e-3)
    assert accuracy(network, trained_on(0, "classes", 20, outputs)) > 0.9


def test_regression_explains_most_of_the_target() -> None:
    network = trained(teacher="regression", inputs=4, hidden=(32, 16), outputs=2, steps=400, learning_rate=1e-2)
    task = trained_on(0, "regression", 4, 2)
    assert np.mean((network(task.inputs) - task.targets) ** 2) < 0.3
    assert task.targets.var(axis=0) == pytest.approx([1, 1])


@pytest.mark.parametrize(("teacher", "inputs"), [("digits", 64), ("classes", 9), ("regression", 9)])
def test_inputs_have_mean_zero_and_variance_one(teacher: str, inputs: int) -> None:
    task = make_task(teacher, inputs, 1, np.random.default_rng(2))
    assert task.inputs.mean() == pytest.approx(0, abs=0.02)
    assert task.inputs.std() == pytest.approx(1, abs=0.02)


def test_equal_seeds_give_equal_bits_and_others_do_not() -> None:
    recipe = {"teacher": "regression", "inputs": 5, "hidden": (6, 4), "activation": "silu", "steps": 50}
    first, again, other = trained(3, **recipe), trained(3, **recipe), trained(4, **recipe)
    for one, two, three in zip(first.weights, again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)
        assert (one != three).any()


def test_weights_are_float64_and_not_rounded_to_float32() -> None:
    network = trained(teacher="classes", inputs=5, hidden=(6,), steps=20)
    for array in (*network.weights, *network.biases):
        assert array.dtype == np.float64
        assert (array != array.astype(np.float32)).all()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_the_trained_activation_is_that_of_the_puzzle(name: str) -> None:
    z = np.linspace(-8, 8, 101)
    np.testing.assert_allclose(FUNCTIONS[name](torch.from_numpy(z)).numpy(), ACTIVATIONS[name].value(z), atol=1e-15)


@pytest.mark.parametrize(("inputs", "outputs", "fault"), [(50, 1, "no square image"), (100, 11, "ten digits")])
def test_digits_that_do_not_exist_are_refused(inputs: int, outputs: int, fault: str) -> None:
    with pytest.raises(SpecError, match=fault):
        make_task("digits", inputs, outputs, np.random.default_rng(0))
