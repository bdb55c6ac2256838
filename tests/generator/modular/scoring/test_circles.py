"""Scores of frequencies, kinds and companions, under renamed residues and under public names."""

from __future__ import annotations

from typing import Any

import pytest

from generator.modular.answers import ModularAnswer
from generator.modular.network.circle import fold
from generator.modular.relabelling import Relabelling
from generator.modular.scoring.circles import f1, jaccard, score_circles
from generator.modular.sealed import Circle, ModularTruth

CIRCLES = {3: "pizza", 10: "clock", 17: "pizza", 25: "mixed"}
COMPANIONS = (6,)


def truth(circles: dict[int, str] = CIRCLES, companions: tuple[int, ...] = COMPANIONS) -> ModularTruth:
    listed = tuple(Circle(frequency=k, kind=kind, amplitude=1.0) for k, kind in circles.items())
    return ModularTruth("hybrid", (), listed, companions, Relabelling.identity(59), ())


def answer(unit: int = 1, **changes: Any) -> ModularAnswer:
    """Return the true answer in the names u x, with changes in the true names."""
    kinds = changes.get("kinds", {3: "pizza", 10: "clock", 17: "pizza"})
    return ModularAnswer(
        frequencies=tuple(fold(unit * k, 59) for k in changes.get("frequencies", CIRCLES)),
        kinds={fold(unit * k, 59): kind for k, kind in kinds.items()},
        companions=tuple(fold(unit * k, 59) for k in changes.get("companions", COMPANIONS)),
    )


@pytest.mark.parametrize("unit", [1, 2, 30, 58])
def test_the_truth_scores_one_in_all_names(unit: int) -> None:
    found = score_circles(answer(unit), truth(), 59, public=False)
    assert (found.jaccard, found.points, found.kind_f1, found.decided, found.wrong) == (1, 1, 1, 1, 0)
    assert found.companion_f1 == 1


def test_public_names_are_compared_as_they_are() -> None:
    assert score_circles(answer(1), truth(), 59, public=True).jaccard == 1
    assert score_circles(answer(2), truth(), 59, public=True).jaccard < 0.5


def test_missing_and_additional_frequencies_lower_the_jaccard_index() -> None:
    assert score_circles(answer(frequencies=(3, 10, 17)), truth(), 59, public=True).jaccard == 3 / 4
    assert score_circles(answer(frequencies=(3, 10, 17, 25, 1)), truth(), 59, public=True).jaccard == 4 / 5


def test_a_wrong_kind_costs_more_than_an_undecided_one() -> None:
    undecided = score_circles(answer(kinds={3: "pizza", 10: "undecided", 17: "pizza"}), truth(), 59, public=True)
    left_out = score_circles(answer(kinds={3: "pizza", 17: "pizza"}), truth(), 59, public=True)
    wrong = score_circles(answer(kinds={3: "pizza", 10: "pizza", 17: "pizza"}), truth(), 59, public=True)
    assert undecided == left_out
    assert undecided.points == pytest.approx(2 / 3)
    assert wrong.points == pytest.approx(1 / 3)
    assert (undecided.wrong, wrong.wrong) == (0, -1)
    assert undecided.decided == pytest.approx(2 / 3)
    assert undecided.kind_f1 == pytest.approx(0.5)  # no clock found
    assert wrong.kind_f1 == pytest.approx((4 / 5 + 0) / 2)


def test_a_mixed_frequency_has_no_kind_to_miss() -> None:
    for kind in ("pizza", "clock", "undecided"):
        kinds = {3: "pizza", 10: "clock", 17: "pizza", 25: kind}
        assert score_circles(answer(kinds=kinds), truth(), 59, public=True).points == 1


def test_a_kind_of_a_frequency_that_is_no_key_lowers_precision() -> None:
    kinds = {3: "pizza", 10: "clock", 17: "pizza", 1: "clock"}
    found = score_circles(answer(frequencies=(*CIRCLES, 1), kinds=kinds), truth(), 59, public=True)
    assert found.kind_f1 == pytest.approx((1 + 2 / 3) / 2)


def test_sets_that_are_both_empty_agree() -> None:
    assert jaccard((), ()) == f1((), ()) == 1
    assert jaccard((1,), ()) == f1((), (1,)) == 0
    found = score_circles(answer(companions=()), truth(companions=()), 59, public=True)
    assert found.companion_f1 == 1


def test_an_answer_without_circles_scores_nothing() -> None:
    found = score_circles(ModularAnswer(), truth(), 59, public=False)
    assert (found.jaccard, found.points, found.kind_f1, found.decided, found.companion_f1) == (0, 0, 0, 0, 0)
