"""The events of a run, for displays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.results.session import Session
    from benchmark.results.trial import Row
    from benchmark.running.planning.plan import Cell
    from generator.family.metric import Score

__all__ = ["Event", "Finished", "Logged", "Opened", "Progressed", "Queried", "Started"]


@dataclass(frozen=True, eq=False)
class Opened:
    """The session begins: `planned` cells, of which the store already holds `kept`.

    Attributes:
        session: machine and settings; None if nothing has to run.
        planned: number of cells.
        kept: number of cells that are not run again.
        again: cells that the store holds but that run again, because the solver's source is not covered.
    """

    session: Session | None
    planned: int
    kept: int
    again: tuple[Cell, ...] = ()


@dataclass(frozen=True, eq=False)
class Started:
    """A trial starts."""

    cell: Cell


@dataclass(frozen=True, eq=False)
class Logged:
    """A solver logged a line, `time_s` seconds after go."""

    cell: Cell
    time_s: float
    text: str


@dataclass(frozen=True, eq=False)
class Progressed:
    """A solver reported an answer with this score, `time_s` seconds after go."""

    cell: Cell
    time_s: float
    score: Score


@dataclass(frozen=True, eq=False)
class Queried:
    """A solver queried its oracle, which has answered `queries` rows so far."""

    cell: Cell
    time_s: float
    queries: int


@dataclass(frozen=True, eq=False)
class Finished:
    """A trial is over and its row is on disk."""

    cell: Cell
    row: Row


Event = Opened | Started | Logged | Progressed | Queried | Finished
