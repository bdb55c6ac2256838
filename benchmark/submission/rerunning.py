"""Run some trials of a bundle again: the only check that its times and answers came from its solver.

The times of two machines differ, so only an order of magnitude is held against a bundle,
and only where it claims to be the faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.results.trial import Status
from benchmark.running.request import RunRequest
from benchmark.running.single import solve_once
from benchmark.submission.findings import Finding
from benchmark.submission.suiting import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmark.results.trial import Row
    from benchmark.running.single import Solved
    from benchmark.submission.suiting import Ground
    from solvers.reference import Reference

__all__ = ["Conditions", "Rerun", "choose", "rerun"]

MAGNITUDE = 10.0
"""By which a machine may plausibly be faster than another."""
LEAST_S = 0.1
"""Seconds below which a time is mostly the machine's."""
_NEVER_RAN = frozenset({Status.SKIPPED, Status.UNAVAILABLE})


@dataclass(frozen=True)
class Conditions:
    """Under which trials are run again, besides the suite's limits.

    Attributes:
        reference: the solver.
        scratch: a folder of this rerun's own.
        plugins: as for a run.
        hidden: what the solver must not see, besides what is always hidden.
        isolation: as for a run.
    """

    reference: Reference
    scratch: Path
    plugins: tuple[str, ...] = ()
    hidden: tuple[Path, ...] = ()
    isolation: str = "namespaces"


@dataclass(frozen=True)
class Rerun:
    """A trial that was run again: what the bundle says and what came of it here."""

    row: Row
    solved: Solved
    findings: tuple[Finding, ...]

    @property
    def line(self) -> str:
        """Say it in a line."""
        place = place_of(self.row.puzzle_name, self.row.solver, self.row.seed)
        times = [_seconds(self.row.wall_s), _seconds(self.solved.outcome.wall_s)]
        here = self.solved.verdict.status
        return f"{place}: {self.row.status} in {times[0]} in the bundle, {here} in {times[1]} here"


def choose(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Draw trials that ran, without repetition; who submits cannot know which."""
    ran = [row for row in rows if row.status not in _NEVER_RAN]
    drawn = np.random.default_rng(np.random.SeedSequence(seed)).permutation(len(ran))[:count]
    return [ran[place] for place in sorted(drawn.tolist())]


def rerun(rows: Sequence[Row], ground: Ground, conditions: Conditions, tell: Callable[[Rerun], None]) -> list[Rerun]:
    """Run trials again, one after the other, and compare.

    Raises:
        SpecError: if the solver cannot be run here.
        HarnessError: if the harness fails, or there are no namespaces and they were insisted on.
    """
    done = []
    for row in rows:
        request = RunRequest(
            puzzles=(ground.loaded[row.puzzle],),
            references=(conditions.reference,),
            results=conditions.scratch / "results",
            seeds=(row.seed,),
            limits=ground.suite.limits,
            plugins=conditions.plugins,
            hidden=conditions.hidden,
            isolation=conditions.isolation,
        )
        solved = solve_once(request)
        done.append(Rerun(row, solved, tuple(_compare(row, solved))))
        tell(done[-1])
    return done


def _compare(row: Row, solved: Solved) -> Iterator[Finding]:
    """Find what the bundle claims and this machine cannot confirm; that it did better here is no fault."""
    place = f"rerun of {place_of(row.puzzle_name, row.solver, row.seed)}"
    status = solved.verdict.status
    if row.status == Status.SOLVED != status:
        why = f" ({solved.verdict.reason})" if solved.verdict.reason else ""
        yield Finding(place, "status", f"is {row.status} in the bundle, {status} here{why}")
        return
    claimed, wall_s = row.wall_s, solved.outcome.wall_s
    if row.status != status or claimed is None or wall_s is None:
        return
    if max(wall_s, LEAST_S) > MAGNITUDE * max(claimed, LEAST_S):
        problem = f"is {claimed:.3g} s in the bundle, {wall_s:.3g} s here, more than {MAGNITUDE:g} times as long"
        yield Finding(place, "wall_s", problem)


def _seconds(wall_s: float | None) -> str:
    return "no time" if wall_s is None else f"{wall_s:.3g} s"
