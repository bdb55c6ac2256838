"""Small networks learn to add; equal seeds give equal bits; the result is the checkpoint of the largest margin."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from generator.errors import SpecError, TrainingError
from generator.modular.network.model import accuracy, margin, sums
from generator.modular.training.recipe import RECIPES, Recipe
from generator.modular.training.train import Trained, train

SMALL = Recipe("beta", modulus=23, width=48, train_share=0.9, steps=360)


@cache
def small() -> Trained:
    return train(SMALL, 0, checkpoints=(30, 360))


def test_all_pairs_are_learned_and_the_network_is_the_best_checkpoint() -> None:
    trained = small()
    logits = trained.network.logits()
    assert logits.dtype == torch.float64
    assert accuracy(logits) == 1
    assert trained.solved is not None
    assert trained.solved.step <= trained.step
    assert trained.best.scores.margin == max(one.scores.margin for one in trained.history)
    assert margin(logits) == pytest.approx(trained.best.scores.margin, rel=1e-4)
    assert int(trained.trained_pairs.sum()) == int(0.9 * 23**2)


def test_checkpoints_show_the_training() -> None:
    trained = small()
    assert sorted(trained.checkpoints) == [30, 360]
    early, late = (accuracy(trained.checkpoints[step].logits()) for step in (30, 360))
    assert early < late
    assert [one.step for one in trained.history] == sorted({*range(0, 360, 20), 30, 360})
    by_step = {one.step: one.scores.accuracy for one in trained.history}
    assert by_step[30] == pytest.approx(early)
    assert by_step[360] == pytest.approx(late)


def test_equal_seeds_give_equal_bits_whatever_the_global_generator_does() -> None:
    short = Recipe("transformer", modulus=7, width=8, steps=15)
    first = train(short, 3).network.logits()
    torch.rand(5)  # moves the global generator
    assert torch.equal(first, train(short, 3).network.logits())
    assert not torch.equal(first, train(short, 4).network.logits())


def test_progress_is_reported() -> None:
    seen: list[tuple[int, int]] = []
    train(Recipe("alpha", modulus=7, width=8, steps=5), 0, lambda step, steps, _: seen.append((step, steps)))
    assert seen[-1] == (5, 5)


def test_too_few_training_pairs_are_memorised() -> None:
    recipe, wanted = RECIPES["memorised-delta"]
    assert wanted == "other"
    trained = train(
        Recipe("delta", modulus=23, width=64, train_share=0.3, weight_decay=recipe.weight_decay, steps=150), 0
    )
    right = (trained.network.logits().argmax(dim=2) == sums(23)).double()
    assert trained.solved is None
    assert trained.step == 150
    assert float(right[trained.trained_pairs].mean()) == 1
    assert float(right.mean()) < 0.9


def test_divergence_is_an_error() -> None:
    with pytest.raises(TrainingError, match="diverged"):
        train(Recipe("alpha", modulus=7, width=8, steps=400, learning_rate=1e9, activation="square"), 0)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("modulus", {"modulus": 2}),
        ("width", {"width": 7}),
        ("layers", {"layers": 5}),
        ("rate", {"rate": 1.5}),
        ("train_share", {"train_share": 0.0}),
        ("steps", {"steps": 0}),
    ],
)
def test_impossible_recipes_are_refused(field: str, values: dict[str, float]) -> None:
    with pytest.raises(SpecError, match=field):
        Recipe("transformer", **values)  # type: ignore[arg-type]


def test_layers_belong_to_transformers() -> None:
    with pytest.raises(SpecError, match="transformer"):
        Recipe("alpha", layers=2)
