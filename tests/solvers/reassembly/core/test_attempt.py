"""Attempts: the first answer, the incumbent, the deadline, the certificate."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import SpecError
from generator.reassembly.spec import Degradation
from solvers.api import Context
from solvers.reassembly.core.assembly import Assembly
from solvers.reassembly.core.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped


def begin(dropped: Dropped, rows: int = 100, wall_s: float = math.inf, ago_s: float = 0.0) -> tuple[Attempt, list[Any]]:
    reports: list[Any] = []

    def keep(answer: Any) -> None:
        reports.append(answer)

    context = Context(wall_s=wall_s, started=time.monotonic() - ago_s, report=keep)
    return Attempt.begin(dropped.puzzle, context, rows), reports


def test_there_is_an_answer_from_the_start(trained: Dropped) -> None:
    attempt, reports = begin(trained)

    trained.puzzle.assembly(reports[0])
    assert attempt.answer().value == reports[0]
    assert not attempt.answer().certified


def test_only_improvements_are_reported(trained: Dropped) -> None:
    attempt, reports = begin(trained)
    blocks = attempt.paired(range(8))
    orders = [[k, *(j for j in range(8) if j != k)] for k in (1, 2, 3, 4)]
    for order, mse in zip(orders, (0.5, 0.6, 0.4, 0.4), strict=True):
        blocks.found(order, mse, 100)

    assert reports[1:] == [trained.puzzle.answer(orders[0], orders[0]), trained.puzzle.answer(orders[2], orders[2])]
    assert attempt.best.assembly.mse == 0.4


def test_an_error_on_more_rows_supersedes_one_on_fewer(trained: Dropped) -> None:
    attempt, _ = begin(trained)
    blocks = attempt.paired(range(8))
    blocks.found([1, 0, 2, 3, 4, 5, 6, 7], 0.3, 50)
    blocks.found(range(8), 0.4, 100)
    blocks.found([2, 1, 0, 3, 4, 5, 6, 7], 0.1, 50)

    assert attempt.best.assembly == Assembly(tuple(range(8)), tuple(range(8)), 0.4, 100)


def test_the_true_assembly_is_certified_and_no_other(trained: Dropped) -> None:
    attempt, _ = begin(trained)
    incoming, outgoing = trained.puzzle.assembly(trained.answer)
    attempt.best.offer(Assembly(tuple(incoming), tuple(outgoing), 0.0, 100))
    assert attempt.answer().certified
    assert attempt.answer().value == trained.answer

    incoming[0], incoming[1] = incoming[1], incoming[0]
    attempt.best.offer(Assembly(tuple(incoming), tuple(outgoing), 0.0, 101))
    assert not attempt.answer().certified


def test_nothing_is_certified_without_rows_held_back(
    make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    dropped = make_puzzle(make_network(0), rows=1)
    attempt, _ = begin(dropped)
    incoming, outgoing = dropped.puzzle.assembly(dropped.answer)
    attempt.best.offer(Assembly(tuple(incoming), tuple(outgoing), 0.0, 1))

    assert not attempt.answer().certified


def test_search_must_end_before_the_limit(trained: Dropped) -> None:
    attempt, _ = begin(trained, wall_s=10.0, ago_s=9.5)
    assert attempt.deadline.spent() > 1.0
    assert attempt.paired(range(8)).deadline.passed()

    attempt, _ = begin(trained, wall_s=10.0)
    assert attempt.deadline.spent() == pytest.approx(0.0, abs=0.1)
    assert begin(trained)[0].deadline.spent() == 0.0


def test_deep_and_wide_puzzles_keep_more_time_back(
    trained: Dropped, make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    large = make_puzzle(make_network(0, depth=64))
    spent = [begin(dropped, wall_s=100.0, ago_s=50.0)[0].deadline.spent() for dropped in (trained, large)]

    assert 0.5 < spent[0] < 0.51
    assert spent[0] + 0.005 < spent[1] < 50.1 / 90.0  # never more than a tenth is kept back


def test_no_rows_are_refused(trained: Dropped) -> None:
    with pytest.raises(SpecError, match="set rows to 1 or more"):
        begin(trained, rows=0)


def test_blocks_follow_their_partners(trained: Dropped) -> None:
    attempt, reports = begin(trained)
    partners = [3, 1, 0, 2, 7, 6, 5, 4]
    attempt.paired(partners).found([4, 0, 1, 2, 3, 5, 6, 7], math.nan, 100)

    assert reports[-1] == trained.puzzle.answer([4, 0, 1, 2, 3, 5, 6, 7], [7, 3, 1, 0, 2, 6, 5, 4])


def test_parts_of_an_attempt_share_one_deadline_and_one_generator(trained: Dropped) -> None:
    attempt, _ = begin(trained, wall_s=10.0)

    assert attempt.paired(range(8)).deadline is attempt.deadline
    assert attempt.judge.deadline is attempt.deadline
    assert attempt.judge.rng is attempt.rng


def test_the_answer_to_a_degraded_puzzle_is_certified_by_a_verdict_alone(trained: Dropped) -> None:
    degradation = Degradation(prediction_noise=0.01)
    attempt = Attempt.begin(dataclasses.replace(trained.puzzle, degradation=degradation), Context(), 100)
    incoming, outgoing = trained.puzzle.assembly(trained.answer)
    attempt.best.offer(Assembly(tuple(incoming), tuple(outgoing), 0.0, 100))

    assert attempt.answer().value == trained.answer
    assert (attempt.answer().certified, attempt.answer().note) == (False, "not judged")
