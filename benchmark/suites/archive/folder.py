"""Write a suite as one folder with TOML file, lock and puzzles; the public form has no answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomli_w

from benchmark.results.planned import LockState
from benchmark.suites.building import check_built
from benchmark.suites.locking import lock_of, lock_path, lock_text
from benchmark.suites.reading import SUITE_FILE, puzzles_folder
from generator.errors import SpecError
from generator.puzzle.sealing import fresh_seed
from generator.puzzle.storage import answers_beside, find_answer, load_puzzle, save_answer, save_puzzle, writing_folder

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.suites.record import Entry, Suite
    from generator.puzzle.content import Manifest

__all__ = ["fill_folder", "listing", "write_suite"]

LEAST_SECRET = 2**40
"""Smallest seed of a puzzle that may be published without its answer. A smaller seed can be found by generating the
puzzle with seeds 1, 2, 3, ..., and the seed gives the answer. Hand-set: 2**40 trainings are out of reach.
"""


def write_suite(suite: Suite, folder: Path, *, public: bool = False) -> None:
    """Write a built suite to a new folder, completely or not at all.

    Raises:
        SpecError: if a puzzle is not built or differs from the lock, or `public` is set and a seed is easy to guess.
        StorageError: if the folder exists or cannot be written.
        PuzzleError: if a puzzle is damaged.
    """
    with writing_folder(folder) as scratch:
        fill_folder(suite, scratch, public=public)


def fill_folder(suite: Suite, folder: Path, *, public: bool) -> None:
    """Write a suite's files into a folder; see `write_suite`."""
    for entry in suite.entries:
        _check(suite, entry, public=public)
    source = folder / SUITE_FILE
    manifests = {entry.name: _write_puzzle(entry, puzzles_folder(source), public=public) for entry in suite.entries}
    if public:
        source.write_text(listing(suite, manifests), encoding="utf-8")
        return
    source.write_bytes(suite.source.read_bytes())
    if any(entry.recipe is not None for entry in suite.entries):
        as_it_was = suite.lock if all(entry.state is LockState.LOCKED for entry in suite.entries) else None
        lock_path(source).write_text(lock_text(as_it_was or lock_of(suite)), encoding="utf-8")


def _check(suite: Suite, entry: Entry, *, public: bool) -> None:
    if entry.digest is None:
        raise SpecError(f"suite {suite.name}: puzzle {entry.name} is not built; run netjigsaw suite build")
    if entry.state is LockState.DIFFERS:
        mine, theirs = entry.digest[:12], str(entry.locked)[:12]
        raise SpecError(
            f"suite {suite.name}: puzzle {entry.name} has digest {mine} here, {theirs} in the lock; "
            "lock the suite again with netjigsaw suite build --lock"
        )
    if public and entry.recipe is not None and entry.recipe.seed < LEAST_SECRET:
        raise SpecError(
            f"suite {suite.name}: the seed {entry.recipe.seed} of puzzle {entry.name} can be guessed, and the "
            f"seed gives the answer; use a random seed instead, such as {fresh_seed() | LEAST_SECRET}"
        )


def _write_puzzle(entry: Entry, puzzles: Path, *, public: bool) -> Manifest:
    check_built(entry)
    puzzle = load_puzzle(entry.path)
    sealed = find_answer(puzzle, entry.answers)
    # Two suites may name the same puzzle differently; the digest does not cover the name.
    manifest = puzzle.manifest.model_copy(update={"name": entry.name})
    folder = puzzles / entry.name
    save_puzzle(type(puzzle)(manifest, puzzle.pieces, puzzle.data), folder)
    if sealed is not None and not public:
        save_answer(sealed.model_copy(update={"name": entry.name}), answers_beside(folder))
    return manifest


def listing(suite: Suite, manifests: dict[str, Manifest]) -> str:
    """Write the public TOML file of a suite, which identifies each puzzle and omits its recipe.

    The file omits the digest of the recipe too. With the public part of the spec, this digest would confirm a guessed
    seed at the cost of one hash.
    """
    # TOML has no null.
    limits = {key: "none" if value is None else value for key, value in suite.limits.model_dump(mode="json").items()}
    tables: dict[str, Any] = {
        "format": 1,
        "name": suite.name,
        "description": suite.description,
        "seeds": suite.seeds,
        "limits": limits,
    }
    if suite.headline is not None:
        tables["scoring"] = {"headline": list(suite.headline)}
    tables["puzzle"] = [_public_item(entry, manifests[entry.name]) for entry in suite.entries]
    return tomli_w.dumps(tables)


def _public_item(entry: Entry, manifest: Manifest) -> dict[str, Any]:
    """Write the public facts of a puzzle as a `[[puzzle]]` table."""
    item: dict[str, Any] = {"name": entry.name, "family": entry.family, "digest": manifest.digest}
    if manifest.commitment is not None:
        item["commitment"] = manifest.commitment
    if entry.tags:
        item["tags"] = list(entry.tags)
    return item
