"""Run a request: plan the cells, skip the ones in the store, execute, score and store the rest. Always resumes."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.isolation.supervisor import Settings
from benchmark.results.origin import origin_of
from benchmark.results.outcome import Outcome
from benchmark.results.session import Session, describe_session
from benchmark.results.store import Store, Writer, make_folders
from benchmark.results.trial import Row
from benchmark.running.executors import LocalExecutor
from benchmark.running.hiding import hidden_places
from benchmark.running.judge import Judge
from benchmark.running.messages import Asked, Began, Ended, Reported, Said
from benchmark.running.plan import Cell, absolute_plugins, plan
from benchmark.running.remarks import reason_of
from benchmark.running.warming import warm_modules
from generator.family.oracle import Usage
from generator.family.registry import find_family
from generator.plugins import load_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmark.running.messages import Message
    from benchmark.running.request import RunRequest
    from generator.family.metric import Score

__all__ = [
    "Event",
    "Finished",
    "Logged",
    "Opened",
    "Progressed",
    "Queried",
    "Started",
    "finite_metrics",
    "make_row",
    "pass_on",
    "run",
]


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


def run(
    request: RunRequest,
    on_event: Callable[[Event], None] | None = None,
    *,
    live: bool = True,
) -> list[Row]:
    """Run the cells that the store does not hold yet; return a row for every planned cell, in the plan's order.

    Args:
        request: what to run.
        on_event: called with every event of the run.
        live: whether `on_event` also gets logs and reports while a trial runs. Scoring the reports takes
            processor time from the timed trials (at most about a twentieth of one core), so set it to
            False if nobody watches the run.

    Raises:
        SpecError: if the request cannot be planned; nothing has run then.
        PluginError: if a plug-in cannot be loaded; nothing has run then.
        StorageError: if the store cannot be read or written.
        HarnessError: if the harness fails; rows written so far are kept.
    """
    for plugin in request.plugins:
        load_plugin(plugin)
    cells = plan(request.puzzles, request.references, request.seeds, request.limits)
    hidden = hidden_places(request)
    store = Store(request.results)
    stored = {row.trial: row for row in store.rows() if row.status not in request.retry}
    held = {cell.trial.id: row for cell in cells if (row := _reusable(cell, stored)) is not None}
    again = tuple(cell for cell in cells if cell.trial.id in stored and cell.trial.id not in held)
    todo = request.order([cell for cell in cells if cell.trial.id not in held])
    tell = on_event or _ignore
    if todo or _unrecorded(store, request):
        warm = warm_modules((cell.trial.family, cell.reference) for cell in todo)
        settings = Settings(request.limits.threads, hidden, request.isolation, warm)
        executor = LocalExecutor(settings, jobs=request.jobs, live=live and on_event is not None)
        with contextlib.closing(executor):
            make_folders(request.results)
            if any(cell.settled is None for cell in todo):
                executor.start()
            session = describe_session(
                jobs=request.jobs,
                threads=request.limits.threads,
                isolation=executor.isolation,
                plugins=request.plugins,
                suites=request.suites,
            )
            with Writer(request.results, session) as writer:
                tell(Opened(session, len(cells), len(cells) - len(todo), again))
                judge = Judge(executor.scorer, absolute_plugins(request.plugins))
                for row in _Run(request, session, writer, tell, judge).rows(todo, executor):
                    held[row.trial] = row
    else:
        tell(Opened(None, len(cells), len(cells)))
    return [held[cell.trial.id] for cell in cells]


def _reusable(cell: Cell, stored: Mapping[str, Row]) -> Row | None:
    """Return the stored row of a cell if it is certain that the same source gave it."""
    row = stored.get(cell.trial.id)
    return None if row is None or row.uncovered or cell.uncovered else row


def _unrecorded(store: Store, request: RunRequest) -> bool:
    """Return whether a suite of the request is not recorded in any session of the store."""
    recorded = [use for session in store.sessions().values() for use in session.suites] if request.suites else []
    return any(use not in recorded for use in request.suites)


class _Run:
    """One session of a run; a class because every step needs judge, writer and listener."""

    def __init__(
        self, request: RunRequest, session: Session, writer: Writer, tell: Callable[[Event], None], judge: Judge
    ) -> None:
        self._plugins = absolute_plugins(request.plugins)
        self._session, self._writer, self._tell, self._judge = session, writer, tell, judge
        self._results = request.results
        self._origins: dict[tuple[str, str], str] = {}

    def rows(self, cells: list[Cell], executor: LocalExecutor) -> Iterator[Row]:
        """Settle or run every cell, writing each row before the next trial of that job starts."""
        for manifest in {cell.loaded.puzzle.digest: cell.loaded.puzzle.manifest for cell in cells}.values():
            self._writer.keep_manifest(manifest)
        for cell in cells:
            if cell.settled is not None:
                yield self._keep(cell, Outcome(*cell.settled))
        waiting = {cell.trial.id: cell for cell in cells if cell.settled is None}
        with contextlib.closing(executor.execute([cell.work(self._plugins) for cell in waiting.values()])) as messages:
            for message in messages:
                cell = waiting[message.work.trial.id]
                if isinstance(message, Ended):
                    self._writer.keep_outcome(cell.trial.id, message.outcome)
                    yield self._keep(cell, message.outcome)
                else:
                    pass_on(cell, message, self._judge, self._tell)

    def _keep(self, cell: Cell, outcome: Outcome) -> Row:
        key = cell.label, cell.trial.family
        if key not in self._origins:
            self._origins[key] = origin_of(cell.reference, cell.trial.family, self._results)
        row = make_row(cell, outcome, self._judge, self._session.id, self._origins[key])
        self._writer.append(row)
        self._tell(Finished(cell, row))
        return row


def pass_on(cell: Cell, message: Message, judge: Judge, tell: Callable[[Event], None]) -> None:
    """Turn a message about a running trial into an event; a report is scored first."""
    match message:
        case Began():
            tell(Started(cell))
        case Said():
            tell(Logged(cell, message.time_s, message.text))
        case Reported():
            score = judge.score(cell.loaded, message.answer, Usage(message.queries))
            if not isinstance(score, str):
                tell(Progressed(cell, message.time_s, score))
        case Asked():
            tell(Queried(cell, message.time_s, message.queries))


def make_row(cell: Cell, outcome: Outcome, judge: Judge, session: str, origin: str = "") -> Row:
    """Score an outcome and write the row of its cell, with the solver's origin if it is known.

    Raises:
        HarnessError: if scoring itself fails.
    """
    verdict = judge.decide(cell.loaded, outcome)
    puzzle, trial = cell.loaded.puzzle, cell.trial
    return Row(
        trial=trial.id,
        session=session,
        puzzle=puzzle.digest,
        puzzle_name=puzzle.manifest.name,
        family=trial.family,
        groups=dict(find_family(trial.family).groups(puzzle)),
        solver=cell.label,
        source=trial.source,
        origin=origin,
        seed=trial.seed,
        limits=trial.limits,
        status=verdict.status,
        reason=reason_of(verdict, cell.beside),
        certified=verdict.certified,
        from_report=verdict.from_report,
        metrics=finite_metrics(verdict.metrics),
        wall_s=outcome.wall_s,
        load_s=outcome.load_s,
        cpu_s=outcome.cpu_s,
        peak_mib=outcome.peak_mib,
        **_usage_fields(outcome),
        load_average=None if outcome.wall_s is None else round(os.getloadavg()[0], 2),
        uncovered=cell.uncovered,
        beside=cell.beside,
    )


def _usage_fields(outcome: Outcome) -> dict[str, Any]:
    """Return the row's fields about the oracle; empty for a puzzle without one."""
    usage = outcome.usage
    if usage is None:
        return {}
    return {"queries": usage.queries, "query_calls": usage.calls, "query_s": round(usage.answer_s, 6)}


def finite_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Make metrics fit for JSON: infinity becomes the largest float, NaN is left out."""
    top = sys.float_info.max
    return {name: min(max(float(value), -top), top) for name, value in metrics.items() if not math.isnan(value)}


def _ignore(event: Event) -> None:
    """Drop the event."""
