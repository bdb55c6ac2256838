"""`netjigsaw verify`: check submitted bundles by scoring their raw answers again."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.errors import SpecError
from netjigsaw.cli.shared.console import remark, say
from netjigsaw.cli.shared.exits import separate_codes
from netjigsaw.cli.shared.limits import Answers, Commands
from netjigsaw.cli.shared.targets import hidden_by
from netjigsaw.cli.submissions.bundles import MaxSize, SuiteName, open_on, verify_opened
from netjigsaw.cli.trials.solve import one_solver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.submission.bundle.contents import OpenedBundle
    from benchmark.submission.rerunning import Conditions
    from benchmark.submission.suiting import Ground
    from benchmark.submission.verifying import Verification
    from benchmark.suites.loading import Target

__all__ = ["add"]

NOT_VERIFIED = 1
SHOWN = 50
"""Most findings printed per bundle; --json prints all. Hand-set."""


@dataclasses.dataclass(frozen=True)
class _Again:
    """Options of a rerun."""

    count: int
    seed: int | None
    solver: str | None
    command: list[str] | None
    isolation: str
    answers: Path | None
    plugins: tuple[str, ...]


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the command."""

    @app.command("verify")
    def verify(
        bundles: Annotated[list[Path], typer.Argument(help="Bundles that netjigsaw submit wrote.")],
        suite: SuiteName = None,
        answers: Answers = None,
        max_size: MaxSize = "1GiB",
        rerun: Annotated[int, typer.Option(help="Number of trials to run again, drawn at random.", min=0)] = 0,
        draw: Annotated[
            int | None, typer.Option(help="Seed of the draw for --rerun. (default: a fresh seed)", min=0)
        ] = None,
        solver: Annotated[
            str | None, typer.Option(help="With --rerun: the solver, if the bundle has no source.")
        ] = None,
        solver_command: Commands = None,
        isolation: Annotated[
            str, typer.Option(help="With --rerun: namespaces, or rlimits. rlimits runs foreign code with your rights.")
        ] = "namespaces",
        *,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list instead.")] = False,
    ) -> int:
        """Verify submitted bundles: score every raw answer again on the puzzles here, and compare.

        Exit codes: 0 verified, 1 not verified, 2 wrong usage, 4 cannot be judged.

        Examples:
          netjigsaw verify mini-park.njz

          netjigsaw verify theirs.njz --suite private.toml --rerun 3
        """
        again = _Again(rerun, draw, solver, solver_command, isolation, answers, plugins)
        with separate_codes():
            if (solver or solver_command) and not rerun:
                raise SpecError("--solver and --solver-command apply to --rerun only; give --rerun as well")
            found = []
            for path in bundles:
                opened, target, ground = open_on(path, suite, answers, max_size, plugins)
                verification, lines = _verify_one(opened, target, ground, again, quiet=as_json)
                found.append(verification)
                if not as_json:
                    _say(verification, lines)
            if as_json:
                say(json.dumps([_record(one) for one in found], indent=1))
        return 0 if all(one.verified for one in found) else NOT_VERIFIED


def _verify_one(
    opened: OpenedBundle, target: Target | None, ground: Ground | None, again: _Again, *, quiet: bool
) -> tuple[Verification, list[str]]:
    """Verify a bundle. If it verifies and a rerun was asked for, run some of its trials again."""
    found = verify_opened(opened, ground)
    if not again.count or not found.verified or ground is None or target is None:
        return found, []
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="netjigsaw-rerun-") as temporary:
        conditions = _conditions(opened, again, target, Path(temporary))
        findings = _rerun(found, ground, conditions, again, None if quiet else lines)
    return dataclasses.replace(found, findings=tuple(findings)), lines


def _rerun(
    found: Verification, ground: Ground, conditions: Conditions, again: _Again, lines: list[str] | None
) -> list[Any]:
    from benchmark.submission.rerunning import choose, rerun
    from generator.puzzle.sealing import fresh_seed

    seed = fresh_seed() if again.seed is None else again.seed
    rows = choose(found.rows, again.count, seed)
    remark(f"running {len(rows)} trial{'s' if len(rows) > 1 else ''} again, drawn with --draw {seed}")
    done = rerun(rows, ground, conditions, lambda one: remark(one.line))
    if lines is not None:
        lines += [one.line for one in done]
    return [finding for one in done for finding in one.findings]


def _conditions(opened: OpenedBundle, again: _Again, target: Target, scratch: Path) -> Conditions:
    """Find the solver: the named solver, else the source in the bundle, else the registered solver of that name.

    Raises:
        SpecError: if no solver is found.
    """
    from benchmark.submission.rerunning import Conditions
    from benchmark.submission.sourcing import unpack_source
    from solvers.reference import Reference

    if opened.contents is None:
        raise SpecError(f"{opened.path} cannot be read")
    solver = opened.contents.manifest.solver
    if again.solver or again.command:
        reference = one_solver(again.solver, again.command)
    elif solver.is_file:
        file = unpack_source(opened.contents, scratch / "source")
        if file is None:
            raise SpecError(f"{opened.path} holds no source of {solver.name}; name the solver with --solver")
        reference = Reference(f"{file}:{solver.name.rpartition(':')[2]}", None, solver.parameters)
    else:
        reference = Reference(solver.name, None, solver.parameters)
    hidden = hidden_by([target], again.answers)
    return Conditions(reference, scratch / "run", again.plugins, hidden, again.isolation)


def _say(found: Verification, reruns: Sequence[str]) -> None:
    manifest = found.manifest
    if manifest is None:
        say(f"{found.path}: cannot be read as a bundle; see the findings")
    else:
        author = f" by {manifest.author}" if manifest.author else ""
        say(f"{found.path}: {manifest.solver.label}{author} on suite {manifest.suite.name}")
    for finding in found.findings[:SHOWN]:
        say(f"  wrong  {finding.line}")
    if len(found.findings) > SHOWN:
        say(f"  wrong  {len(found.findings) - SHOWN} more; --json lists them")
    for line in reruns:
        say(f"  rerun  {line}")
    for note in found.notes:
        say(f"  note   {note}")
    if not found.verified:
        say(f"not verified: {len(found.findings)} fault{'s' if len(found.findings) > 1 else ''}")
        return
    solved = sum(row.status == "solved" for row in found.rows)
    say(f"verified: {len(found.rows)} trials scored again, {solved} solved")


def _record(found: Verification) -> dict[str, Any]:
    manifest = found.manifest
    return {
        "bundle": str(found.path),
        "sha256": found.sha256,
        "verified": found.verified,
        "author": manifest.author if manifest else None,
        "solver": manifest.solver.label if manifest else None,
        "suite": manifest.suite.name if manifest else None,
        "findings": [finding.record for finding in found.findings],
        "notes": list(found.notes),
        "rows": [row.model_dump(mode="json") for row in found.rows] if found.verified else [],
    }
