"""The contract asks for valid answers, whatever ranks them; what a valid answer is, the family's record says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.conformance import errands
from benchmark.conformance.advice import fixes_for
from benchmark.conformance.errands import Times, Tried, choose_family
from benchmark.conformance.findings import judge
from benchmark.results.outcome import Outcome, Report
from benchmark.results.trial import Status
from benchmark.running.judge import Verdict
from generator.errors import SpecError
from generator.family.advice import Advice
from generator.family.registry import find_family
from generator.plugins import load_file
from generator.puzzle.answer import Answer
from generator.puzzle.storage import LoadedPuzzle
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from generator.family.record import Family

HERE = Path(__file__).parents[1]
ANSWER = Answer([0, 1, 2, 3, 4, 5, 6, 7])


@pytest.fixture
def tried() -> list[Tried]:
    """Every errand ends with a `scored` answer; nothing is run."""
    toy = load_file(HERE / "toy.py")
    probes = [LoadedPuzzle(one.puzzle, one.sealed) for one in (toy.make_toy(seed=seed) for seed in range(3))]
    reference = parse_reference(f"{HERE}/toy_solvers.py:Sorts")
    planned = errands.errands(reference, probes, Times())
    outcome = Outcome(None, answer=ANSWER, wall_s=0.1, load_s=0.1)
    return [Tried(errand, outcome, Verdict(Status.SCORED, answer=ANSWER)) for errand in planned]


def test_scored_is_an_answer(tried: list[Tried]) -> None:
    found = judge(tried)
    assert {one.check for one in found if one.verdict != "ok"} == {"reports"}
    assert [one.found for one in found if one.check == "answers"] == ["scored in 0.10 s"]


def test_a_report_that_is_scored_when_time_runs_out_is_told_from_an_answer(tried: list[Tried]) -> None:
    late = Outcome(Status.TIMEOUT, "took more than 5 s", reports=(Report(0.2, ANSWER),), wall_s=5.0, load_s=0.1)
    verdict = Verdict(Status.SCORED, late.reason, ANSWER, from_report=True)
    found = judge([Tried(one.errand, late, verdict) for one in tried])
    answers, *_ = [one for one in found if one.check == "answers"]
    assert (answers.verdict, answers.found) == ("note", "timeout: took more than 5 s; its last report was scored")
    (time,) = [one for one in found if one.check == "time"]
    assert (time.verdict, time.found) == ("ok", "stopped after 5.00 s; its report of 0.20 s was scored")


@pytest.mark.parametrize(("for_program", "fix"), [(False, "return a pair"), (True, "print a pair")])
def test_what_a_valid_answer_is_comes_from_the_record(fix: str, *, for_program: bool) -> None:
    fixes = fixes_for(Advice("return a pair", "print a pair"), for_program=for_program)
    assert fixes.of_ending(Verdict(Status.WRONG_FORMAT)) == fix


def test_no_family_is_preferred_where_a_solver_names_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "silent.py").write_text("class Silent: ...\n")
    reference = parse_reference(f"{tmp_path}/silent.py:Silent")
    one = find_family("reassembly")

    def listed(*found: Family) -> None:
        monkeypatch.setattr(errands, "families", lambda: found)

    listed(one)
    assert choose_family(reference) is one
    listed(one, one)
    with pytest.raises(SpecError, match="declares no single family; choose one with --family: reassembly, reassembly"):
        choose_family(reference)
    assert choose_family(reference, "reassembly") is one
    listed()
    with pytest.raises(SpecError, match="no family has test puzzles"):
        choose_family(reference)
