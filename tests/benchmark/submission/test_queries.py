"""Usage of an oracle that no harness could have counted."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchmark.results.raw import Raw
from benchmark.results.session import describe_session
from benchmark.results.trial import Limits, Row, Status
from benchmark.submission.times import check_times
from generator.family import registry
from generator.family.oracle import OracleRecord, OracleTerms
from generator.plugins import load_file

TOY = Path(__file__).parents[1] / "toy.py"
SESSION = describe_session(jobs=1, threads=1, isolation="none")


def told(monkeypatch: pytest.MonkeyPatch, *, oracle: bool = True, **changes: Any) -> list[str]:
    """Check a row of a toy with an oracle and a budget of 10 rows."""
    load_file(TOY)
    record = OracleRecord(lambda _: OracleTerms(1, 1, budget=10), lambda *_: lambda rows: rows) if oracle else None
    monkeypatch.setitem(registry._FAMILIES, "toy", dataclasses.replace(registry._FAMILIES["toy"], oracle=record))
    fields: dict[str, Any] = {"queries": 8, "query_calls": 2, "query_s": 0.1, "wall_s": 1.0, **changes}
    row = Row(
        trial="t", session="s", puzzle="p", puzzle_name="p", family="toy", solver="x", source="", seed=0,
        limits=Limits(wall_s=5, queries=10 if oracle else None), status=Status.GAVE_UP, **fields,
    )  # fmt: skip
    raw = Raw(trial="t", session="s", status=None, reason="", answer=None, reports=(), log=(), output="")
    return [f"{one.field} {one.problem}" for one in check_times(row, raw, SESSION, "here")]


def test_a_possible_usage_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch) == []
    assert told(monkeypatch, queries=0, query_calls=0, query_s=0.0) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"queries": 11}, "queries is 11, beyond the limit of 10"),
        ({"queries": -1}, "queries is -1; a count or time must be"),
        ({"query_calls": 9}, "query_calls is 9 for 8 rows"),
        ({"query_calls": 0}, "query_calls is 0 for 8 rows"),
        ({"query_s": float("inf")}, "query_s is inf; a count or time must be"),
        ({"query_s": 60.0}, "query_s is 60 s of a trial of 1 s"),
        ({"query_s": None}, "query_s is missing"),
        ({"queries": None, "query_calls": None, "query_s": None}, "queries is missing, but the puzzle has an oracle"),
    ],
)
def test_an_impossible_usage_is_found(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], problem: str) -> None:
    (line,) = told(monkeypatch, **changes)
    assert problem in line


def test_usage_without_an_oracle_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "queries is given, but the puzzle has no oracle" in told(monkeypatch, oracle=False)[0]
