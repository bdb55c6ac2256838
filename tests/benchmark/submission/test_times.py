"""Times that no clock could have shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Lines = Callable[[Path], list[str]]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("wall_s", -1.0, "wall_s is -1; a measurement must be finite and not negative"),
        ("wall_s", 5.5, "wall_s is 5.5 s, beyond the limit of 5 s for an answer"),
        ("wall_s", None, "wall_s is missing, but the trial has an answer"),
        ("load_s", 500.0, "load_s is 500 s; loading ends after 120 s"),
        ("peak_mib", -3.0, "peak_mib is -3; a measurement must be finite and not negative"),
    ],
)
def test_impossible_measurements(forger: Any, lines: Lines, field: str, value: float | None, problem: str) -> None:
    row = forger.rows[0]
    row[field] = value
    # A report after the end of the trial is found as well where the trial's time is negative.
    assert f"puzzle t0, solver mixed.py:Mixed, seed 0: {problem}" in lines(forger.write())


def test_more_processor_time_than_there_was(forger: Any, lines: Lines) -> None:
    forger.rows[0]["cpu_s"] = 1e6
    (line,) = lines(forger.write())
    assert line.startswith("puzzle t0, solver mixed.py:Mixed, seed 0: cpu_s is 1e+06 s; ")


def test_a_number_that_json_cannot_hold(forger: Any, lines: Lines) -> None:
    forger.rows[0]["wall_s"] = float("nan")
    (line, missing) = lines(forger.write())[:2]
    assert line.startswith("rows.jsonl, line 1: is not JSON")
    assert "is missing" in missing


def test_reports_out_of_order(forger: Any, lines: Lines) -> None:
    row = forger.rows[0]

    def swap(raw: dict[str, Any]) -> None:
        late, early = row["wall_s"] * 0.9, row["wall_s"] * 0.1
        raw["reports"] = [{**raw["reports"][0], "time_s": time_s} for time_s in (late, early)]

    forger.raw(row, swap)
    (line,) = lines(forger.write())
    assert line.startswith("puzzle t0, solver mixed.py:Mixed, seed 0: report 2 came after ")
    assert "before the previous report" in line


@pytest.mark.parametrize("time_s", [-0.1, 4.9, None])
def test_reports_outside_of_the_trial(forger: Any, lines: Lines, time_s: float | None) -> None:
    row = forger.rows[0]
    forger.raw(row, lambda raw: raw["reports"][0].update(time_s=time_s))
    (line,) = lines(forger.write())
    assert line.startswith("puzzle t0, solver mixed.py:Mixed, seed 0: report 1 ")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("threads", 64, "threads is 64 in the bundle, 1 verified"),
        ("kind", "rescore", "kind is rescore in the bundle, run verified"),
        ("started", "yesterday", "started is 'yesterday', which does not agree with the session's id"),
        ("started", "1999-01-01T00:00:00", "started is '1999-01-01T00:00:00', which does not agree with"),
        ("cpu", "a\nb", "cpu is not one printable line"),
    ],
)
def test_sessions(forger: Any, lines: Lines, field: str, value: Any, problem: str) -> None:
    forger.session(lambda session: session.update({field: value}))
    (line,) = lines(forger.write())
    assert line.startswith(f"session {forger.rows[0]['session']}: {problem}")


def test_a_session_that_is_not_described(forger: Any, lines: Lines) -> None:
    row = forger.rows[0]
    row["session"] = "20200101T000000000000-00000000"
    forger.raw(row, lambda raw: raw.update(session=row["session"]))
    (line,) = lines(forger.write())
    assert line.endswith(f"session is {row['session']}, which the bundle does not describe")
