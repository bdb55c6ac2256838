"""Run some trials of a bundle again. Only a rerun can show that its times and answers came from its solver.

Machines and clocks differ, so a rerun that is somewhat slower or worse is no finding. There are four findings: a trial
that is solved in the bundle and not solved here, a valid answer that is missing here, a ranking metric with less than
half of the claimed gain over the family's baseline, and a time more than ten times as long.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.results.trial import Status
from benchmark.running.planning.request import RunRequest
from benchmark.running.single import solve_once
from benchmark.submission.findings import Discrepancy
from benchmark.submission.suiting import place_of
from generator.family.registry import find_family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmark.results.trial import Row
    from benchmark.running.single import Solved
    from benchmark.submission.suiting import Ground
    from generator.family.metric import Metric
    from solvers.reference import Reference

__all__ = ["Conditions", "Rerun", "choose", "rerun"]

MAGNITUDE = 10.0
"""Largest plausible ratio between the speeds of two machines; a larger ratio is a finding. Hand-set."""
LEAST_S = 0.1
"""Seconds up to which times count as equal, because shorter times are mostly overhead. Hand-set."""
LEAST_GAIN = 0.5
"""Share of the claimed gain over the baseline, on the ranking metric's scale, that a rerun must reach. Hand-set below
1, because a solver that searches until the time limit finds worse answers on a slower machine.
"""
_CONFIRMED = frozenset({Status.SOLVED, Status.SCORED})
"""Statuses that a rerun must confirm."""
_NEVER_RAN = frozenset({Status.SKIPPED, Status.UNAVAILABLE})


@dataclass(frozen=True)
class Conditions:
    """The settings of a rerun, besides the suite's limits.

    Attributes:
        reference: solver to run.
        scratch: folder of this rerun alone.
        plugins: files or modules to load, same as for a run.
        hidden: paths to hide from the solver, besides the paths that are always hidden.
        isolation: isolation mode, same as for a run.
    """

    reference: Reference
    scratch: Path
    plugins: tuple[str, ...] = ()
    hidden: tuple[Path, ...] = ()
    isolation: str = "namespaces"


@dataclass(frozen=True)
class Rerun:
    """A trial that was run again: the bundle's row and the result here."""

    row: Row
    solved: Solved
    findings: tuple[Discrepancy, ...]

    @property
    def line(self) -> str:
        """Summarise the rerun in one line."""
        place = place_of(self.row.puzzle_name, self.row.solver, self.row.seed)
        times = [_seconds(self.row.wall_s), _seconds(self.solved.outcome.wall_s)]
        here = self.solved.verdict.status
        return f"{place}: {self.row.status} in {times[0]} in the bundle, {here} in {times[1]} here"


def choose(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Draw trials that ran, without repetition. The submitter cannot predict the draw."""
    ran = [row for row in rows if row.status not in _NEVER_RAN]
    drawn = np.random.default_rng(np.random.SeedSequence(seed)).permutation(len(ran))[:count]
    return [ran[index] for index in sorted(drawn.tolist())]


def rerun(rows: Sequence[Row], ground: Ground, conditions: Conditions, tell: Callable[[Rerun], None]) -> list[Rerun]:
    """Run trials again, one after the other, and compare each with its row.

    Raises:
        SpecError: if the solver cannot be run here.
        HarnessError: if the harness fails, or the isolation mode `namespaces` is not available.
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


def _compare(row: Row, solved: Solved) -> Iterator[Discrepancy]:
    """List claims of the bundle that the rerun does not confirm. A better result here is no finding."""
    place = f"rerun of {place_of(row.puzzle_name, row.solver, row.seed)}"
    status = solved.verdict.status
    if row.status in _CONFIRMED and status != row.status:
        why = f" ({solved.verdict.reason})" if solved.verdict.reason else ""
        yield Discrepancy(place, "status", f"is {row.status} in the bundle, {status} here{why}")
        return
    yield from _compare_metric(row, solved, place)
    claimed, wall_s = row.wall_s, solved.outcome.wall_s
    if row.status != status or claimed is None or wall_s is None:
        return
    if max(wall_s, LEAST_S) > MAGNITUDE * max(claimed, LEAST_S):
        problem = f"is {claimed:.3g} s in the bundle, {wall_s:.3g} s here, more than {MAGNITUDE:g} times as long"
        yield Discrepancy(place, "wall_s", problem)


def _compare_metric(row: Row, solved: Solved, place: str) -> Iterator[Discrepancy]:
    """Find a claimed ranking metric that the rerun misses by far; return nothing if the family ranks by `solved`."""
    family = find_family(row.family)
    if row.status is not Status.SCORED or family.ranks_solved:
        return
    metric = family.ranking_metric
    claimed, here = (values.get(metric.name, metric.if_failed) for values in (row.metrics, solved.verdict.metrics))
    baseline, claim, found = (_goodness(value, metric) for value in (metric.if_failed, claimed, here))
    if claim > baseline and found - baseline < LEAST_GAIN * (claim - baseline):
        problem = f"is {claimed:.4g} in the bundle, {here:.4g} here; the baseline is {metric.if_failed:.4g}"
        yield Discrepancy(place, f"metrics.{metric.name}", problem)


def _goodness(value: float, metric: Metric) -> float:
    """Convert a metric's value to its scale, with the sign that makes higher values better."""
    scaled = value if metric.scale == "linear" else math.log(max(value, sys.float_info.min))
    return scaled if metric.better == "high" else -scaled


def _seconds(wall_s: float | None) -> str:
    return "no time" if wall_s is None else f"{wall_s:.3g} s"
