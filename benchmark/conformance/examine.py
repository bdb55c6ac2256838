"""Run conformance tests in the real harness, isolated and under limits, and report the findings."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.conformance.errands import Errand, Times, Tried, choose_family, errands, load_probes
from benchmark.conformance.findings import judge
from benchmark.isolation.supervisor import Settings
from benchmark.results.outcome import Outcome
from benchmark.results.trial import Status
from benchmark.running.executors import LocalExecutor
from benchmark.running.judge import Judge
from benchmark.running.messages import Ended
from benchmark.running.planning.plan import absolute_plugins
from benchmark.running.planning.warming import warm_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmark.conformance.findings import ConformanceFinding
    from generator.puzzle.storage import LoadedPuzzle
    from solvers.reference import Reference

__all__ = ["examine", "examine_all"]

_UNUSABLE = frozenset({Status.UNAVAILABLE, Status.SKIPPED})


def examine(
    reference: Reference,
    *,
    family: str | None = None,
    wall_s: float | None = None,
    plugins: tuple[str, ...] = (),
    isolation: str = "auto",
    watch: Callable[[Tried, int], None] | None = None,
) -> list[ConformanceFinding]:
    """Test one solver.

    Args:
        reference: solver to test.
        family: family of the test puzzles, if the solver does not declare one.
        wall_s: time limit per puzzle, in seconds.
        plugins: files and modules that register families and solvers.
        isolation: isolation mode, same as for runs.
        watch: called with each trial and the number of trials.

    Raises:
        SpecError: if the solver does not exist, or there are no test puzzles.
        HarnessError: if the harness fails.
    """
    probes = load_probes(choose_family(reference, family))
    planned = errands(reference, probes, Times.for_solver(reference, wall_s))
    before = _stamps(reference)
    tried = []
    for one in _run(planned, plugins, isolation):
        tried.append(one)
        if watch is not None:
            watch(one, len(planned))
        if one.verdict.status in _UNUSABLE:
            break  # the other trials would end in the same way
    after = _stamps(reference)
    return judge(tried, sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))


def examine_all(
    references: Sequence[Reference], *, wall_s: float, jobs: int = 1
) -> dict[str, list[ConformanceFinding]]:
    """Test several solvers with one start of the harness; return the findings by family/label, or by label.

    Args:
        references: solvers to test.
        wall_s: time limit per puzzle, in seconds.
        jobs: number of trials that run at the same time.

    Raises:
        SpecError: if a solver does not exist, or there are no test puzzles.
        HarnessError: if the harness fails.
    """
    kept: dict[str, tuple[LoadedPuzzle, ...]] = {}
    planned: dict[str, list[Errand]] = {}
    for reference in references:
        family = choose_family(reference)
        if family.name not in kept:
            kept[family.name] = load_probes(family)
        key = f"{reference.family}/{reference.label}" if reference.family else reference.label
        planned[key] = errands(reference, kept[family.name], Times.for_solver(reference, wall_s))
    every = [errand for mine in planned.values() for errand in mine]
    tried = {id(one.errand): one for one in _run(every, (), "auto", jobs)}
    return {label: judge([tried[id(errand)] for errand in mine]) for label, mine in planned.items()}


def _run(planned: Sequence[Errand], plugins: tuple[str, ...], isolation: str, jobs: int = 1) -> Iterator[Tried]:
    """Run errands, `jobs` at a time; errands that need no trial come first."""
    waiting: dict[int, Errand] = {}
    works = []
    for errand in planned:
        if errand.cell.settled is not None:
            outcome = Outcome(*errand.cell.settled)
            yield Tried(errand, outcome, Judge().decide(errand.cell.loaded, outcome))
            continue
        works.append(errand.cell.work(absolute_plugins(plugins)))
        waiting[id(works[-1])] = errand
    if not works:
        return
    warm = warm_modules((work.trial.family, work.reference) for work in works)
    executor = LocalExecutor(Settings(isolation=isolation, warm=warm), jobs=jobs)
    judgement = Judge(executor.scorer, absolute_plugins(plugins))
    with contextlib.closing(executor):
        executor.start()
        with contextlib.closing(executor.execute(works)) as messages:
            for message in messages:
                if isinstance(message, Ended):
                    errand = waiting[id(message.work)]
                    yield Tried(errand, message.outcome, judgement.decide(errand.cell.loaded, message.outcome))


def _stamps(reference: Reference) -> dict[str, tuple[int, int]]:
    """Record size and time of every file beside the solver's file, so that writes there show up."""
    if reference.command is not None:
        files = [path for path in reference.command.files if path.is_file()]
    else:
        files = [Path(reference.target.rpartition(":")[0])] if reference.is_file else []
    stamps: dict[str, tuple[int, int]] = {}
    for folder in {file.resolve().parent for file in files}:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    stamps[entry.path] = (status.st_size, status.st_mtime_ns)
    return stamps
