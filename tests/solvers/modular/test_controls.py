"""Controls give valid answers that look at nothing."""

from __future__ import annotations

from typing import Any

import pytest

from generator.modular.answers import read_answer
from generator.modular.puzzle import view_puzzle
from generator.puzzle.answer import plain
from solvers.api import Context
from solvers.modular.controls import Majority
from tests.generator.modular.made import a_puzzle


@pytest.mark.parametrize("recipe", [{}, {"names": "public"}, {"withhold_unembedding": True}])
def test_the_majority_class_answers_every_question_with_a_guess(recipe: dict[str, Any]) -> None:
    view = view_puzzle(a_puzzle(**recipe).puzzle)
    value = Majority().solve(view, Context(seed=3)).value
    given = read_answer(view.public, plain(value))
    assert given.frequencies is not None
    assert len(given.frequencies) == 4
    assert Majority().solve(view, Context(seed=3)).value == value
    assert Majority().solve(view, Context(seed=4)).value != value


def test_the_label_can_be_chosen() -> None:
    view = view_puzzle(a_puzzle().puzzle)
    value: Any = Majority(label="pizza").solve(view, Context()).value
    assert value["label"] == "pizza"
    assert set(value["kinds"].values()) == {"pizza"}
