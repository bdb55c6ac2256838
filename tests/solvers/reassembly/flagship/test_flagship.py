"""The flagship on small trained networks: exact, certified, reproducible, and honest when out of time."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.errors import SpecError
from generator.reassembly.network.degrade import degraded_predictions, rounded
from generator.reassembly.spec import Degradation
from solvers.api import Context
from solvers.reassembly.flagship import flagship
from solvers.reassembly.flagship.flagship import Flagship
from solvers.reassembly.ordering import starts
from solvers.reassembly.ordering.refine import Refiner

if TYPE_CHECKING:
    from tests.solvers.reassembly.conftest import Dropped


def error(dropped: Dropped, answer: Any) -> float:
    """Measure the mean squared error of an answer on all rows."""
    puzzle = dropped.puzzle
    return float((puzzle.assembled(answer)(puzzle.inputs) - puzzle.predictions).square().mean())


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_it_is_exact_and_says_so(kind: str, request: pytest.FixtureRequest) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    answer = Flagship().solve(dropped.puzzle, Context(seed=1, wall_s=30.0))

    assert answer.value == dropped.answer
    assert answer.certified


@pytest.mark.parametrize("seeds", ["mean-field", "norms", "random"])
def test_every_source_of_orders_leads_there(seeds: str, trained: Dropped) -> None:
    answer = Flagship(seeds=seeds).solve(trained.puzzle, Context(seed=2, wall_s=30.0))

    assert answer.value == trained.answer


def test_ingredients_can_be_switched_off(trained: Dropped) -> None:
    bare = Flagship(
        meanfield=False,
        peeling=False,
        repair=False,
        inversions=False,
        continuation=False,
        exact_moves=False,
        kicks=False,
    )
    puzzle = trained.puzzle
    answer = bare.solve(puzzle, Context(seed=3, wall_s=30.0))

    assert answer.value == trained.answer != puzzle.answer(range(8), range(8))
    assert answer.certified


def test_deep_networks_begin_with_the_continuation(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    for deep in (8, 7):
        monkeypatch.setattr(starts, "DEEP", deep)
        logged: list[str] = []

        def log(text: str, kept: list[str] = logged) -> None:
            kept.append(text)

        answer = Flagship(inversions=False).solve(trained.puzzle, Context(seed=1, wall_s=30.0, log=log))
        assert answer.value == trained.answer
        begun.append(next(line for line in logged if "mean-field" in line or "continued" in line))

    assert "mean-field" in begun[0]
    assert "continued" in begun[1]


def test_regression_on_inverted_pairs_alone_is_enough(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refiner, "descend", lambda _self, assembly, _patience=2, **_: assembly)
    monkeypatch.setattr(flagship, "move_within_window", lambda _refiner, assembly: assembly)
    answer = Flagship(seeds="mean-field").solve(trained.puzzle, Context(seed=1, wall_s=30.0))

    assert answer.value == trained.answer


def test_equal_seeds_give_equal_answers(trained: Dropped) -> None:
    reports: list[list[Any]] = []
    for _ in range(2):
        reported: list[Any] = []

        def report(answer: Any, kept: list[Any] = reported) -> None:
            kept.append(answer)

        Flagship().solve(trained.puzzle, Context(seed=4, report=report))
        reports.append(reported)

    assert reports[0] == reports[1]
    assert reports[0][-1] == trained.answer


def test_without_time_it_hands_in_a_valid_answer_uncertified(trained: Dropped) -> None:
    answer = Flagship().solve(trained.puzzle, Context(seed=5, wall_s=1e-3))
    incoming, outgoing = trained.puzzle.assembly(answer.value)

    assert sorted(incoming) == sorted(outgoing) == list(range(8))
    assert not answer.certified


def test_what_is_found_by_the_deadline_is_handed_in(young: Dropped) -> None:
    puzzle = young.puzzle
    reported: list[Any] = []

    def report(answer: Any) -> None:
        reported.append(answer)

    answer = Flagship(meanfield=False, repair=False).solve(puzzle, Context(seed=5, wall_s=2.0, report=report))

    # The weights alone pair few of these halves rightly, so that the search ends by the deadline.
    assert answer.value == reported[-1] != young.answer
    assert not answer.certified
    assert error(young, answer.value) < 0.5 * error(young, puzzle.answer(range(10), range(10)))


def test_unknown_seeds_are_refused(trained: Dropped) -> None:
    with pytest.raises(SpecError, match="no seeds 'norm'; known: portfolio, mean-field, norms, random"):
        Flagship(seeds="norm").solve(trained.puzzle, Context())


@pytest.mark.parametrize(
    "way",
    [
        Degradation(piece_format="float16"),
        Degradation(piece_format="int8"),
        Degradation(prediction_decimals=3),
        Degradation(prediction_noise=0.01),
    ],
    ids=lambda way: way.label,
)
def test_a_degraded_puzzle_ends_with_a_verdict_and_not_with_the_time(way: Degradation, trained: Dropped) -> None:
    noisy = degraded_predictions(trained.puzzle.predictions, way, np.random.default_rng(0))
    network = rounded(trained.puzzle.network, way.piece_format)
    puzzle = dataclasses.replace(trained.puzzle, network=network, predictions=noisy, degradation=way)
    context = Context(seed=6, wall_s=60.0)
    answer = Flagship().solve(puzzle, context)

    assert answer.value == trained.answer
    assert answer.certified
    assert "log-likelihood ratio" in answer.note
    assert context.time_left() > 30.0  # it takes about a second; without the verdict it searches for 59
