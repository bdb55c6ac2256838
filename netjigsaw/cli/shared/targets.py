"""Arguments that name puzzles: folders of one or more puzzles, suites, and puzzles of suites.

Missing puzzles of suites are built first.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from generator.errors import SpecError, TrainingError
from netjigsaw.cli.shared.console import progress_bar, remark
from netjigsaw.cli.shared.limits import make_limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmark.results.planned import SuiteUse
    from benchmark.results.trial import Limits
    from benchmark.suites.building import Built, Failed
    from benchmark.suites.loading import Target
    from benchmark.suites.record import Entry
    from generator.batch import Order
    from generator.puzzle.storage import LoadedPuzzle

__all__ = [
    "build_entries",
    "build_missing",
    "common_limits",
    "cores",
    "find_one",
    "find_suite",
    "find_targets",
    "hidden_by",
    "load_one",
    "remark_on_locks",
]


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0))


def find_targets(texts: Sequence[str]) -> list[Target]:
    """Find the puzzles and suites that arguments name; a folder of puzzles stands for its puzzles.

    Raises:
        NetjigsawError: if an argument names nothing, or a suite is invalid.
    """
    from benchmark.suites.loading import find_targets as find

    return find(texts)


def find_suite(text: str) -> Target:
    """Find the suite that an argument names.

    Raises:
        SpecError: if the argument names puzzles but no suite.
        NetjigsawError: if the argument names nothing, or the suite is invalid.
    """
    targets = find_targets([text])
    if len(targets) > 1:
        raise SpecError(
            f"{text} holds {len(targets)} puzzles but is no suite; give a suite, a named list of puzzles with limits"
        )
    return targets[0]


def build_missing(targets: list[Target], plugins: tuple[str, ...]) -> list[Target]:
    """Build the missing puzzles of the suites among the targets.

    Raises:
        TrainingError: naming the puzzles that could not be built.
        StorageError: if the cache cannot be written.
    """
    from benchmark.suites.building import Failed

    # Keyed by path, since two suites may hold the same puzzle.
    missing = list({e.path: e for target in targets for e in target.entries if e.digest is None}.values())
    if not missing:
        return targets
    remark(f"{len(missing)} puzzle{'s are' if len(missing) > 1 else ' is'} not built yet; building")
    failed = [end for end in build_entries(missing, cores(), plugins) if isinstance(end, Failed)]
    if failed:
        names = ", ".join(end.entry.name for end in failed)
        first = f"{failed[0].entry.name}: {failed[0].error}"
        raise TrainingError(f"{len(failed)} of the puzzles cannot be built ({names}); {first}")
    return [target.refreshed() for target in targets]


def build_entries(entries: Sequence[Entry], jobs: int, plugins: tuple[str, ...]) -> list[Built | Failed]:
    """Build puzzles with a progress bar each, and print each result as soon as it is known."""
    from benchmark.suites.building import Failed, build

    ends: list[Built | Failed] = []
    with progress_bar() as bar:
        whole = bar.add_task("puzzles", total=len(entries), detail="")
        tasks = {e.path: bar.add_task(e.name, total=None, detail="waiting") for e in entries if e.digest is None}

        def watch(order: Order, step: int, steps: int, loss: float) -> None:
            if order.folder in tasks:  # another process may report after its puzzle is done
                bar.update(tasks[order.folder], completed=step, total=steps, detail=f"loss {loss:.4g}")

        def waiting() -> None:
            remark("another build is using the cache; waiting for it")

        for end in build(entries, jobs=jobs, plugins=plugins, watch=watch, waiting=waiting):
            ends.append(end)
            bar.advance(whole)
            if end.entry.path in tasks:
                bar.remove_task(tasks.pop(end.entry.path))
            if isinstance(end, Failed):
                remark(f"{end.entry.name}: {end.error}")
            elif end.made:
                remark(f"{end.entry.name}  {str(end.entry.digest)[:12]}  built, {end.entry.state}")
                for warning in end.warnings:
                    remark(f"{end.entry.name}: {warning}")
    return ends


def find_one(text: str, plugins: tuple[str, ...]) -> Target:
    """Find the one puzzle that an argument names, and build it if it is missing.

    Raises:
        SpecError: if the argument names several puzzles.
        NetjigsawError: if the argument names no puzzle, or the puzzle cannot be built.
    """
    from benchmark.suites.loading import find_target

    target = find_target(text)
    if target.suite is not None and len(target.entries) != 1:
        names = ", ".join(entry.name for entry in target.entries[:3])
        raise SpecError(f"{text} names {len(target.entries)} puzzles; choose one, as suite/name: {names}, ...")
    return build_missing([target], plugins)[0]


def load_one(text: str, answers: Path | None, plugins: tuple[str, ...]) -> tuple[Target, LoadedPuzzle]:
    """Load the puzzle that an argument names, as `find_one` finds it.

    Raises:
        NetjigsawError: if there is no such puzzle, or several, or the puzzle cannot be built or read.
    """
    from benchmark.suites.loading import load_target

    target = find_one(text, plugins)
    (loaded,) = load_target(target, answers)
    return target, loaded


def common_limits(
    targets: Sequence[Target],
    timeout: str | None,
    memory: str | None,
    threads: int | None,
    queries: int | None = None,
) -> Limits:
    """Parse limits. A limit that is not given comes from the suites among the targets, else from the defaults.

    Raises:
        SpecError: if a text is not a duration or a size, or if two suites still have different limits.
    """
    from benchmark.results.trial import Limits

    suites = [target.suite for target in targets if target.suite is not None]
    limits = [make_limits(suite.limits, timeout, memory, threads, queries) for suite in suites]
    for suite, mine in zip(suites, limits, strict=True):
        if mine != limits[0]:
            raise SpecError(
                f"suites {suites[0].name} and {suite.name} have different limits; run them in separate commands"
            )
    return limits[0] if limits else make_limits(Limits(), timeout, memory, threads, queries)


def hidden_by(targets: Sequence[Target], answers: Path | None) -> tuple[Path, ...]:
    """List the folders that solvers must not see: the answers' folder and the folders that the targets hide."""
    return (*((answers,) if answers else ()), *(place for target in targets for place in target.hidden))


def remark_on_locks(uses: Sequence[SuiteUse]) -> None:
    """Print a remark for each suite whose puzzles differ from its lock."""
    from benchmark.suites.loading import differing

    for use in uses:
        names = differing(use)
        if names:
            remark(f"suite {use.name}: puzzles generated here differ from its lock: {', '.join(names)}")
