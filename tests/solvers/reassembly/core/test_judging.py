"""Verdicts on assemblies of degraded puzzles: each at most once, only near the floor, never too late."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import numpy as np
import pytest

from generator.reassembly.network.degrade import degraded_predictions
from generator.reassembly.scoring.likelihood import LikelihoodVerdict
from generator.reassembly.scoring.neighbours import Neighbour
from generator.reassembly.scoring.verdict import decide
from generator.reassembly.spec import Degradation
from solvers.api import Context
from solvers.reassembly.core.assembly import Assembly
from solvers.reassembly.core.attempt import Attempt

if TYPE_CHECKING:
    from generator.reassembly.scoring.verdict import Verdict
    from tests.solvers.reassembly.conftest import Dropped

EXPECTED = 1e-4
"""Share of the variance that the noise of these puzzles explains."""


def begin(dropped: Dropped, **limits: Any) -> Attempt:
    """Begin an attempt at a puzzle with noise on its predictions."""
    degradation = Degradation(prediction_noise=0.01)
    noisy = degraded_predictions(dropped.puzzle.predictions, degradation, np.random.default_rng(0))
    puzzle = dataclasses.replace(dropped.puzzle, predictions=noisy, degradation=degradation)
    return Attempt.begin(puzzle, Context(**limits), 100)


def true_assembly(dropped: Dropped, mse: float = EXPECTED) -> Assembly:
    incoming, outgoing = dropped.puzzle.assembly(dropped.answer)
    return Assembly(tuple(incoming), tuple(outgoing), mse * dropped.puzzle.variance, 100)


def exchanged(assembly: Assembly, a: int, b: int, mse: float) -> Assembly:
    """Exchange the incoming halves at two positions."""
    incoming = list(assembly.incoming)
    incoming[a], incoming[b] = incoming[b], incoming[a]
    return Assembly(tuple(incoming), assembly.outgoing, mse, assembly.rows)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Give a list that grows with every verdict reached."""
    calls: list[Any] = []

    def counted(*args: Any, **kwargs: Any) -> Verdict:
        calls.append(args)
        return decide(*args, **kwargs)

    monkeypatch.setattr("solvers.reassembly.core.judging.decide", counted)
    return calls


def test_an_assembly_is_judged_once_and_only_if_its_error_is_near_what_is_expected(
    trained: Dropped, judged: list[Any]
) -> None:
    attempt, right = begin(trained), true_assembly(trained)
    wrong = exchanged(right, 0, 1, 100 * right.mse)

    assert not attempt.judge.certifies(wrong)
    assert not judged
    for _ in range(2):
        assert attempt.judge.certifies(right)
    assert len(judged) == 1
    assert not attempt.judge.settles(attempt.best.assembly)  # another one is the best so far
    assert attempt.answer().note == "not judged"
    attempt.best.offer(right)
    assert attempt.judge.settles(attempt.best.assembly)
    assert attempt.answer().certified
    assert attempt.judge.rival(attempt.best.assembly) is None
    assert len(judged) == 1


def test_asking_for_a_rival_judges_whatever_the_error_and_once(trained: Dropped, judged: list[Any]) -> None:
    attempt, right = begin(trained), true_assembly(trained)
    wrong = Assembly(*right.moved([1, 0, *range(2, 8)]), 100 * right.mse, 100)

    assert not attempt.judge.certifies(wrong)
    assert not judged
    for _ in range(2):
        assert attempt.judge.rival(wrong) == right.halves
    assert len(judged) == 1
    assert not attempt.judge.settles(wrong)


def test_a_verdict_that_could_come_too_late_is_skipped(trained: Dropped, judged: list[Any]) -> None:
    attempt, right = begin(trained, wall_s=60.0), true_assembly(trained)
    attempt.judge.longest_s = 40.0
    attempt.best.offer(right)

    assert not attempt.judge.certifies(right)
    assert attempt.judge.rival(right) is None
    assert not judged
    assert not attempt.judge.verdicts
    attempt.judge.longest_s = 20.0
    assert attempt.judge.certifies(right)
    assert len(judged) == 1


def test_the_longest_verdict_is_remembered_and_logged(trained: Dropped) -> None:
    lines: list[str] = []
    attempt, right = begin(trained, log=lines.append), true_assembly(trained)

    assert attempt.judge.longest_s == 0.0
    assert attempt.judge.certifies(right)
    assert 0.0 < attempt.judge.longest_s < 60.0
    verdict = attempt.judge.verdicts[right.halves]
    assert verdict is not None
    assert lines == [verdict.note]


def test_an_assembly_as_likely_as_its_neighbour_is_settled_but_does_not_end_the_search(
    trained: Dropped, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubtful = LikelihoodVerdict(1.0, 1.0, p_value=0.45, margin=0.1, rival=None, confidence=0.52, rows=100)
    monkeypatch.setattr("solvers.reassembly.core.judging.decide", lambda *_: doubtful)
    attempt, right = begin(trained), true_assembly(trained)
    attempt.best.offer(right)

    assert not attempt.judge.certifies(right)
    assert attempt.judge.settles(right)
    assert not attempt.answer().certified


def test_only_a_likelier_neighbour_is_a_rival(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt, right = begin(trained), true_assembly(trained)
    neighbour = Neighbour("exchange of outgoing halves", 1, (1, 2), (2, 1))
    other = right.moved_halves(range(8), [0, 2, 1, *range(3, 8)])
    for margin, expected in ((0.1, None), (0.0, None), (-0.1, other)):
        verdict = LikelihoodVerdict(1.0, 1.0, p_value=0.45, margin=margin, rival=neighbour, confidence=0.5, rows=100)
        attempt.judge.verdicts.clear()
        with monkeypatch.context() as patch:
            patch.setattr("solvers.reassembly.core.judging.decide", Mock(return_value=verdict))
            assert attempt.judge.rival(right) == expected
