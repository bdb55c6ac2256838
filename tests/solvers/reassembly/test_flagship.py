"""The flagship on small trained networks: exact, certified, reproducible, and honest when out of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import SpecError
from solvers.api import Context
from solvers.reassembly.flagship import Flagship

if TYPE_CHECKING:
    from tests.solvers.reassembly.conftest import Dropped


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
    bare = Flagship(meanfield=False, repair=False, exact_moves=False, kicks=False)
    answer = bare.solve(trained.puzzle, Context(seed=3, wall_s=5.0))

    assert len(trained.puzzle.assembly(answer.value)[0]) == trained.puzzle.depth


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


def test_without_time_it_hands_in_what_it_has(trained: Dropped) -> None:
    answer = Flagship().solve(trained.puzzle, Context(seed=5, wall_s=1e-3))

    assert len(trained.puzzle.assembly(answer.value)[0]) == trained.puzzle.depth
    assert not answer.certified


def test_unknown_seeds_are_refused(trained: Dropped) -> None:
    with pytest.raises(SpecError, match="no seeds 'norm'; known: portfolio, mean-field, norms, random"):
        Flagship(seeds="norm").solve(trained.puzzle, Context())
