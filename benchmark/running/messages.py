"""Messages that an executor yields while it runs trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.isolation.work import Work
    from benchmark.results.outcome import Outcome
    from generator.puzzle.answer import Answer

__all__ = ["Asked", "Began", "Ended", "Message", "Reported", "Said"]


@dataclass(frozen=True)
class Began:
    """A trial starts."""

    work: Work


@dataclass(frozen=True)
class Said:
    """The solver logged a line, `time_s` seconds after go. Some lines are skipped, see `benchmark.running.live`."""

    work: Work
    time_s: float
    text: str


@dataclass(frozen=True)
class Reported:
    """The solver reported a best-so-far answer. Some reports are skipped, see `benchmark.running.live`."""

    work: Work
    time_s: float
    answer: Answer
    queries: int = 0


@dataclass(frozen=True)
class Asked:
    """The solver queried its oracle, which has answered `queries` rows so far. Some queries are skipped."""

    work: Work
    time_s: float
    queries: int


@dataclass(frozen=True)
class Ended:
    """A trial is over."""

    work: Work
    outcome: Outcome


Message = Began | Said | Reported | Asked | Ended
