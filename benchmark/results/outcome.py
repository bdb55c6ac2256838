"""What came of running one trial, before anything is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.results.trial import Status
    from generator.family.oracle import Usage
    from generator.puzzle.answer import Answer

__all__ = ["SERVER_DIED", "Outcome", "Report", "one_line", "readable"]

REASON_LENGTH = 300
SERVER_DIED = "the fork server died under it"
"""Reason of a crash that is no solver's fault."""


@dataclass(frozen=True)
class Report:
    """A best-so-far answer: when it came, in seconds after go, and how many rows the oracle had answered by then."""

    time_s: float
    answer: Answer
    queries: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        status: how it ended; None where an answer came, which scoring decides on.
        reason: one line on it.
        answer: the final answer.
        reports: best-so-far answers that were kept, in order of time.
        wall_s: seconds between go and answer; else until the trial was over.
        load_s: seconds until go, the moment when the puzzle is handed over.
        cpu_s: processor seconds of the child and what it started.
        peak_mib: peak resident memory of the child.
        log: last lines that the solver logged.
        output: the end of what it printed.
        usage: what was asked of the oracle; None without one.
    """

    status: Status | None
    reason: str = ""
    answer: Answer | None = None
    reports: tuple[Report, ...] = ()
    wall_s: float | None = None
    load_s: float | None = None
    cpu_s: float | None = None
    peak_mib: float | None = None
    log: tuple[str, ...] = ()
    output: str = ""
    usage: Usage | None = None


def one_line(text: Any) -> str:
    """Make foreign text safe to print and to store: one line, no control characters, not too long."""
    clean = " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
    return clean if len(clean) <= REASON_LENGTH else clean[: REASON_LENGTH - 1] + "…"


def readable(data: bytes) -> str:
    """Decode foreign output; control characters other than line ends become spaces."""
    text = data.decode("utf-8", "replace")
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)
