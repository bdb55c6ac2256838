"""The request of a run: puzzles, solvers, seeds, limits and the result store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.results.trial import Limits, Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.results.planned import SuiteUse
    from benchmark.running.planning.plan import Cell
    from generator.puzzle.storage import LoadedPuzzle
    from solvers.reference import Reference

__all__ = ["RunRequest"]


def _as_planned(cells: list[Cell]) -> list[Cell]:
    return cells


@dataclass(frozen=True)
class RunRequest:
    """Puzzles, solvers, seeds, limits and result store of a run.

    Attributes:
        puzzles: the puzzles to solve.
        references: the solvers; the path of a file is relative to the current folder.
        results: folder of the result store.
        seeds: each solver runs once per seed on every puzzle.
        limits: limits of every trial.
        jobs: number of trials that run at the same time.
        plugins: files or modules that register families and solvers.
        hidden: folders to hide from solvers, besides the stores and the default folders of sealed answers.
        retry: trials with one of these statuses run again.
        isolation: `auto`, `namespaces` or `rlimits`.
        suites: the suites that the puzzles come from; recorded in the session.
        order: sorts the cells that still have to run into their order of execution.
    """

    puzzles: tuple[LoadedPuzzle, ...]
    references: tuple[Reference, ...]
    results: Path
    seeds: tuple[int, ...] = (0,)
    limits: Limits = field(default_factory=Limits)
    jobs: int = 1
    plugins: tuple[str, ...] = ()
    hidden: tuple[Path, ...] = ()
    retry: frozenset[Status] = frozenset()
    isolation: str = "auto"
    suites: tuple[SuiteUse, ...] = ()
    order: Callable[[list[Cell]], list[Cell]] = _as_planned
