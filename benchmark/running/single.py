"""Solve one puzzle with one solver, isolated as in a run, without a result store."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.isolation.supervisor import Settings
from benchmark.results.outcome import Outcome
from benchmark.running.executors import LocalExecutor
from benchmark.running.judge import Judge, Verdict
from benchmark.running.messages import Ended
from benchmark.running.planning.hiding import hidden_places
from benchmark.running.planning.plan import absolute_plugins, plan
from benchmark.running.planning.remarks import reason_of
from benchmark.running.planning.warming import warm_modules
from benchmark.running.runner import pass_on
from generator.plugins import load_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.isolation.launch import Launcher
    from benchmark.running.events import Event
    from benchmark.running.planning.request import RunRequest

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


def solve_once(
    request: RunRequest, on_event: Callable[[Event], None] | None = None, launcher: Launcher | None = None
) -> Solved:
    """Run the first cell of a request, usually its only one, and write nothing to disk.

    Args:
        request: what to run.
        on_event: gets logs and reports while the trial runs, as often as `benchmark.running.live` allows.
        launcher: a launcher that was started early; by default a new one starts.

    Raises:
        SpecError: if the request cannot be planned.
        PluginError: if a plug-in cannot be loaded.
        HarnessError: if the harness fails.
    """
    for plugin in request.plugins:
        load_plugin(plugin)
    cell = plan(request.puzzles, request.references, request.seeds, request.limits)[0]
    if cell.settled is not None:
        outcome = Outcome(*cell.settled)
        return Solved(Judge().decide(cell.loaded, outcome), outcome, "none")
    warm = warm_modules([(cell.trial.family, cell.reference)])
    settings = Settings(request.limits.threads, hidden_places(request), request.isolation, warm)
    plugins = absolute_plugins(request.plugins)
    executor = LocalExecutor(settings, live=on_event is not None, launcher=launcher)
    judge = Judge(executor.scorer, plugins)
    with contextlib.closing(executor):
        executor.start()
        with contextlib.closing(executor.execute([cell.work(plugins)])) as messages:
            for message in messages:
                if isinstance(message, Ended):
                    outcome, verdict = message.outcome, judge.decide(cell.loaded, message.outcome)
                elif on_event is not None:
                    pass_on(cell, message, judge, on_event)
    return Solved(replace(verdict, reason=reason_of(verdict, cell.beside)), outcome, executor.isolation)
