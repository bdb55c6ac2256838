"""Best so far, deadlines, certificates."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.errors import SpecError
from generator.reassembly.making.degrade import degraded_predictions
from generator.reassembly.scoring.likelihood import Verdict, judge
from generator.reassembly.spec import Degradation
from solvers.api import Context
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


def test_deep_and_wide_puzzles_keep_more_time_back(
    trained: Dropped, make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    large = make_puzzle(make_network(0, depth=64))
    spent = [begin(dropped, wall_s=100.0, ago_s=50.0)[0].spent() for dropped in (trained, large)]

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


def test_an_assembly_of_a_degraded_puzzle_is_judged_once_and_only_if_its_error_is_near_what_is_expected(
    trained: Dropped, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[Any] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        judged.append(args)
        return judge(*args, **kwargs)

    monkeypatch.setattr("solvers.reassembly.core.attempt.judge", counted)
    way = Degradation(prediction_noise=0.01)
    noisy = degraded_predictions(trained.puzzle.predictions, way, np.random.default_rng(0))
    puzzle = dataclasses.replace(trained.puzzle, predictions=noisy, degradation=way)
    attempt = Attempt.begin(puzzle, Context(), 100)
    incoming, outgoing = map(tuple, puzzle.assembly(trained.answer))
    expected = 1e-4 * trained.puzzle.variance
    wrong = (incoming[1], incoming[0], *incoming[2:])

    assert not attempt.settles((wrong, outgoing), 100 * expected)
    assert not judged
    for _ in range(2):
        assert attempt.settles((incoming, outgoing), expected)
    assert len(judged) == 1
    assert not attempt.settled()  # another one is the best so far
    assert attempt.answer().note == "not judged"
    attempt.offer(incoming, outgoing, expected, 100)
    assert attempt.settled()
    assert attempt.answer().certified
    assert attempt.judge() is None

    late = Attempt.begin(puzzle, Context(wall_s=60.0), 100)
    late.verdict_s = 40.0
    late.offer(incoming, outgoing, expected, 100)
    assert not late.settles((incoming, outgoing), expected)
    assert late.judge() is None
    assert len(judged) == 1


def test_an_assembly_as_likely_as_its_neighbour_is_settled_but_does_not_end_the_search(
    trained: Dropped, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubtful = Verdict(1.0, 1.0, p_value=0.45, margin=0.1, rival=None, confidence=0.52, rows=100)
    monkeypatch.setattr("solvers.reassembly.core.attempt.judge", lambda *_: doubtful)
    puzzle = dataclasses.replace(trained.puzzle, degradation=Degradation(prediction_noise=0.3))
    attempt = Attempt.begin(puzzle, Context(), 100)
    incoming, outgoing = map(tuple, puzzle.assembly(trained.answer))
    attempt.offer(incoming, outgoing, 1e-9, 100)

    assert not attempt.settles((incoming, outgoing), 1e-9)
    assert attempt.settled()
    assert not attempt.answer().certified
