"""What an executor tells while it runs trials."""

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
    """The solver logged a line, `time_s` seconds after go. Not every line is told, see `benchmark.running.live`."""

    work: Work
    time_s: float
    text: str


@dataclass(frozen=True)
class Reported:
    """The solver reported a best-so-far answer. Not every report is told, see `benchmark.running.live`."""

    work: Work
    time_s: float
    answer: Answer
    queries: int = 0


@dataclass(frozen=True)
class Asked:
    """The solver queried its oracle; `queries` rows are answered by now. Not every query is told."""

    work: Work
    time_s: float
    queries: int


@dataclass(frozen=True)
class Ended:
    """A trial is over."""

    work: Work
    outcome: Outcome


Message = Began | Said | Reported | Asked | Ended
