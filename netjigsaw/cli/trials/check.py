"""`netjigsaw check`: test whether a solver keeps to the contract, and suggest fixes."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tabulate import tabulate

from netjigsaw.cli.shared.console import progress_bar, remark, say
from netjigsaw.cli.shared.limits import Commands, Isolation
from netjigsaw.cli.shared.quantities import parse_duration
from netjigsaw.cli.trials.solve import one_solver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.conformance.findings import ConformanceFinding

__all__ = ["add"]

FAILED = 1


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the command."""

    @app.command("check")
    def check(
        solver: Annotated[
            str | None,
            typer.Argument(
                help="Solver to check: name, family/name or path/to/file.py:Name, each with \\[key=value,...]."
            ),
        ] = None,
        solver_command: Commands = None,
        family: Annotated[
            str | None, typer.Option(help="Family of the test puzzles. (default: the solver's own)")
        ] = None,
        timeout: Annotated[
            str | None, typer.Option(help="Time limit per puzzle. (default: 5s; 20s for a program)")
        ] = None,
        isolation: Isolation = "auto",
        *,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
    ) -> int:
        r"""Run a solver on small and unusual puzzles, report each breach of the solver contract, and suggest a fix.

        The solver must load, answer, give equal answers for equal seeds, handle unusual shapes, answer in time or
        report an answer before that, report valid answers, write only into its folder, and limit its output.
        The quality of the answers is not checked. Exit code 0 if nothing is wrong, else 1.

        Examples:
          netjigsaw check mine.py:Mine

          netjigsaw check --family FAMILY --solver-command "python solve.py" --json
        """
        from benchmark.conformance.errands import choose_family
        from benchmark.conformance.examine import examine
        from benchmark.running.planning.remarks import warnings_of

        reference = one_solver(solver, solver_command)
        wall_s = None if timeout is None else parse_duration(timeout)
        for warning in warnings_of([reference], [choose_family(reference, family).name]):
            remark(warning)
        with progress_bar() as bar:
            task = bar.add_task(reference.label, total=None, detail="starting")

            def watch(one: Any, count: int) -> None:
                bar.update(task, advance=1, total=count, detail=f"{one.probe}: {one.verdict.status}")

            findings = examine(
                reference, family=family, wall_s=wall_s, plugins=plugins, isolation=isolation, watch=watch
            )
        passed = all(finding.verdict != "wrong" for finding in findings)
        if as_json:
            told = [dataclasses.asdict(finding) for finding in findings]
            say(json.dumps({"solver": reference.label, "passed": passed, "findings": told}))
        else:
            say(_table(findings))
            say(_sum_up(reference.label, findings))
        return 0 if passed else FAILED


def _table(findings: Sequence[ConformanceFinding]) -> str:
    rows = []
    for finding in findings:
        verdict = finding.verdict.upper() if finding.verdict == "wrong" else finding.verdict
        rows.append((verdict, finding.check, finding.subject, finding.found))
        if finding.fix:
            rows.append(("", "", "", f"-> {finding.fix}"))
    return tabulate(rows, headers=("", "check", "on", "found"), tablefmt="simple", maxcolwidths=[None, None, None, 80])


def _sum_up(label: str, findings: Sequence[ConformanceFinding]) -> str:
    wrong = sum(finding.verdict == "wrong" for finding in findings)
    notes = sum(finding.verdict == "note" for finding in findings)
    aside = f", {notes} note{'s' if notes > 1 else ''}" if notes else ""
    if wrong:
        return f"{label} breaks the contract: {wrong} of {len(findings)} findings are wrong{aside}"
    return f"{label} keeps to the contract: {len(findings)} findings, none wrong{aside}"
