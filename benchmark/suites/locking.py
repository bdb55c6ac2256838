"""A suite's lock: the digests of its maker's puzzles, so that others can compare their puzzles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmark.suites.cache import versions
from benchmark.suites.schema import Lock, LockedPuzzle
from generator.errors import PuzzleError, SpecError
from generator.puzzle.storage import read_model, writing_file
from generator.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.suites.record import Suite

__all__ = ["lock_of", "lock_path", "lock_text", "read_lock", "write_lock"]


def lock_path(source: Path) -> Path:
    """Return the path of the lock file of a suite's TOML file."""
    return source.with_suffix(".lock")


def read_lock(source: Path) -> Lock | None:
    """Read the lock beside a suite's TOML file; return None if there is no lock.

    Raises:
        StorageError: if the lock cannot be read.
        PuzzleError: if the lock is damaged.
    """
    path = lock_path(source)
    if not path.exists():
        return None
    try:
        return read_model(Lock, path, kind="lock")
    except PuzzleError as error:
        text = f"{error}; fetch it again, or remove it and lock the suite anew with netjigsaw suite build --lock"
        raise PuzzleError(text) from error


def lock_of(suite: Suite) -> Lock:
    """Make the lock of a suite from the puzzles on this machine.

    Raises:
        SpecError: if a puzzle is not built.
    """
    puzzles = {}
    for entry in suite.entries:
        if entry.recipe is None:
            continue  # the suite's file holds the digest
        if entry.digest is None:
            raise SpecError(
                f"suite {suite.name}: puzzle {entry.name} is not built; build all puzzles, then lock the suite"
            )
        puzzles[entry.name] = LockedPuzzle(digest=entry.digest, recipe=entry.recipe.digest)
    return Lock(
        suite=suite.name,
        definition=suite.definition,
        generator=f"netjigsaw {__version__}",
        versions=versions(),
        puzzles=puzzles,
    )


def lock_text(lock: Lock) -> str:
    """Write a lock as the text of its file."""
    return json.dumps(lock.model_dump(mode="json"), indent=1) + "\n"


def write_lock(suite: Suite) -> Path:
    """Write a suite's lock beside its TOML file, and return the path of the lock.

    Raises:
        SpecError: if a puzzle is not built.
        StorageError: if the file cannot be written.
    """
    target, text = lock_path(suite.source), lock_text(lock_of(suite))
    with writing_file(target) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return target
