"""What `netjigsaw show` says and draws of a puzzle with unknown roles, with its answer and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.errors import AnswerError
from generator.reassembly.making.generate import generate
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.spec import ReassemblySpec
from generator.reassembly.unknown_roles import view_any
from leaderboard.reassembly.fingerprint import facts
from leaderboard.reassembly.pictures import draw

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made

SQUARE = {"depth": 3, "width": 5, "hidden": 5, "rows": 30, "steps": 10, "batch": 10}


def make(roles: str) -> Made:
    return generate(ReassemblySpec.model_validate({**SQUARE, "roles": roles}), name="p", seed=4)


def test_with_the_answer_the_statistics_are_those_of_the_true_roles() -> None:
    known, unknown = make("known"), make("unknown")
    plain = facts(view_puzzle(known.puzzle), known.sealed)
    found = facts(view_any(unknown.puzzle), unknown.sealed)
    assert ("roles", "unknown to solvers; below, those of the sealed answer") in found
    assert [line for line in found if line[0] != "roles"] == plain


def test_without_the_answer_nothing_depends_on_roles() -> None:
    found = dict(facts(view_any(make("unknown").puzzle)))
    assert found["network"] == "3 blocks, width 5, hidden 5, relu"
    assert found["roles"] == "unknown, part of the answer: which 3 of the 6 square halves are incoming"
    assert set(found) == {"network", "data", "roles", "order", "|W|_F", "MSE(pred, true)"}


def test_another_puzzles_answer_is_refused() -> None:
    made = make("unknown")
    wrong = made.sealed.model_copy(update={"answer": [0, 1, 2]})
    with pytest.raises(AnswerError):
        facts(view_any(made.puzzle), wrong)


def test_both_pictures() -> None:
    made = make("unknown")
    view = view_any(made.puzzle)
    assert len(draw(view, made.sealed, "p").axes) > 4
    figure = draw(view, None, "p")
    assert figure.get_suptitle() == "p: 3 blocks, width 5, roles not known"
    scores = figure.axes[0].images[0].get_array()
    assert scores is not None
    assert scores.shape == (6, 6)
