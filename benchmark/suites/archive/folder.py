"""A suite as one folder: its file, its lock, its puzzles; with the answers, or for the public."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmark.suites.building import check_built
from benchmark.suites.locking import lock_of, lock_path, lock_text
from benchmark.suites.reading import SUITE_FILE, puzzles_folder
from benchmark.suites.schema import LockState
from generator.errors import SpecError
from generator.puzzle.sealing import fresh_seed
from generator.puzzle.storage import answers_beside, find_answer, load_puzzle, save_answer, save_puzzle, writing_folder

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.suites.record import Entry, Suite
    from generator.puzzle.content import Manifest

__all__ = ["fill_folder", "listing", "write_suite"]

LEAST_SECRET = 2**40
"""A seed below this can be found by making the puzzle with one seed after the other."""


def write_suite(suite: Suite, folder: Path, *, public: bool = False) -> None:
    """Write a suite that is built to a new folder, all of it or nothing.

    Raises:
        SpecError: if a puzzle is not built or not as locked, or a seed is too easy to guess for a public part.
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
        raise SpecError(f"suite {suite.name}: puzzle {entry.name} is not built; netjigsaw suite build makes it")
    if entry.state is LockState.DIFFERS:
        mine, theirs = entry.digest[:12], str(entry.locked)[:12]
        raise SpecError(f"suite {suite.name}: puzzle {entry.name} is {mine} here, {theirs} in the lock; lock it anew")
    if public and entry.recipe is not None and entry.recipe.seed < LEAST_SECRET:
        raise SpecError(
            f"suite {suite.name}: the seed {entry.recipe.seed} of puzzle {entry.name} can be found by trying, and the "
            f"answer with it; give it one from the system's entropy, such as {fresh_seed() | LEAST_SECRET}"
        )


def _write_puzzle(entry: Entry, puzzles: Path, *, public: bool) -> Manifest:
    check_built(entry)
    puzzle = load_puzzle(entry.path)
    sealed = find_answer(puzzle, entry.answers)
    # Suites share a puzzle under names of their own, which no digest holds.
    manifest = puzzle.manifest.model_copy(update={"name": entry.name})
    folder = puzzles / entry.name
    save_puzzle(type(puzzle)(manifest, puzzle.pieces, puzzle.data), folder)
    if sealed is not None and not public:
        save_answer(sealed.model_copy(update={"name": entry.name}), answers_beside(folder))
    return manifest


def listing(suite: Suite, manifests: dict[str, Manifest]) -> str:
    """Write the public file of a suite: what identifies each puzzle, nothing of how it was made.

    No digest of a recipe is in it either: with the public part of the spec it would confirm a
    guessed seed at the price of one hash.
    """
    scoring = {"headline": list(suite.headline)} if suite.headline is not None else {}
    limits = {key: "none" if value is None else value for key, value in suite.limits.model_dump(mode="json").items()}
    head = {"format": 1, "name": suite.name, "description": suite.description, "seeds": suite.seeds}
    tables = [_table("", head), _table("[limits]", limits)] + ([_table("[scoring]", scoring)] if scoring else [])
    for entry in suite.entries:
        manifest = manifests[entry.name]
        fields: dict[str, Any] = {"name": entry.name, "family": entry.family, "digest": manifest.digest}
        if manifest.commitment is not None:
            fields["commitment"] = manifest.commitment
        if entry.tags:
            fields["tags"] = list(entry.tags)
        tables.append(_table("[[puzzle]]", fields))
    return "\n".join(tables)


def _table(title: str, fields: dict[str, Any]) -> str:
    # JSON's text, numbers and lists are TOML's as well, but for one control character.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    return "\n".join([*([title] if title else []), *lines, ""]).replace("\x7f", "\\u007f")
