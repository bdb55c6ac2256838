"""Networks are accepted for what they measurably are; the next seed is tried where one is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from generator.errors import TrainingError
from generator.modular.training import acceptance
from generator.modular.training.acceptance import accept, judge, train_until_accepted
from generator.modular.training.recipe import Recipe
from generator.modular.training.train import Trained, train

if TYPE_CHECKING:
    from generator.modular.measures.summary import Measures

FOUND = Recipe("delta", modulus=23, width=48, activation="square", train_share=0.9, steps=400)


@cache
def measured() -> Measures:
    return accept(train(FOUND, 0).network, "clock").measures


def test_a_clock_is_no_pizza() -> None:
    assert measured().label == "clock"
    assert judge(measured(), "clock") == ""
    assert "clock" in judge(measured(), "pizza")
    assert "clock" in judge(measured(), "other")


def test_small_margins_and_wrong_answers_are_refused() -> None:
    assert "margin" in judge(replace(measured(), margin=0.9), "clock")
    wrong = replace(measured(), accuracy=0.99, label=None, withheld="one pair is wrong")
    assert "99.00%" in judge(wrong, "clock")
    assert judge(wrong, "other") == ""


def test_every_main_frequency_must_be_clear() -> None:
    first, *rest = measured().frequencies
    unclear = replace(measured(), frequencies=(replace(first, iso_cv=0.27), *rest))
    assert f"no clear clock; the strongest is {first.frequency}: CV 0.27" in judge(unclear, "clock")
    weak = replace(measured(), frequencies=(replace(first, iso_cv=0.27, relative=0.19), *rest))
    assert judge(weak, "clock") == ""


def test_the_next_seed_is_tried() -> None:
    memorising = Recipe("delta", modulus=23, width=64, train_share=0.3, weight_decay=0.1, steps=100)
    trained, verdict = train_until_accepted(memorising, "other", 0)
    assert verdict.accepted
    assert trained.best.scores.train_accuracy == 1
    seeds: list[object] = []

    def watched(*arguments: object) -> Trained:
        seeds.append(arguments[1])
        return trained

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acceptance, "train", watched)
        with pytest.raises(TrainingError, match=r"no clock in 3 trainings.*answered right"):
            train_until_accepted(memorising, "clock", 0, tries=3)
    assert len(set(seeds)) == 3


def test_an_untrained_network_is_not_accepted_as_one_that_memorises() -> None:
    untrained = Recipe("delta", modulus=11, width=8, train_share=0.3, steps=2)
    with pytest.raises(TrainingError, match="training pairs"):
        train_until_accepted(untrained, "other", 0, tries=1)
