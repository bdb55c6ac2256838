"""A suite in memory: its puzzles in order, with their paths and expected digests."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from benchmark.results.planned import LockState
from generator.errors import SpecError
from generator.puzzle.canonical import sha256_json
from generator.puzzle.content import Manifest
from generator.puzzle.storage import answers_beside, read_model
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from benchmark.results.trial import Limits
    from benchmark.suites.schema import Lock

__all__ = ["Entry", "Recipe", "Suite", "built_digest"]


@dataclass(frozen=True)
class Recipe:
    """The recipe of a puzzle."""

    family: str
    spec: BaseModel
    seed: int

    @cached_property
    def digest(self) -> str:
        """Digest the fields that differ from their defaults, so that a new field does not change the digest."""
        spec = self.spec.model_dump(mode="json", exclude_defaults=True)
        return sha256_json({"family": self.family, "seed": self.seed, "spec": spec})


@dataclass(frozen=True)
class Entry:
    """One puzzle of a suite.

    Attributes:
        name: unique in the suite.
        family: family of the puzzle.
        tags: labels of the puzzle.
        recipe: recipe of the puzzle; None if only the digest is known.
        path: folder of the puzzle, once it is built.
        supplied: whether the puzzle came with the suite and is not built here.
        locked: digest that the puzzle should have; None without a lock.
        outdated: whether the lock holds another recipe of the puzzle.
        commitment: commitment that the suite's file states; None if it states none.
        digest: digest of the built puzzle; None while the puzzle is not built.
    """

    name: str
    family: str
    tags: tuple[str, ...]
    recipe: Recipe | None
    path: Path
    supplied: bool
    locked: str | None = None
    outdated: bool = False
    commitment: str | None = None
    digest: str | None = None

    @property
    def answers(self) -> Path:
        """The folder of the sealed answer, whether or not the answer exists."""
        return answers_beside(self.path)

    @property
    def state(self) -> LockState:
        """How the puzzle compares with the lock."""
        if self.digest is None:
            return LockState.MISSING
        if self.locked is None:
            return LockState.OUTDATED if self.outdated else LockState.UNLOCKED
        return LockState.LOCKED if self.digest == self.locked else LockState.DIFFERS


@dataclass(frozen=True)
class Suite:
    """A named list of puzzles with limits.

    Attributes:
        name: name for people, and for commands if the suite is built in.
        description: one paragraph about the suite.
        source: TOML file of the suite.
        seeds: number of seeds per solver and puzzle.
        limits: limits of every trial.
        headline: headline metrics; None for the family's choice.
        entries: puzzles in the order of the file.
        definition: digest of everything in the file that affects results; as secret as the seeds.
        lock: lock of the suite; None without a lock.
    """

    name: str
    description: str
    source: Path
    seeds: int
    limits: Limits
    headline: tuple[str, ...] | None
    entries: tuple[Entry, ...]
    definition: str
    lock: Lock | None = None

    @property
    def families(self) -> tuple[str, ...]:
        """The families of the puzzles, in the order of their first puzzle."""
        return tuple(dict.fromkeys(entry.family for entry in self.entries))

    @property
    def digest(self) -> str | None:
        """Digest of limits, seeds and all puzzles' digests; None while a puzzle is not built."""
        puzzles = [[entry.name, entry.digest] for entry in self.entries]
        if any(digest is None for _, digest in puzzles):
            return None
        limits = self.limits.model_dump(mode="json")
        return sha256_json({"name": self.name, "seeds": self.seeds, "limits": limits, "puzzles": puzzles})

    def entry(self, name: str) -> Entry:
        """Find a puzzle by its name.

        Raises:
            SpecError: if there is none.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise SpecError(f"suite {self.name} has no puzzle {name!r}{did_you_mean(name, [e.name for e in self.entries])}")

    def select(self, pattern: str) -> tuple[Entry, ...]:
        """Select the puzzles with a name or tag that matches a shell pattern.

        Raises:
            SpecError: if there is none.
        """
        chosen = tuple(e for e in self.entries if any(fnmatch.fnmatchcase(text, pattern) for text in (e.name, *e.tags)))
        if not chosen:
            known = {text for entry in self.entries for text in (entry.name, *entry.tags)}
            raise SpecError(
                f"suite {self.name} has no puzzle named or tagged {pattern!r}{did_you_mean(pattern, known)}"
            )
        return chosen

    def refreshed(self) -> Suite:
        """Update which puzzles are built.

        Raises:
            StorageError: if a manifest cannot be read.
            PuzzleError: if one is damaged.
        """
        return replace(self, entries=tuple(replace(e, digest=built_digest(e.path)) for e in self.entries))


def built_digest(folder: Path) -> str | None:
    """Read the digest of the puzzle in a folder; return None if there is no puzzle.

    Raises:
        StorageError: if the manifest cannot be read.
        PuzzleError: if the manifest is damaged.
    """
    manifest = folder / "manifest.json"
    return read_model(Manifest, manifest, kind="puzzle").digest if manifest.exists() else None
