"""Build the missing puzzles of a suite, and check those that exist."""

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
    """A puzzle that exists; `made` if it was just built, with `warnings` for its maker."""

    entry: Entry
    made: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """A puzzle that could not be built or is damaged, and why."""

    entry: Entry
    error: NetjigsawError


def build(
    entries: Sequence[Entry], *, jobs: int, plugins: Sequence[str], watch: Watch, waiting: Callable[[], None]
) -> Iterator[Built | Failed]:
    """Build missing puzzles, up to `jobs` at once, and yield each puzzle when it exists or has failed.

    Each puzzle is written completely or not at all, so repeating a killed build continues it.
    Two builds at once take turns.

    Args:
        entries: of one suite or several.
        jobs: processes.
        plugins: modules or files that register families, for the processes to load.
        watch: told of progress.
        waiting: called once if another build must be waited for.

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
    """Read a puzzle that is here, every tensor of it, and its answer where there is one.

    Raises:
        StorageError: if it is not here, or a file of it cannot be read.
        PuzzleError: if it is damaged, or is not the one that came with the suite.
        AnswerError: if the answer does not open its commitment.
    """
    if entry.digest is None:
        raise StorageError(f"puzzle {entry.name!r} should come with the suite, but is not at {entry.path}")
    puzzle = load_puzzle(entry.path)
    sealed = find_answer(puzzle, entry.answers)
    if entry.supplied and puzzle.digest != entry.locked:
        held, wanted = puzzle.digest[:12], str(entry.locked)[:12]
        raise PuzzleError(f"{entry.path} holds puzzle {held}, not {wanted} as locked; unpack the suite again")
    if not entry.supplied and sealed is None:
        raise StorageError(
            f"the answer of {entry.path} is missing from {entry.answers}; "
            "delete the puzzle's folder, then build the suite again"
        )
