"""Bundles of a family that ranks by a metric: `scored` is recomputed, forged metrics are found, reruns confirm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Status
from benchmark.running.planning.plan import plan
from benchmark.running.planning.request import RunRequest
from benchmark.running.runner import run
from benchmark.submission.bundle.bundling import Submission, make_bundle
from benchmark.submission.bundle.contents import open_bundle
from benchmark.submission.merging import merge
from benchmark.submission.rerunning import Conditions, rerun
from benchmark.submission.suiting import Ground, ground_of
from benchmark.submission.verifying import verify_bundle
from benchmark.suites.loading import find_target, load_target
from generator.plugins import load_file
from generator.puzzle.storage import save_answer, save_puzzle
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILY = """
import time
import numpy as np
from pydantic import BaseModel
from generator.errors import AnswerError
from generator.family.metric import Metric, Score
from generator.family.record import Family
from generator.family.registry import register_family
from generator.puzzle.sealing import seal

class Spec(BaseModel):
    pass

def make(spec=None, *, name, seed, progress=None):
    target = float(np.random.default_rng(seed).random())
    return seal(family="guess", name=name, seed=seed, answer=target, pieces={"hint": np.zeros(seed + 1)}, data={})

def check(view, answer):
    if not isinstance(answer.value, float):
        raise AnswerError("the answer is not a number")

def score(view, answer, sealed):
    return Score(False, {"error": abs(answer.value - sealed.answer) + 1e-6})

register_family(Family("guess", "guess a number", Spec, {}, make, score,
    (Metric("error", "error", "low", scale="log", failed=10.0),), rank_by="error", check=check))
"""
SOLVER = """
import time
from pathlib import Path

class Guesser:
    family = "guess"

    def solve(self, puzzle, context):
        if len(puzzle.pieces["hint"]) == 1:
            context.report(0.5)
            time.sleep(60)
        return {guess}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a family, a solver that answers once and times out once after a report, and a suite; bundle the results."""
    home = tmp_path_factory.mktemp("guess")
    (home / "guess.py").write_text(FAMILY)
    (home / "guesser.py").write_text(SOLVER.replace("{guess}", "0.25"))
    family, text = load_file(home / "guess.py"), 'format = 1\nname = "guesses"\n[limits]\nwall_s = 1\n'
    for seed in range(2):
        one = family.make(name=f"g{seed}", seed=seed)
        save_puzzle(one.puzzle, home / "suite" / "puzzles" / f"g{seed}")
        save_answer(one.sealed, home / "suite" / "puzzles" / "answers")
        text += f'[[puzzle]]\nname = "g{seed}"\nfamily = "guess"\ndigest = "{one.puzzle.digest}"\n'
    (home / "suite" / "suite.toml").write_text(text)
    ground = ground_at(home)
    request = RunRequest(
        puzzles=tuple(ground.loaded.values()),
        references=(parse_reference(f"{home}/guesser.py:Guesser"),),
        results=home / "store",
        limits=ground.suite.limits,
        plugins=(str(home / "guess.py"),),
        suites=(ground.use,),
    )
    run(request)
    cells = plan(request.puzzles, request.references, request.seeds, request.limits)
    make_bundle(Store(home / "store"), Submission(ground.suite, cells, author="Ada"), home / "honest.njz")
    return home


def ground_at(home: Path) -> Ground:
    target = find_target(str(home / "suite"))
    return ground_of(target, load_target(target))


@pytest.fixture
def forge(home: Path, tmp_path: Path) -> Callable[[Callable[[Any], None]], list[str]]:
    """Change a bundle and its digests, and say what verifying finds."""
    forger_type = load_file(Path(__file__).with_name("conftest.py")).Forger

    def call(change: Callable[[Any], None]) -> list[str]:
        forger = forger_type(home / "honest.njz", tmp_path / "forged.njz")
        change(forger)
        found = verify_bundle(open_bundle(forger.write()), ground_at(home))
        assert found.verified is (not found.findings)
        assert bool(found.rows) is found.verified
        return [finding.line for finding in found.findings]

    return call


def test_an_honest_bundle_verifies_and_merges(home: Path) -> None:
    ground = ground_at(home)
    found = verify_bundle(open_bundle(home / "honest.njz"), ground)
    assert not found.findings
    assert [(row.status, row.from_report) for row in found.rows] == [(Status.SCORED, True), (Status.SCORED, False)]
    assert all(row.metrics["error"] < 1 for row in found.rows)
    merged = merge([found], Store(home / "store"), ground)
    assert {(row.solver.partition("/")[0], row.status) for row in merged.rows} >= {("Ada", Status.SCORED)}
    assert len(merged.rows) == 4
    assert not merged.left_out


def test_a_better_metric_than_the_raw_answers_is_a_finding(forge: Callable[..., list[str]]) -> None:
    lines = forge(lambda forger: forger.rows[1]["metrics"].update(error=1e-6))
    assert len(lines) == 1
    assert "puzzle g1" in lines[0]
    assert "metrics.error is 1e-06 in the bundle" in lines[0]


def test_solved_is_not_claimed_where_a_metric_ranks(forge: Callable[..., list[str]]) -> None:
    lines = forge(lambda forger: forger.rows[1].update(status="solved"))
    assert lines == ["puzzle g1, solver guesser.py:Guesser, seed 0: status is solved in the bundle, scored verified"]


def test_a_timeout_cannot_hide_that_only_a_report_was_scored(forge: Callable[..., list[str]]) -> None:
    lines = forge(lambda forger: forger.rows[0].update(from_report=False))
    assert len(lines) == 1
    assert "from_report is false in the bundle, true verified" in lines[0]


def test_a_raw_record_cannot_say_scored(forge: Callable[..., list[str]]) -> None:
    def change(forger: Any) -> None:
        forger.raw(forger.rows[1], lambda raw: raw.update(answer=None, status="scored"))

    assert any("is scored, which only an answer's score can give" in line for line in forge(change))


@pytest.mark.parametrize(
    ("claimed", "guess", "found"),
    [
        (None, "0.25", ""),
        (None, "0.26", ""),
        (1e-6, "0.25", "metrics.error is 1e-06 in the bundle"),
        (None, "None", "status is scored in the bundle, gave-up here"),
    ],
)
def test_a_rerun_confirms_a_scored_row(
    home: Path, tmp_path: Path, claimed: float | None, guess: str, found: str
) -> None:
    (tmp_path / "guesser.py").write_text(SOLVER.replace("{guess}", guess))
    ground = ground_at(home)
    row = next(row for row in Store(home / "store").rows() if not row.from_report)
    if claimed is not None:
        row = row.model_copy(update={"metrics": {"error": claimed}})
    conditions = Conditions(
        parse_reference(f"{tmp_path}/guesser.py:Guesser"), tmp_path, (str(home / "guess.py"),), isolation="auto"
    )
    (again,) = rerun([row], replace(ground), conditions, lambda _: None)
    lines = [finding.line for finding in again.findings]
    assert len(lines) == bool(found), lines
    assert all(found in line for line in lines)
