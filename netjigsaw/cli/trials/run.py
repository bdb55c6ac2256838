"""`netjigsaw run`: run solvers on puzzles with seeds, and store the results; a repeated run resumes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.errors import HarnessError, SpecError
from netjigsaw.cli.shared.console import progress_bar, remark, say
from netjigsaw.cli.shared.limits import Answers, Commands, Isolation, Memory, Queries, Threads, Timeout
from netjigsaw.cli.shared.quantities import show_duration
from netjigsaw.cli.shared.targets import build_missing, common_limits, find_targets, hidden_by, remark_on_locks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress

    from benchmark.results.trial import Row, Status
    from benchmark.running.planning.request import RunRequest
    from generator.puzzle.storage import LoadedPuzzle
    from solvers.reference import Reference

__all__ = ["add"]


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the command."""

    @app.command("run")
    def run(
        puzzles: Annotated[
            list[str],
            typer.Argument(
                help="Puzzles, folders of puzzles, suites, or suite/pattern for puzzles with that name or tag."
            ),
        ],
        solver: Annotated[
            list[str] | None,
            typer.Option(
                help="Solver to run: name, family/name or path/to/file.py:Name, each with \\[key=value,...]; repeat "
                "for several. (default: every registered solver of the puzzles' families)"
            ),
        ] = None,
        solver_command: Commands = None,
        results: Annotated[Path, typer.Option(help="Folder of the result store.")] = Path("results"),
        seeds: Annotated[
            int | None,
            typer.Option(
                help="Number of seeds, counted from 0. (default: the suite's, else 1)",
                min=1,
            ),
        ] = None,
        jobs: Annotated[
            int, typer.Option(help="Trials run at the same time; more than 1 distorts their times.", min=1)
        ] = 1,
        timeout: Timeout = None,
        memory: Memory = None,
        threads: Threads = None,
        queries: Queries = None,
        retry: Annotated[
            list[str] | None, typer.Option(help="Run trials with this status again, e.g. crashed; repeat for several.")
        ] = None,
        answers: Answers = None,
        isolation: Isolation = "auto",
    ) -> None:
        """Run solvers on puzzles, each trial in its own process, and write one row per trial.

        Trials in the store are not run again. Repeat the command to resume an interrupted run.
        Missing puzzles of a suite are built first.

        Examples:
          netjigsaw run p1 p2 --results results

          netjigsaw run puzzles --results results

          netjigsaw run mini --solver flagship --solver park

          netjigsaw run p1 --solver park --solver my_solver.py:Mine --seeds 3 --timeout 30s

          netjigsaw run p1 --solver-command "mine=python solve.py --fast" --solver park
        """
        from benchmark.running.planning.remarks import warnings_of
        from benchmark.running.planning.request import RunRequest
        from benchmark.running.runner import run as run_request
        from benchmark.suites.loading import common_seeds, load_target, suite_use

        targets = find_targets(puzzles)
        limits = common_limits(targets, timeout, memory, threads, queries)
        numbers = tuple(range(seeds or common_seeds(targets)))
        targets = build_missing(targets, plugins)
        loaded = [load_target(target, answers) for target in targets]
        flat = tuple(item for items in loaded for item in items)
        for item in flat:
            if item.sealed is None and item.puzzle.manifest.commitment is not None:
                remark(f"{item.path}: no sealed answer found, so only predictions are compared; see --answers")
        uses = tuple(filter(None, (suite_use(*pair, numbers) for pair in zip(targets, loaded, strict=True))))
        remark_on_locks(uses)
        references = _references(solver, solver_command, flat)
        for warning in warnings_of(references, [item.puzzle.manifest.family for item in flat]):
            remark(warning)
        request = RunRequest(
            puzzles=flat,
            references=references,
            results=results,
            seeds=numbers,
            limits=limits,
            jobs=jobs,
            plugins=plugins,
            hidden=hidden_by(targets, answers),
            retry=frozenset(map(_status, retry or ())),
            isolation=isolation,
            suites=uses,
        )
        with progress_bar() as bar:
            rows = run_request(request, _Display(bar, request), live=not bar.disable)
        endings = Counter(str(row.status) for row in rows)
        trials = "1 trial" if len(rows) == 1 else f"{len(rows)} trials"
        say(f"{trials}: " + ", ".join(f"{count} {status}" for status, count in endings.most_common()))
        say(f"results in {results}; netjigsaw leaderboard --results {results}")
        for label, why in {row.solver: row.uncovered for row in rows if row.uncovered}.items():
            remark(f"{label}: source not covered ({why}); its trials are never held, so a later run runs them again")
        _check_measured(rows)


def _check_measured(rows: Sequence[Row]) -> None:
    """Fail if no solver ran at all, for example because a name is misspelt.

    Raises:
        HarnessError: with the first reason.
    """
    from benchmark.results.trial import Status

    if rows and all(row.status in {Status.UNAVAILABLE, Status.SKIPPED} for row in rows):
        row = next((row for row in rows if row.status == Status.UNAVAILABLE), rows[0])
        raise HarnessError(f"nothing was measured: {row.solver} is {row.status}, {row.reason}")


def _references(
    names: Sequence[str] | None, commands: Sequence[str] | None, puzzles: Sequence[LoadedPuzzle]
) -> tuple[Reference, ...]:
    """Parse the named solvers, or take every solver of the puzzles' families, including unavailable solvers."""
    from solvers.command import find_command
    from solvers.reference import Reference, parse_reference
    from solvers.registry import list_solvers

    if names or commands:
        return (*map(parse_reference, names or ()), *map(find_command, commands or ()))
    families = dict.fromkeys(loaded.puzzle.manifest.family for loaded in puzzles)
    entries = dict.fromkeys((entry.name, entry.family) for family in families for entry in list_solvers(family))
    if not entries:
        raise SpecError(f"no solver is registered for {', '.join(families)} puzzles; name one with --solver")
    return tuple(Reference(name, family) for name, family in entries)


def _status(text: str) -> Status:
    from benchmark.results.trial import Status

    try:
        return Status(text)
    except ValueError:
        raise SpecError(f"no status {text!r}; known: {', '.join(Status)}") from None


class _Display:
    """Shows a run's progress: an overall bar, each running trial with its best score, a line per finished trial."""

    def __init__(self, bar: Progress, request: RunRequest) -> None:
        from benchmark.results.naming import distinct_puzzle_names

        self._bar = bar
        self._request = request
        self._running: dict[str, Any] = {}
        self._all = bar.add_task("trials", total=None, detail="starting")
        found = {loaded.puzzle.digest: loaded.puzzle.manifest.name for loaded in request.puzzles}
        self._names = distinct_puzzle_names(found)

    def __call__(self, event: Any) -> None:
        """Show one event."""
        from benchmark.running.events import Finished, Opened, Progressed, Queried, Started

        match event:
            case Opened():
                self._open(event)
            case Started():
                name = f"{self._names[event.cell.trial.puzzle]} {event.cell.label}"
                self._running[event.cell.trial.id] = self._bar.add_task(name, total=None, detail="")
            case Progressed():
                best = ", ".join(f"{name} {value:.3g}" for name, value in list(event.score.metrics.items())[:3])
                self._bar.update(self._running[event.cell.trial.id], detail=f"{event.time_s:.1f} s  {best}")
            case Queried():
                detail = f"{event.time_s:.1f} s  {event.queries} queries"
                self._bar.update(self._running[event.cell.trial.id], detail=detail)
            case Finished():
                task = self._running.pop(event.cell.trial.id, None)
                if task is not None:
                    self._bar.remove_task(task)
                self._bar.advance(self._all)
                remark(_line(event.row, self._names[event.row.puzzle]))

    def _open(self, event: Any) -> None:
        from benchmark.running.planning.remarks import rerun_in_words

        self._bar.update(self._all, total=event.planned, completed=event.kept, detail=f"of {event.planned}")
        todo = event.planned - event.kept
        worst = self._request.limits.wall_s
        bound = f", at most {show_duration(todo * worst / self._request.jobs)}" if worst and todo else ""
        trials = "1 trial" if event.planned == 1 else f"{event.planned} trials"
        remark(f"{trials} planned, {event.kept} held already{bound}")
        for line in rerun_in_words((cell.label, cell.uncovered) for cell in event.again):
            remark(line)
        if event.session is not None and event.session.isolation.startswith("rlimits"):
            remark(f"isolation: {event.session.isolation}; a solver that looks for the answers can find them")


def _line(row: Row, puzzle: str) -> str:
    wall = "" if row.wall_s is None else f"{row.wall_s:8.3f} s"
    reason = f"  {row.reason}" if row.reason else ""
    return f"{puzzle:<20} {row.solver:<32} {row.status:<12} {wall}{reason}"
