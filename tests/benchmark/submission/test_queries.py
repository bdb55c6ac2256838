"""Usage of an oracle that no harness could have counted."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.results.raw import Raw
from benchmark.results.session import describe_session
from benchmark.results.trial import Limits, Row, Status
from benchmark.submission.times import check_times

SESSION = describe_session(jobs=1, threads=1, isolation="none")


def told(*, oracle: bool = True, **changes: Any) -> list[str]:
    """Check a row on a puzzle with an oracle and a budget of 10 rows."""
    fields: dict[str, Any] = {"queries": 8, "query_calls": 2, "query_s": 0.1, "wall_s": 1.0, **changes}
    row = Row(
        trial="t", session="s", puzzle="p", puzzle_name="p", family="toy", solver="x", source="", seed=0,
        limits=Limits(wall_s=5, queries=10 if oracle else None), status=Status.GAVE_UP, **fields,
    )  # fmt: skip
    raw = Raw(trial="t", session="s", status=None, reason="", answer=None, reports=(), log=(), output="")
    return [f"{one.field} {one.problem}" for one in check_times(row, raw, SESSION, "here", has_oracle=oracle)]


def test_a_possible_usage_is_fine() -> None:
    assert told() == []
    assert told(queries=0, query_calls=0, query_s=0.0) == []


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
def test_an_impossible_usage_is_found(changes: dict[str, Any], problem: str) -> None:
    (line,) = told(**changes)
    assert problem in line


def test_usage_without_an_oracle_is_found() -> None:
    assert "queries is given, but the puzzle has no oracle" in told(oracle=False)[0]
