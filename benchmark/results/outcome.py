"""The outcome of one trial, before its answer is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.results.trial import Status
    from generator.family.oracle import Usage
    from generator.puzzle.answer import Answer

__all__ = ["SERVER_DIED", "Outcome", "Report", "one_line", "readable"]

REASON_LENGTH = 300
"""Longest text, in characters, that `one_line` returns. A larger value keeps more of long error messages. Hand-set."""
SERVER_DIED = "the fork server died under it"
"""Reason stored for a trial whose fork server died; the solver is not at fault."""


@dataclass(frozen=True)
class Report:
    """A best-so-far answer, `time_s` seconds after go, when the oracle had answered `queries` rows."""

    time_s: float
    answer: Answer
    queries: int = 0


@dataclass(frozen=True)
class Outcome:
    """The outcome of a trial: answers, times and output.

    Attributes:
        status: how the trial ended; None if it ended with an answer, whose score decides the status.
        reason: one line that explains the status.
        answer: the final answer; None if the trial ended without one.
        reports: the best-so-far answers that were kept, in order of time.
        wall_s: seconds from go to the answer. Without an answer, or for a program that was stopped, seconds from go to
            the end of the trial.
        load_s: seconds until go, the moment when the solver gets the puzzle.
        cpu_s: processor seconds of the child and of the processes it started.
        peak_mib: peak resident memory of the largest single process of the trial, in MiB, libraries included.
        log: the last lines that the solver logged.
        output: the end of what the solver printed.
        usage: queries to the oracle; None for a puzzle without an oracle.
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
    """Make foreign text safe to print and store: one line, no control characters, at most `REASON_LENGTH` long."""
    clean = " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
    return clean if len(clean) <= REASON_LENGTH else clean[: REASON_LENGTH - 1] + "…"


def readable(data: bytes) -> str:
    """Decode foreign output; control characters other than line ends become spaces."""
    text = data.decode("utf-8", "replace")
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)
