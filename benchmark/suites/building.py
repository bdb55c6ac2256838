"""Build the missing puzzles of a suite, and check the existing puzzles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.suites.cache import claim
from generator.batch import Failure, Order, make_each
from generator.errors import NetjigsawError, PuzzleError, StorageError
from generator.puzzle.storage import find_answer, load_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmark.suites.record import Entry
    from generator.batch import Watch

__all__ = ["Built", "Failed", "build", "check_built"]


@dataclass(frozen=True)
class Built:
    """A puzzle that exists; `made` is true if it was just built, then `warnings` are for its maker."""

    entry: Entry
    made: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """A puzzle that could not be built or is damaged, with the error."""

    entry: Entry
    error: NetjigsawError


def build(
    entries: Sequence[Entry], *, jobs: int, plugins: Sequence[str], watch: Watch, waiting: Callable[[], None]
) -> Iterator[Built | Failed]:
    """Build missing puzzles, up to `jobs` at once, and yield each puzzle when it exists or has failed.

    Each puzzle is written completely or not at all, so repeating a killed build continues it.
    Two builds at once take turns.

    Args:
        entries: puzzles of one or several suites.
        jobs: number of processes.
        plugins: modules or files that register families; every process loads them.
        watch: called with the progress.
        waiting: called once if the build must wait for another build.

    Raises:
        StorageError: if the cache cannot be written.
    """
    missing = [entry for entry in entries if entry.digest is None and entry.recipe is not None]
    for entry in entries:
        if entry not in missing:
            yield _checked(entry)
    if missing:
        with claim(waiting):
            yield from _make(missing, jobs, plugins, watch)


def _make(entries: Sequence[Entry], jobs: int, plugins: Sequence[str], watch: Watch) -> Iterator[Built | Failed]:
    orders = {
        entry.path: Order(entry.family, entry.name, entry.recipe.spec, entry.recipe.seed, entry.path, entry.answers)
        for entry in entries
        if entry.recipe is not None
    }
    by_path = {entry.path: entry for entry in entries}
    for made in make_each(list(orders.values()), jobs=jobs, plugins=plugins, watch=watch):
        entry = by_path[made.order.folder]
        if isinstance(made, Failure):
            yield Failed(entry, made.error)
        else:
            yield Built(replace(entry, digest=made.puzzle.digest), made=not made.kept, warnings=made.warnings)


def _checked(entry: Entry) -> Built | Failed:
    try:
        check_built(entry)
    except NetjigsawError as error:
        return Failed(entry, error)
    return Built(entry)


def check_built(entry: Entry) -> None:
    """Read an existing puzzle with all tensors, and its answer if there is one.

    Raises:
        StorageError: if the puzzle does not exist, or a file of it cannot be read.
        PuzzleError: if the puzzle is damaged, or differs from the puzzle that came with the suite.
        AnswerError: if the answer does not open the puzzle's commitment.
    """
    if entry.digest is None:
        raise StorageError(f"puzzle {entry.name!r} of the suite is not at {entry.path}; unpack the suite again")
    puzzle = load_puzzle(entry.path)
    sealed = find_answer(puzzle, entry.answers)
    if entry.supplied and puzzle.digest != entry.locked:
        held, wanted = puzzle.digest[:12], str(entry.locked)[:12]
        raise PuzzleError(f"{entry.path} holds puzzle {held}, not {wanted} as in the lock; unpack the suite again")
    if not entry.supplied and sealed is None:
        raise StorageError(
            f"the answer of {entry.path} is missing from {entry.answers}; "
            "delete the puzzle's folder, then build the suite again"
        )
