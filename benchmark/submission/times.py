"""Find times that are impossible under the rules of the harness.

A time cannot be recomputed from an answer. Only a rerun can show whether a plausible time is
true (see rerunning.py).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from benchmark.isolation.conversation import DRAIN_LIMIT_S, KILL_GRACE_S, LOAD_LIMIT_S
from benchmark.submission.bundle.schema import is_line
from benchmark.submission.findings import Discrepancy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmark.results.raw import Raw
    from benchmark.results.session import Session
    from benchmark.results.trial import Row

__all__ = ["GRACE_S", "check_session", "check_times"]

GRACE_S = KILL_GRACE_S + DRAIN_LIMIT_S
"""Seconds after the limit within which a trial without an answer must end: time to stop it and read its last output.
Hand-set.
"""
CLOCKS_APART = timedelta(days=1)
"""Largest plausible difference between the clocks of two machines. A larger value accepts later starts. Hand-set."""


def check_times(row: Row, raw: Raw, session: Session, place: str, *, has_oracle: bool) -> Iterator[Discrepancy]:
    """Find impossible times: negative, beyond the limit, or out of order; and impossible usage of an oracle."""
    for field in ("wall_s", "load_s", "cpu_s", "peak_mib", "load_average"):
        value = getattr(row, field)
        if value is not None and not (math.isfinite(value) and value >= 0):
            yield Discrepancy(place, field, f"is {value:g}; a measurement must be finite and not negative")
    limit = math.inf if row.limits.wall_s is None else row.limits.wall_s
    answered = raw.answer is not None
    # An answer after the limit is not accepted, so it has no grace period.
    last = limit if answered else limit + GRACE_S
    if row.wall_s is None:
        if answered or raw.reports:
            yield Discrepancy(place, "wall_s", "is missing, but the trial has an answer")
    elif row.wall_s > last:
        what = "an answer" if answered else f"a trial without an answer, which ends within {GRACE_S:g} s of it"
        yield Discrepancy(place, "wall_s", f"is {row.wall_s:.6g} s, beyond the limit of {limit:g} s for {what}")
    if row.load_s is not None and row.load_s > LOAD_LIMIT_S + GRACE_S:
        yield Discrepancy(place, "load_s", f"is {row.load_s:.6g} s; loading ends after {LOAD_LIMIT_S:g} s")
    yield from _check_queries(row, place, has_oracle=has_oracle)
    yield from _check_processor(row, session, place)
    yield from _check_reports(row, raw, limit, place)


def _check_queries(row: Row, place: str, *, has_oracle: bool) -> Iterator[Discrepancy]:
    """Find impossible usage of an oracle; `limits.queries` is checked with the limits."""
    usage = {field: getattr(row, field) for field in ("queries", "query_calls", "query_s")}
    known = {field: value for field, value in usage.items() if value is not None}
    if known and len(known) < len(usage):
        missing = next(field for field in usage if field not in known)
        yield Discrepancy(place, missing, "is missing, but the row holds other usage of the oracle")
        return
    for field, value in known.items():
        if not (math.isfinite(value) and value >= 0):
            yield Discrepancy(place, field, f"is {value:g}; a count or time must be finite and not negative")
            return
    if has_oracle != bool(known) and (known or row.wall_s is not None):
        fault = "is missing, but the puzzle has an oracle" if has_oracle else "is given, but the puzzle has no oracle"
        yield Discrepancy(place, "queries", fault)
    if not known:
        return
    budget = row.limits.queries
    if budget is not None and usage["queries"] > budget:
        yield Discrepancy(place, "queries", f"is {usage['queries']}, beyond the limit of {budget}")
    if (usage["queries"] > 0) != (usage["query_calls"] > 0) or usage["query_calls"] > usage["queries"]:
        yield Discrepancy(place, "query_calls", f"is {usage['query_calls']} for {usage['queries']} rows")
    if row.wall_s is not None and usage["query_s"] > row.wall_s + GRACE_S:
        yield Discrepancy(place, "query_s", f"is {usage['query_s']:.6g} s of a trial of {row.wall_s:.6g} s")


def _check_processor(row: Row, session: Session, place: str) -> Iterator[Discrepancy]:
    if row.cpu_s is None or row.wall_s is None:
        return
    most = max(1, session.cores) * (row.wall_s + (row.load_s or 0.0) + GRACE_S)
    if row.cpu_s > most:
        yield Discrepancy(
            place, "cpu_s", f"is {row.cpu_s:.6g} s; {session.cores} cores give at most {most:.6g} s in this time"
        )


def _check_reports(row: Row, raw: Raw, limit: float, place: str) -> Iterator[Discrepancy]:
    before = 0.0
    for number, report in enumerate(raw.reports, start=1):
        time_s, field = report.time_s, f"report {number}"
        if time_s is None or not math.isfinite(time_s) or time_s < 0:
            yield Discrepancy(place, field, "has no time, or an impossible time")
            continue
        if time_s < before:
            yield Discrepancy(place, field, f"came after {time_s:.6g} s, before the previous report ({before:.6g} s)")
        if time_s > min(limit, math.inf if row.wall_s is None else row.wall_s):
            yield Discrepancy(place, field, f"came after {time_s:.6g} s, after the end of the trial")
        before = max(before, time_s)


def check_session(session: Session, threads: int) -> Iterator[Discrepancy]:
    """Find settings that the suite does not allow, a start in the future, and text that is not one printable line."""
    place = f"session {session.id}"
    fields = session.model_dump(mode="json", exclude={"versions", "plugins", "suites"})
    fields |= {"versions": " ".join(f"{key} {value}" for key, value in session.versions.items())}
    fields |= {"plugins": " ".join(session.plugins)}
    for field, value in fields.items():
        if isinstance(value, str) and not is_line(value):
            yield Discrepancy(place, field, "is not one printable line")
    if session.kind != "run":
        yield Discrepancy(place, "kind", claimed=session.kind, verified="run")
    if session.threads != threads:
        yield Discrepancy(place, "threads", claimed=session.threads, verified=threads)
    try:
        began = datetime.strptime(session.id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        started = datetime.fromisoformat(session.started)
        gap = abs(started - began)
    except (ValueError, TypeError):
        yield Discrepancy(place, "started", f"is {session.started!r}, which does not agree with the session's id")
        return
    if gap > timedelta(minutes=1):
        yield Discrepancy(place, "started", f"is {session.started!r}, which does not agree with the session's id")
    if began > datetime.now(UTC) + CLOCKS_APART:
        yield Discrepancy(place, "started", f"is {session.started!r}, which is in the future")
