"""Best so far, deadlines, certificates."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import SpecError
from solvers.api import Context
from solvers.reassembly.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network import ResidualNetwork
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
    assert attempt.mse == 0.4


def test_an_error_on_more_rows_supersedes_one_on_fewer(trained: Dropped) -> None:
    attempt, _ = begin(trained)
    blocks = attempt.paired(range(8))
    blocks.found([1, 0, 2, 3, 4, 5, 6, 7], 0.3, 50)
    blocks.found(range(8), 0.4, 100)
    blocks.found([2, 1, 0, 3, 4, 5, 6, 7], 0.1, 50)

    assert (attempt.incoming, attempt.mse) == (list(range(8)), 0.4)


def test_the_true_assembly_is_certified_and_no_other(trained: Dropped) -> None:
    attempt, _ = begin(trained)
    incoming, outgoing = trained.puzzle.assembly(trained.answer)
    attempt.offer(incoming, outgoing, 0.0, 100)
    assert attempt.answer().certified
    assert attempt.answer().value == trained.answer

    incoming[0], incoming[1] = incoming[1], incoming[0]
    attempt.offer(incoming, outgoing, 0.0, 101)
    assert not attempt.answer().certified


def test_nothing_is_certified_without_rows_held_back(
    make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    dropped = make_puzzle(make_network(0), rows=1)
    attempt, _ = begin(dropped)
    attempt.offer(*dropped.puzzle.assembly(dropped.answer), 0.0, 1)

    assert not attempt.answer().certified


def test_search_must_end_before_the_limit(trained: Dropped) -> None:
    attempt, _ = begin(trained, wall_s=10.0, ago_s=9.5)
    assert attempt.spent() > 1.0
    assert attempt.paired(range(8)).stop()

    attempt, _ = begin(trained, wall_s=10.0)
    assert attempt.spent() == pytest.approx(0.0, abs=0.1)
    assert begin(trained)[0].spent() == 0.0


def test_no_rows_are_refused(trained: Dropped) -> None:
    with pytest.raises(SpecError, match="set rows to 1 or more"):
        begin(trained, rows=0)


def test_blocks_follow_their_partners(trained: Dropped) -> None:
    attempt, reports = begin(trained)
    partners = [3, 1, 0, 2, 7, 6, 5, 4]
    attempt.paired(partners).found([4, 0, 1, 2, 3, 5, 6, 7], math.nan, 100)

    assert reports[-1] == trained.puzzle.answer([4, 0, 1, 2, 3, 5, 6, 7], [7, 3, 1, 0, 2, 6, 5, 4])
