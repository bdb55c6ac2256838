"""From what came of a trial to its status and metrics."""

from __future__ import annotations

import dataclasses
import socket
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.isolation.calls import Caller
from benchmark.results.outcome import Outcome, Report
from benchmark.results.trial import Status
from benchmark.running.judge import Judge
from generator.errors import AnswerError, HarnessError
from generator.family import registry
from generator.family.metric import Metric, Score
from generator.family.oracle import OracleRecord, OracleTerms, Usage
from generator.puzzle.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.family.record import Family
    from generator.puzzle.storage import LoadedPuzzle


@pytest.fixture
def change(toys: tuple[LoadedPuzzle, ...], monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoadedPuzzle]:
    """Register a changed toy family and give a puzzle of it."""

    def changed(**changes: Any) -> LoadedPuzzle:
        family: Family = registry._FAMILIES["toy"]
        monkeypatch.setitem(registry._FAMILIES, "toy", dataclasses.replace(family, **changes))
        return toys[0]

    return changed


def by_metric(change: Callable[..., LoadedPuzzle]) -> LoadedPuzzle:
    return change(rank_by="loss", metrics=(Metric("loss", "loss", "low", failed=1.0),), score=_half, check=_list_only)


def _half(*_: Any) -> Score:
    return Score(solved=False, metrics={"loss": 0.5})


def _list_only(_: Any, answer: Answer) -> None:
    if not isinstance(answer.value, list):
        raise AnswerError("the answer is not a list")


def right(toy: LoadedPuzzle) -> Answer:
    assert toy.sealed is not None
    return Answer(toy.sealed.answer, certified=True, note="sure")


def test_a_right_answer_is_solved_and_a_wrong_one_partial(toys: tuple[LoadedPuzzle, ...]) -> None:
    answer = right(toys[0])
    verdict = Judge().decide(toys[0], Outcome(None, answer=answer))
    assert (verdict.status, verdict.certified, verdict.reason, verdict.answer) == (Status.SOLVED, True, "sure", answer)
    assert verdict.metrics == {"right": 1.0}
    wrong = dataclasses.replace(answer, value=list(reversed(answer.value)))  # type: ignore[arg-type]
    assert Judge().decide(toys[0], Outcome(None, answer=wrong)).status is Status.PARTIAL


@pytest.mark.parametrize(
    ("note", "said", "reason"),
    [
        ("mse 1", "too few rows", "mse 1; too few rows"),
        ("mse 1", "", "mse 1"),
        ("", "too few rows", "too few rows"),
        ("too few", "too few rows", "too few rows"),
    ],
)
def test_the_reason_of_a_score_follows_the_solver_s_note(
    change: Callable[..., LoadedPuzzle], note: str, said: str, reason: str
) -> None:
    toy = change(score=lambda *_: Score(solved=False, metrics={}, reason=said))
    answer = dataclasses.replace(right(toy), note=note)
    assert Judge().decide(toy, Outcome(None, answer=answer)).reason == reason
    stopped = Outcome(Status.TIMEOUT, note, reports=(Report(1.0, answer),))
    assert Judge().decide(toy, stopped).reason == "; ".join(filter(None, (note, said)))


def test_a_wrong_form_is_told_and_none_is_giving_up(toys: tuple[LoadedPuzzle, ...]) -> None:
    verdict = Judge().decide(toys[0], Outcome(None, answer=Answer("word")))
    assert verdict.status is Status.WRONG_FORMAT
    assert "list of places" in verdict.reason
    assert Judge().decide(toys[0], Outcome(None, answer=Answer(None, note="too hard"))).status is Status.GAVE_UP


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.MEMORY, Status.CRASHED])
def test_the_last_report_of_the_right_form_is_scored(toys: tuple[LoadedPuzzle, ...], status: Status) -> None:
    reports = (Report(0.1, Answer("word")), Report(0.2, right(toys[0])), Report(0.3, Answer("word")))
    verdict = Judge().decide(toys[0], Outcome(status, "stopped", reports=reports))
    assert (verdict.status, verdict.reason, verdict.from_report) == (status, "stopped", True)
    assert verdict.metrics == {"right": 1.0}


def test_reports_of_an_unavailable_solver_do_not_count(toys: tuple[LoadedPuzzle, ...]) -> None:
    verdict = Judge().decide(toys[0], Outcome(Status.UNAVAILABLE, "no", reports=(Report(0.1, right(toys[0])),)))
    assert (verdict.status, verdict.metrics) == (Status.UNAVAILABLE, {})


def test_a_family_that_ranks_by_a_metric_scores_valid_answers(change: Callable[..., LoadedPuzzle]) -> None:
    toy = by_metric(change)
    assert Judge().decide(toy, Outcome(None, answer=Answer([]))).status is Status.SCORED
    late = Outcome(Status.TIMEOUT, "no answer within 1 s", reports=(Report(0.1, Answer([])),))
    verdict = Judge().decide(toy, late)
    assert (verdict.status, verdict.from_report, verdict.reason) == (Status.SCORED, True, "no answer within 1 s")
    assert verdict.metrics == {"loss": 0.5}
    assert Judge().decide(toy, Outcome(Status.TIMEOUT, "late")).status is Status.TIMEOUT
    crashed = Outcome(Status.CRASHED, "oh", reports=(Report(0.1, Answer([])),))
    assert Judge().decide(toy, crashed).status is Status.CRASHED


def test_what_was_asked_of_an_oracle_reaches_the_score(change: Callable[..., LoadedPuzzle]) -> None:
    oracle = OracleRecord(lambda _: OracleTerms(1, 1), lambda *_: lambda rows: rows)
    toy = change(oracle=oracle, score=lambda *given: Score(solved=True, metrics={"queries": given[3].queries}))
    verdict = Judge().decide(toy, Outcome(None, answer=right(toy), usage=Usage(7, 2, 0.1)))
    assert verdict.metrics == {"queries": 7}
    assert Judge().decide(toy, Outcome(None, answer=right(toy))).metrics == {"queries": 0}


def test_scoring_that_fails_is_no_solver_s_fault(change: Callable[..., LoadedPuzzle]) -> None:
    def broken(*_: Any) -> Score:
        raise ZeroDivisionError

    toy = change(score=broken)
    with pytest.raises(HarnessError, match="scoring an answer to puzzle 'toy0' failed: ZeroDivisionError"):
        Judge().decide(toy, Outcome(None, answer=right(toy)))


def _leave(*_: Any) -> Score:
    raise SystemExit("bye")


@pytest.mark.parametrize(
    ("score", "words"), [(_leave, "SystemExit: bye"), (lambda *_: {"loss": 1.0}, "object of type dict, not a Score")]
)
def test_a_scoring_function_that_leaves_or_returns_no_score_is_named(
    change: Callable[..., LoadedPuzzle], score: Callable[..., Any], words: str
) -> None:
    toy = change(score=score)
    with pytest.raises(HarnessError, match=f"scoring an answer to puzzle 'toy0' failed: .*{words}"):
        Judge().decide(toy, Outcome(None, answer=right(toy)))


def test_a_process_that_dies_twice_at_an_answer_names_the_puzzle_and_the_family(
    toys: tuple[LoadedPuzzle, ...],
) -> None:
    asked: list[Caller] = []

    def scorer() -> Caller:
        mine, theirs = socket.socketpair()
        theirs.close()
        asked.append(Caller(mine))
        return asked[-1]

    with pytest.raises(HarnessError, match=r"ended twice at an answer to puzzle 'toy0'.* of family 'toy'"):
        Judge(scorer).decide(toys[0], Outcome(None, answer=right(toys[0])))
    assert [caller.gone for caller in asked] == [True, True]
    for caller in asked:
        caller.close()
