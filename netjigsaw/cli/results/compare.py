"""`netjigsaw compare`: test whether NEW is worse than BASE, and fail if it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.errors import SpecError
from generator.suggest import did_you_mean
from netjigsaw.cli.shared.console import progress_bar, remark, say
from netjigsaw.cli.shared.exits import CommandError, separate_codes
from netjigsaw.cli.shared.limits import Answers, Isolation, Memory, Threads, Timeout
from netjigsaw.cli.shared.targets import build_missing, common_limits, find_targets, hidden_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmark.comparison.matching import Side
    from benchmark.comparison.report import Comparison
    from benchmark.comparison.rules import Rule
    from benchmark.running.planning.request import RunRequest
    from solvers.reference import Reference

__all__ = ["add"]


@dataclass(frozen=True)
class _Rerun:
    """Options of an interleaved run."""

    puzzles: tuple[str, ...]
    seeds: int | None
    repeats: int
    timeout: str | None
    memory: str | None
    threads: int | None
    answers: Path | None
    isolation: str
    plugins: tuple[str, ...]


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the command."""

    @app.command("compare")
    def compare(
        base: Annotated[str, typer.Argument(help="Baseline: a result folder; with --results or --rerun, a solver.")],
        new: Annotated[
            str, typer.Argument(help="Candidate to judge: a result folder; with --results or --rerun, a solver.")
        ],
        puzzles: Annotated[
            list[str] | None,
            typer.Argument(help="With --rerun: puzzles, folders of puzzles, suites, or suite/pattern."),
        ] = None,
        results: Annotated[
            Path | None,
            typer.Option(help="Folder with the results of both solvers; with --rerun, the new folder to write."),
        ] = None,
        solver: Annotated[
            list[str] | None, typer.Option(help="With two folders: compare only this solver; repeat for several.")
        ] = None,
        fail_on: Annotated[
            str | None,
            typer.Option(
                help="Tolerated losses, as metric:(+|-)number\\[%], separated by commas, or none. (default: no loss in "
                "the family's ranking metric, e.g. solved:-0)"
            ),
        ] = None,
        json_out: Annotated[
            Path | None, typer.Option("--json", help="Also write the comparison to this JSON file.")
        ] = None,
        style: Annotated[str, typer.Option("--format", help="Table format: plain or github.")] = "plain",
        *,
        strict: Annotated[
            bool, typer.Option("--strict", help="Fail on any loss beyond the tolerance, without a significance test.")
        ] = False,
        allow_missing: Annotated[
            bool, typer.Option("--allow-missing", help="Judge even if NEW lacks trials of BASE.")
        ] = False,
        rerun: Annotated[
            bool, typer.Option("--rerun", help="Run both solvers now with interleaved trials, then compare.")
        ] = False,
        seeds: Annotated[
            int | None,
            typer.Option(help="With --rerun: number of seeds, counted from 0. (default: the suite's, else 1)", min=1),
        ] = None,
        repeats: Annotated[int, typer.Option(help="With --rerun: number of runs per trial.", min=1)] = 2,
        timeout: Timeout = None,
        memory: Memory = None,
        threads: Threads = None,
        answers: Answers = None,
        isolation: Isolation = "auto",
    ) -> int:
        r"""Compare two sets of results puzzle by puzzle, and fail if the second is worse.

        Exit codes: 0 no regression, 1 regression, 2 wrong usage, 3 nothing comparable, 4 cannot be judged.

        Examples:
          netjigsaw compare results-before results-after --fail-on "exact:-0.02,time:+20%"

          netjigsaw compare park flagship --results results

          netjigsaw compare --rerun adjoint "adjoint\[rows=500]" p1 p2 --seeds 3
        """
        from benchmark.comparison.report import compare_sides
        from benchmark.comparison.rules import parse_rules

        again = _Rerun(tuple(puzzles or ()), seeds, repeats, timeout, memory, threads, answers, isolation, plugins)
        with separate_codes():
            _check_usage(style, again, solver, results, rerun=rerun)
            rules = None if fail_on is None else parse_rules(fail_on)
            if rerun:
                sides = _run_again(base, new, again, results or _fresh_folder(), rules)
            elif results is not None:
                sides = _one_folder(results, base, new)
            else:
                sides = _two_folders(Path(base), Path(new), solver)
            comparison = compare_sides(*sides, rules, strict=strict, allow_missing=allow_missing)
            return _show(comparison, style, json_out)


def _check_usage(style: str, again: _Rerun, solver: list[str] | None, results: Path | None, *, rerun: bool) -> None:
    from benchmark.comparison.output.text import STYLES

    if style not in STYLES:
        raise SpecError(f"no table format {style!r}{did_you_mean(style, STYLES)}")
    if not rerun and again.puzzles:
        raise SpecError(f"unexpected argument {again.puzzles[0]!r}; name puzzles with --rerun only")
    if rerun and not again.puzzles:
        raise SpecError("--rerun needs puzzles or a suite after the two solvers")
    if solver and (rerun or results is not None):
        raise SpecError("--solver applies to two folders only; here BASE and NEW name the solvers, so leave it out")


Sides = tuple["Side", "Side", "Mapping[str, str]"]


def _two_folders(base: Path, new: Path, solver: list[str] | None) -> Sides:
    from benchmark.comparison.stores import load_side, same_solvers

    ours, theirs = load_side(base), load_side(new)
    if base.resolve() == new.resolve():
        remark("BASE and NEW are the same folder, so nothing can differ")
    return ours, theirs, same_solvers(ours, theirs, solver or ())


def _one_folder(results: Path, base: str, new: str) -> Sides:
    from benchmark.comparison.stores import load_side, two_solvers

    side = load_side(results)
    return side, side, two_solvers(side, base, new)


def _fresh_folder() -> Path:
    return Path(f"compare-{datetime.now(UTC):%Y%m%dT%H%M%S}")


def _run_again(base: str, new: str, again: _Rerun, results: Path, rules: Sequence[Rule] | None) -> Sides:
    """Run both solvers, after checking that every rule names a known measure."""
    from benchmark.comparison.measures import measures_of
    from benchmark.comparison.rules import check_rules
    from benchmark.comparison.stores import run_interleaved
    from benchmark.running.planning.request import RunRequest
    from benchmark.suites.loading import common_seeds, load_target

    references = _rerunnable(base, new)
    targets = find_targets(again.puzzles)
    limits = common_limits(targets, again.timeout, again.memory, again.threads)
    seeds = again.seeds or common_seeds(targets)
    targets = build_missing(targets, again.plugins)
    request = RunRequest(
        puzzles=tuple(item for target in targets for item in load_target(target, again.answers)),
        references=references,
        results=results,
        seeds=tuple(range(seeds)),
        limits=limits,
        plugins=again.plugins,
        hidden=hidden_by(targets, again.answers),
        isolation=again.isolation,
    )
    families = {item.puzzle.manifest.family for item in request.puzzles}
    check_rules(rules or (), [measures_of(family) for family in families])
    side, solvers = _with_bar(request, again.repeats, run_interleaved)
    remark(f"results in {results}")
    return side, side, solvers


def _rerunnable(*texts: str) -> tuple[Reference, ...]:
    """Parse the solvers to run. Programs are refused, because rows hold only a program's label, not its command.

    Raises:
        SpecError: if a solver is neither registered nor in a file.
    """
    from solvers.reference import parse_reference
    from solvers.registry import list_solvers

    references, known = tuple(map(parse_reference, texts)), {entry.name for entry in list_solvers()}
    for text, reference in zip(texts, references, strict=True):
        if not reference.is_file and reference.target not in known:
            raise SpecError(
                f"--rerun cannot run {text!r}{did_you_mean(reference.target, known)}: it takes registered solvers and "
                "path/to/file.py:Name; programs are run with netjigsaw run --solver-command, each into its own "
                "--results folder; then compare the folders"
            )
    return references


def _with_bar(request: RunRequest, repeats: int, run: Any) -> Any:
    """Run with a progress bar that counts trials."""
    from benchmark.running.events import Finished

    total = 2 * len(request.puzzles) * len(request.seeds) * repeats
    with progress_bar() as bar:
        task = bar.add_task("trials", total=total, detail="")

        def watch(event: Any) -> None:
            if isinstance(event, Finished):
                row = event.row
                bar.update(task, advance=1, detail=f"{row.puzzle_name} {row.solver} {row.status}")

        return run(request, repeats, watch)


def _show(comparison: Comparison, style: str, json_out: Path | None) -> int:
    """Print and write a comparison, and return its exit code.

    Raises:
        CommandError: if there is nothing to compare.
    """
    from benchmark.comparison.output.export import to_json
    from benchmark.comparison.output.text import render_comparison
    from benchmark.comparison.output.unmatched import unmatched_in_words
    from benchmark.comparison.report import Exit
    from generator.puzzle.storage import writing_file

    if json_out is not None:
        with writing_file(json_out) as scratch:
            scratch.write_text(to_json(comparison), encoding="utf-8")
    if comparison.exit == Exit.NOTHING_COMPARABLE:
        reasons = "; ".join(f"{contest.label}: {unmatched_in_words(contest)}" for contest in comparison.unmatched)
        text = f"nothing comparable: {reasons or 'neither side has results'}"
        raise CommandError(text, Exit.NOTHING_COMPARABLE)
    say(render_comparison(comparison, style).rstrip("\n"))
    return int(comparison.exit)
