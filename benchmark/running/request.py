"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.results.trial import Limits, Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.results.planned import SuiteUse
    from benchmark.running.plan import Cell
    from generator.puzzle.storage import LoadedPuzzle
    from solvers.reference import Reference

__all__ = ["RunRequest"]


def _as_planned(cells: list[Cell]) -> list[Cell]:
    return cells


@dataclass(frozen=True)
class RunRequest:
    """Which solvers on which puzzles, how often, under which limits, and where rows go.

    Attributes:
        puzzles: to be solved.
        references: solvers; a file's path counts from the current folder.
        results: folder of the store.
        seeds: each solver runs once per seed.
        limits: of every trial.
        jobs: trials at a time.
        plugins: files or modules that register families and solvers.
        hidden: folders that solvers must not see, besides the store and the default homes of answers.
        retry: statuses whose trials are run again.
        isolation: `auto`, `namespaces` or `rlimits`.
        suites: what the puzzles are of suites, for the record of the session.
        order: puts the cells that are left to run into the order of their execution.
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
