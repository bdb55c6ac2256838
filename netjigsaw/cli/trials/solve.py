"""`netjigsaw solve`: run one solver on one puzzle, and print the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.errors import SpecError
from netjigsaw.cli.shared.console import progress_bar, remark, say
from netjigsaw.cli.shared.limits import Answers, Commands, Isolation, Memory, Queries, Threads, Timeout
from netjigsaw.cli.shared.targets import common_limits, hidden_by, load_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmark.isolation.launch import Launcher
    from benchmark.running.planning.request import RunRequest
    from benchmark.running.single import Solved
    from solvers.reference import Reference

__all__ = ["add"]

NO_ANSWER = 1
LAST_LINES = 20
"""Number of lines of a crashed solver's output that are shown. Hand-set; a traceback rarely has more."""


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the command."""

    @app.command("solve")
    def solve(
        puzzle: Annotated[str, typer.Argument(help="Folder of a puzzle, or suite/name.")],
        solver: Annotated[
            str | None,
            typer.Option(help="Solver to run: name, family/name or path/to/file.py:Name, each with \\[key=value,...]."),
        ] = None,
        solver_command: Commands = None,
        timeout: Timeout = None,
        memory: Memory = None,
        threads: Threads = None,
        queries: Queries = None,
        seed: Annotated[int, typer.Option(help="Seed passed to the solver.", min=0)] = 0,
        answers: Answers = None,
        isolation: Isolation = "auto",
        *,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print answer and scores as one JSON object on the last line.")
        ] = False,
    ) -> int:
        r"""Run one solver on one puzzle in its own process, and print the answer on the last line.

        A list is printed with commas between its items, any other answer as JSON.
        Exit code 1 if the solver gave no answer.

        Examples:
          netjigsaw solve p1 --solver park

          netjigsaw solve p1 --solver "adjoint\[rows=500]" --timeout 10s --json

          netjigsaw solve p1 --solver-command "python solve.py"
        """
        from benchmark.running.planning.warming import launched_early

        reference = one_solver(solver, solver_command)
        with launched_early(Path(puzzle), reference, threads or 1) as launcher:
            from benchmark.running.planning.remarks import warnings_of
            from benchmark.running.planning.request import RunRequest

            target, loaded = load_one(puzzle, answers, plugins)
            for warning in warnings_of([reference], [loaded.puzzle.manifest.family]):
                remark(warning)
            request = RunRequest(
                puzzles=(loaded,),
                references=(reference,),
                results=Path("results"),
                seeds=(seed,),
                limits=common_limits([target], timeout, memory, threads, queries),
                plugins=plugins,
                hidden=hidden_by([target], answers),
                isolation=isolation,
            )
            manifest = loaded.puzzle.manifest
            say(f"{puzzle}: {manifest.family} puzzle {loaded.puzzle.digest[:12]}, solver {reference.label}")
            solved = _watched(request, launcher)
        _warn_of(solved)
        _show_crash(solved)
        say(_summary(solved))
        if loaded.sealed is None and manifest.solution_sha256 and solved.verdict.answer is not None:
            hit = solved.verdict.status == "solved"
            say(f"this {'is' if hit else 'is not'} the solution with the published SHA-256")
        _print_answer(solved, as_json=as_json)
        return 0 if solved.verdict.answer is not None else NO_ANSWER


def _watched(request: RunRequest, launcher: Launcher | None) -> Solved:
    """Solve, with the solver's log lines as they come and its progress in a bar."""
    from benchmark.running.events import Logged, Progressed, Queried
    from benchmark.running.single import solve_once

    label = request.references[0].label
    with progress_bar() as bar:
        task = bar.add_task(label, total=None, detail="")

        def watch(event: Any) -> None:
            if isinstance(event, Logged):
                say(f"{event.time_s:8.3f} s  {event.text}")
            elif isinstance(event, Queried):
                bar.update(task, detail=_asked(event.queries, event.cell.trial.limits.queries))
            elif isinstance(event, Progressed):
                bar.update(task, detail=_metrics(event.score.metrics))

        return solve_once(request, watch, launcher)


def one_solver(name: str | None, commands: Sequence[str] | None) -> Reference:
    """Parse the one solver of a command.

    Raises:
        SpecError: if no solver or several are given, or the name cannot be parsed.
    """
    from solvers.command import find_command
    from solvers.reference import parse_reference

    if (name is not None) + len(commands or ()) != 1:
        raise SpecError("give one solver: --solver NAME or --solver-command COMMAND")
    return find_command(commands[0]) if commands else parse_reference(str(name))


def _warn_of(solved: Solved) -> None:
    if solved.isolation.startswith("rlimits"):
        remark(f"isolation: {solved.isolation}; a solver that looks for the answer can find it")


def _show_crash(solved: Solved) -> None:
    """Show the last lines that a crashed solver printed, which end with its traceback."""
    lines = solved.outcome.output.rstrip().splitlines()
    if solved.verdict.status == "crashed" and lines:
        remark("the solver printed:\n" + "\n".join(f"    {line}" for line in lines[-LAST_LINES:]))


def _summary(solved: Solved) -> str:
    verdict, outcome = solved.verdict, solved.outcome
    parts = [str(verdict.status)]
    if verdict.reason:
        parts.append(f"({verdict.reason})")
    if outcome.wall_s is not None:
        parts.append(f"after {outcome.wall_s:.3f} s")
    if outcome.usage is not None:
        parts.append(f"{outcome.usage.queries} queries in {outcome.usage.calls} calls")
    if verdict.certified:
        parts.append("certified by the solver")
    if verdict.metrics:
        parts.append(_metrics(verdict.metrics))
    return ", ".join(parts).replace(", (", " (")


def _asked(queries: int, budget: int | None) -> str:
    return f"{queries} queries" + ("" if budget is None else f" of {budget}")


def _metrics(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())


def _print_answer(solved: Solved, *, as_json: bool) -> None:
    verdict, outcome = solved.verdict, solved.outcome
    value = None if verdict.answer is None else verdict.answer.value
    if as_json:
        record = {
            "answer": value,
            "mse": verdict.metrics.get("mse"),
            "wall_s": outcome.wall_s,
            "certified": verdict.certified,
            "status": str(verdict.status),
            "queries": None if outcome.usage is None else outcome.usage.queries,
            "reason": verdict.reason,
            "metrics": dict(verdict.metrics),
        }
        say(json.dumps(record))
    elif isinstance(value, list):
        say(",".join(str(item) for item in value))
    elif value is not None:
        say(json.dumps(value))
