"""The flagship answers every question of puzzles of all kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.family.oracle import Usage
from generator.modular.oracle import open_oracle
from generator.modular.puzzle import view_puzzle
from generator.modular.scoring.score import score
from generator.puzzle.answer import Answer, plain
from solvers.api import Context, with_oracle
from solvers.modular.flagship import Flagship
from tests.generator.modular.made import a_puzzle

if TYPE_CHECKING:
    from generator.family.metric import Score


def solved(recipe: dict[str, Any], seed: int = 1) -> tuple[Score, Answer]:
    """Solve a small puzzle, with its oracle where it has one, and score the answer."""
    made = a_puzzle(seed, **recipe)
    view = view_puzzle(made.puzzle)
    if view.public.lookups:
        oracle: Any = open_oracle(view, made.sealed)
        view = with_oracle(view, oracle)
    answer = Flagship().solve(view, Context())
    return score(view, Answer(plain(answer.value)), made.sealed, Usage()), answer


@pytest.mark.parametrize(
    "recipe",
    [
        {"names": "public"},
        {"names": "one", "kind": "clock"},
        {"kind": "pizza", "companions": 0.5},
        {"modulus": 24},
        {"kind": "square"},
        {"kind": "carry"},
        {"container": "transformer"},
        {"container": "transformer", "kind": "clock", "modulus": 31},
    ],
    ids=str,
)
def test_all_questions_are_answered(recipe: dict[str, Any]) -> None:
    result, answer = solved(recipe)
    assert result.solved, result.reason
    assert "of 529 pairs" not in answer.note  # certified, not partly right
    assert "certificate: the explanation agrees with the network on all" in answer.note


@pytest.mark.parametrize(
    "recipe",
    [
        {"kind": "hybrid", "modulus": 31},
        {"kind": "hybrid", "modulus": 30, "names": "one"},
        {"kind": "clock", "modulus": 31},
        {"kind": "hybrid", "container": "transformer", "modulus": 31},
    ],
    ids=str,
)
def test_symbols_are_named_from_the_weights_where_the_unembedding_is_withheld(recipe: dict[str, Any]) -> None:
    result, answer = solved({**recipe, "withhold_unembedding": True})
    assert result.solved, result.reason
    assert answer.note == "names: weights"


@pytest.mark.parametrize("seed", range(4))
def test_a_few_look_ups_tell_the_sign_of_a_clock(seed: int) -> None:
    recipe = {"kind": "clock", "modulus": 31, "withhold_unembedding": True, "lookups": 20}
    result, answer = solved(recipe, seed)
    assert result.metrics["relabelling"] == 1
    assert answer.note == "names: weights, checked by look-ups"


def test_equal_puzzles_get_equal_answers() -> None:
    one, other = (solved({"names": "one"})[1] for _ in range(2))
    assert plain(one.value) == plain(other.value)


def test_answers_are_reported_before_the_last() -> None:
    reported: list[Any] = []

    def keep(answer: Any) -> None:
        reported.append(answer)

    view = view_puzzle(a_puzzle().puzzle)
    Flagship().solve(view, Context(report=keep))
    assert [set(value) for value in reported[:1]] == [{"label", "frequencies", "relabelling"}]
    assert "kinds" in reported[1]
    assert "interventions" in reported[2]
    assert np.array_equal(np.sort(reported[1]["relabelling"]["first"]), np.arange(23))
