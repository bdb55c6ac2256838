"""`netjigsaw submit`: run a solver on a whole suite, and write one bundle file."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.errors import HarnessError, SpecError
from netjigsaw.cli.shared.console import progress_bar, remark, say
from netjigsaw.cli.shared.limits import Answers, Commands, Isolation
from netjigsaw.cli.shared.targets import build_missing, find_suite, hidden_by
from netjigsaw.cli.trials.solve import one_solver

if TYPE_CHECKING:
    from benchmark.running.planning.request import RunRequest
    from benchmark.submission.bundle.bundling import Submission
    from benchmark.submission.suiting import Ground
    from benchmark.suites.loading import Target
    from solvers.reference import Reference

__all__ = ["add"]


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the command."""

    @app.command("submit")
    def submit(
        solver: Annotated[
            str | None,
            typer.Argument(
                help="Solver to run: path/to/file.py:Name, name or family/name, each with \\[key=value,...]."
            ),
        ] = None,
        *,
        suite: Annotated[str, typer.Option(help="Suite to run: a built-in name, a TOML file, or a suite's folder.")],
        solver_command: Commands = None,
        out: Annotated[Path | None, typer.Option(help="Bundle file to write. (default: SUITE-SOLVER.njz)")] = None,
        author: Annotated[str | None, typer.Option(help="Name of the submitter, as tables show it.")] = None,
        notes: Annotated[str, typer.Option(help="Notes for readers of the bundle: the method, a paper, a link.")] = "",
        results: Annotated[
            Path, typer.Option(help="Folder of the result store; trials in it are not run again.")
        ] = Path("results"),
        answers: Answers = None,
        isolation: Isolation = "auto",
        with_source: Annotated[
            bool, typer.Option("--with-source", help="Include the solver's source, so that others can rerun it.")
        ] = False,
        no_run: Annotated[bool, typer.Option("--no-run", help="Bundle the stored results; run no trials.")] = False,
    ) -> None:
        """Run a solver on a whole suite, with its limits and seeds, and bundle the results for others to verify.

        The bundle holds result rows, raw answers, the machine, software versions and the solver's source digest. Names
        of users, hosts and folders are left out. Repeat the command to resume an interrupted run.

        Examples:
          netjigsaw submit my_solver.py:Mine --suite mini --author "Ada L." --with-source

          netjigsaw submit park --suite mini --results results --no-run --out park.njz

          netjigsaw submit --solver-command "mine=python solve.py" --suite mini
        """
        from benchmark.results.store import Store
        from benchmark.running.planning.plan import plan
        from benchmark.running.planning.remarks import warnings_of
        from benchmark.running.planning.request import RunRequest
        from benchmark.running.runner import run
        from benchmark.submission.bundle.bundling import Submission, check_as_locked
        from benchmark.suites.loading import load_target

        reference = _solver(solver, solver_command)
        target, ground = _ground(suite, answers, plugins)
        _check_texts(author, notes)
        if out is not None and out.is_dir():
            raise SpecError(f"--out {out} is a folder; name the file to write, such as {out / 'bundle.njz'}")
        check_as_locked(ground.suite)
        request = RunRequest(
            puzzles=tuple(load_target(target, answers)),
            references=(reference,),
            results=results,
            seeds=tuple(range(ground.suite.seeds)),
            limits=ground.suite.limits,
            plugins=plugins,
            hidden=hidden_by([target], answers),
            isolation=isolation,
            suites=(ground.use,),
        )
        for warning in warnings_of([reference], [item.puzzle.manifest.family for item in request.puzzles]):
            remark(warning)
        if not no_run:
            _run(request, run)
        cells = plan(request.puzzles, request.references, request.seeds, request.limits)
        work = Submission(ground.suite, cells, author, notes, with_source)
        _bundle(Store(results), work, ground, out or Path(_file_name(ground.suite.name, cells[0].label, author)))


def _solver(name: str | None, commands: list[str] | None) -> Reference:
    """Parse the solver. Its label in tables must not contain the author's folders."""
    reference = one_solver(name, commands)
    if reference.command is not None and not re.fullmatch(r"\w[\w.+-]*", reference.target):
        raise SpecError('give the command a label for the tables: --solver-command "label=program arguments"')
    return reference


def _ground(suite: str, answers: Path | None, plugins: tuple[str, ...]) -> tuple[Target, Ground]:
    """Find a suite, and build its missing puzzles."""
    from benchmark.submission.suiting import ground_of
    from benchmark.suites.loading import load_target

    (target,) = build_missing([find_suite(suite)], plugins)
    return target, ground_of(target, load_target(target, answers))


def _check_texts(author: str | None, notes: str) -> None:
    """Check the author and the notes before the run, which may take hours."""
    from pydantic import TypeAdapter, ValidationError

    from benchmark.submission.bundle.schema import Author, Notes

    try:
        if author is not None:
            TypeAdapter(Author).validate_python(author)
    except ValidationError:
        text = f"--author {author!r}: use at most 64 letters, digits, spaces, dots, dashes and underscores"
        raise SpecError(text) from None
    try:
        TypeAdapter(Notes).validate_python(notes)
    except ValidationError:
        raise SpecError("--notes may hold at most 4000 printable characters") from None


def _run(request: RunRequest, run: Any) -> None:
    from benchmark.running.events import Finished, Opened
    from benchmark.running.planning.remarks import rerun_in_words

    with progress_bar() as bar:
        task = bar.add_task("trials", total=None, detail="starting")

        def watch(event: Any) -> None:
            if isinstance(event, Opened):
                bar.update(task, total=event.planned, completed=event.kept, detail="")
                remark(f"{event.planned} trials planned, {event.kept} held already")
                for line in rerun_in_words((cell.label, cell.uncovered) for cell in event.again):
                    remark(line)
            elif isinstance(event, Finished):
                bar.advance(task)
                row = event.row
                wall = "" if row.wall_s is None else f"{row.wall_s:8.3f} s"
                remark(f"{row.puzzle_name:<20} seed {row.seed:<3} {row.status:<12} {wall}  {row.reason}".rstrip())

        run(request, watch, live=False)


def _bundle(store: Any, work: Submission, ground: Ground, out: Path) -> None:
    """Write the bundle, and verify it as a recipient would.

    Raises:
        HarnessError: if the new bundle does not verify.
    """
    from benchmark.submission.bundle.bundling import make_bundle
    from benchmark.submission.bundle.contents import open_bundle
    from benchmark.submission.verifying import verify_bundle

    digest = make_bundle(store, work, out)
    opened = open_bundle(out)
    found = verify_bundle(opened, ground)
    if found.findings:
        others = f", and {len(found.findings) - 1} more" if len(found.findings) > 1 else ""
        raise HarnessError(f"{out} does not verify on the machine that made it: {found.findings[0].line}{others}")
    for note in _remarks(work, opened):
        remark(note)
    endings = Counter(str(row.status) for row in found.rows)
    told = ", ".join(f"{count} {status}" for status, count in endings.most_common())
    say(f"{len(found.rows)} trials of {work.suite.name}: {told}")
    say(f"bundle in {out}, {out.stat().st_size / 2**10:.0f} KiB")
    say(f"sha256 {digest}")


def _remarks(work: Submission, opened: Any) -> list[str]:
    """List what the author should check before publishing the bundle."""
    from benchmark.submission.bundle.privacy import make_scrub, traces
    from benchmark.submission.sourcing import source_in

    scrub = make_scrub()
    remarks = []
    why = next((row.uncovered for row in opened.contents.rows if row.uncovered), "")
    if why:
        remarks.append(
            f"the source of {work.cells[0].label} is not covered by its digest ({why}); readers of the bundle are told "
            "that nothing shows which version ran"
        )
    for name in source_in(opened.contents):
        lines = traces(opened.contents.archive.read(name).decode("utf-8", "replace"), scrub)
        if lines:
            remarks.append(
                f"{name}, line {lines[0]} names a user, host or folder of this machine; the bundle holds it unchanged"
            )
    if work.author is None:
        remarks.append("no --author: tables show the bundle as anonymous")
    return remarks


def _file_name(suite: str, label: str, author: str | None) -> str:
    """Make a bundle's file name from suite, solver and author, with safe characters only."""
    solver = label.rpartition("/")[2].replace(".py:", "-")
    parts = [suite, solver, *([author] if author else [])]
    return "-".join(re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.") for part in parts) + ".njz"
