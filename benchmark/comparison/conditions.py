"""Check whether the times of two sides can be compared."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmark.results.session import Session
    from benchmark.results.trial import Row

__all__ = ["why_times_differ"]

EXTRA_LOAD = 0.5
"""Largest difference between the median loads of two sides by other programs, in runnable processes. A larger value
compares times under more unequal conditions. Hand-set.
"""
EXTRA_LOAD_PER_CORE = 0.1
"""The same limit as a share of the machine's cores; the larger limit applies. Hand-set."""


def why_times_differ(base: Sequence[Row], new: Sequence[Row], sessions: Mapping[str, Session]) -> str:
    """Return the reason why times cannot be compared, to follow "time not judged: "; empty if they can.

    Both sides must have run on one machine, with the same number of jobs, the same isolation, and the same load by
    other programs. Rows of the same sessions were run interleaved, so both sides had the same load.
    """
    ours, theirs = ({row.session for row in rows} for rows in (base, new))
    if lost := [session for session in sorted(ours | theirs) if session not in sessions]:
        return f"the machine of session {lost[0]} is not known (its session file is missing)"
    first, second = ({_setting(sessions[session]) for session in side} for side in (ours, theirs))
    if first != second or len(first) > 1:
        return _first_difference(first, second)
    return "" if ours == theirs else _loads_differ(base, new, sessions)


def _setting(session: Session) -> tuple[tuple[str, str], ...]:
    return (
        ("machine", session.host),
        ("CPU", session.cpu),
        ("cores", str(session.cores)),
        ("jobs", str(session.jobs)),
        ("isolation", session.isolation.partition(" ")[0]),
    )


def _first_difference(first: set[tuple[tuple[str, str], ...]], second: set[tuple[tuple[str, str], ...]]) -> str:
    """Name the first setting that differs."""
    for settings in zip(*sorted(first | second), strict=True):
        values = sorted({value for _, value in settings})
        if len(values) > 1:
            return f"the runs differ in {settings[0][0]} ({', '.join(values)})"
    return "the runs differ in their sessions"


def _loads_differ(base: Sequence[Row], new: Sequence[Row], sessions: Mapping[str, Session]) -> str:
    sides = []
    for rows in (base, new):
        if any(row.load_average is None for row in rows):
            return "the load of the machine was not recorded"
        sides.append(median(_load_of_others(row, sessions[row.session]) for row in rows))
    cores = sessions[base[0].session].cores
    if abs(sides[0] - sides[1]) > max(EXTRA_LOAD, EXTRA_LOAD_PER_CORE * cores):
        return (
            f"other programs kept the machine busy to a load of {sides[0]:.1f} during BASE and "
            f"{sides[1]:.1f} during NEW; run both again, or interleaved with --rerun"
        )
    return ""


def _load_of_others(row: Row, session: Session) -> float:
    return max(0.0, (row.load_average or 0.0) - session.jobs * session.threads)
