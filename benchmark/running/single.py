"""Solve one puzzle with one solver, isolated as in a run, without a result store."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.isolation.supervisor import Settings, warm_modules
from benchmark.results.outcome import Outcome
from benchmark.running.executors import LocalExecutor
from benchmark.running.hiding import hidden_places
from benchmark.running.judge import Judge, Verdict
from benchmark.running.messages import Ended
from benchmark.running.plan import absolute_plugins, plan
from benchmark.running.remarks import reason_of
from benchmark.running.runner import Event, pass_on
from generator.plugins import load_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.running.request import RunRequest

__all__ = ["Solved", "solve_once"]


@dataclass(frozen=True, eq=False)
class Solved:
    """Result of one solver on one puzzle.

    Attributes:
        verdict: status, reason, the scored answer, metrics.
        outcome: times, reports, log and output.
        isolation: isolation mode of the trial; `none` if nothing had to run.
    """

    verdict: Verdict
    outcome: Outcome
    isolation: str


def solve_once(request: RunRequest, on_event: Callable[[Event], None] | None = None) -> Solved:
    """Run the first cell of a request, usually its only one, and write nothing to disk.

    `on_event` gets logs and reports while the trial runs, as often as `benchmark.running.live` allows.

    Raises:
        SpecError: if the request cannot be planned.
        PluginError: if a plug-in cannot be loaded.
        HarnessError: if the harness fails.
    """
    for plugin in request.plugins:
        load_plugin(plugin)
    cell = plan(request.puzzles, request.references, request.seeds, request.limits)[0]
    judge = Judge()
    if cell.settled is not None:
        outcome = Outcome(*cell.settled)
        return Solved(judge.decide(cell.loaded, outcome), outcome, "none")
    warm = warm_modules([cell.trial.family])
    settings = Settings(request.limits.threads, hidden_places(request), request.isolation, warm)
    executor = LocalExecutor(settings, live=on_event is not None)
    work = cell.work(absolute_plugins(request.plugins))
    with contextlib.closing(executor):
        executor.start()
        with contextlib.closing(executor.execute([work])) as messages:
            for message in messages:
                if isinstance(message, Ended):
                    outcome = message.outcome
                elif on_event is not None:
                    pass_on(cell, message, judge, on_event)
    verdict = judge.decide(cell.loaded, outcome)
    return Solved(replace(verdict, reason=reason_of(verdict, cell.beside)), outcome, executor.isolation)
