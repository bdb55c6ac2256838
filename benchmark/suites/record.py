"""A suite in memory: its puzzles in order, where each lies, and which digest it should have."""

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
    """How a puzzle is made."""

    family: str
    spec: BaseModel
    seed: int

    @cached_property
    def digest(self) -> str:
        """Digest what was chosen; fields left at their defaults do not count, so that a new field changes nothing."""
        spec = self.spec.model_dump(mode="json", exclude_defaults=True)
        return sha256_json({"family": self.family, "seed": self.seed, "spec": spec})


@dataclass(frozen=True)
class Entry:
    """One puzzle of a suite.

    Attributes:
        name: unique in the suite.
        family: of the puzzle.
        tags: labels.
        recipe: how it is made; None where only its digest is known.
        path: the folder where it lies, or will lie once it is built.
        supplied: whether it came with the suite, and is not made here.
        locked: the digest that it should have; None where nothing says so.
        outdated: whether there is a lock, but of another recipe.
        commitment: the one that the suite's file names, if it names one.
        digest: the one it has; None while it is not built.
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
        """The folder of its sealed answer, if there is one."""
        return answers_beside(self.path)

    @property
    def state(self) -> LockState:
        """How it stands to the lock."""
        if self.digest is None:
            return LockState.MISSING
        if self.locked is None:
            return LockState.OUTDATED if self.outdated else LockState.UNLOCKED
        return LockState.LOCKED if self.digest == self.locked else LockState.DIFFERS


@dataclass(frozen=True)
class Suite:
    """A named list of puzzles with limits.

    Attributes:
        name: for people, and for commands where the suite is built in.
        description: one paragraph.
        source: its TOML file.
        seeds: how often each solver runs on each puzzle.
        limits: of every trial.
        headline: metrics that decide ranks; None for the family's choice.
        entries: the puzzles, in the order of the file.
        definition: digest of everything in the file that matters to results; as secret as the seeds are.
        lock: what the maker got.
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
        """The families of its puzzles, in the order of their first puzzle."""
        return tuple(dict.fromkeys(entry.family for entry in self.entries))

    @property
    def digest(self) -> str | None:
        """Digest what results depend on: limits, seeds and every puzzle's digest; None while one is not built."""
        puzzles = [[entry.name, entry.digest] for entry in self.entries]
        if any(digest is None for _, digest in puzzles):
            return None
        limits = self.limits.model_dump(mode="json")
        return sha256_json({"name": self.name, "seeds": self.seeds, "limits": limits, "puzzles": puzzles})

    def entry(self, name: str) -> Entry:
        """Look a puzzle up by its name.

        Raises:
            SpecError: if there is none.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise SpecError(f"suite {self.name} has no puzzle {name!r}{did_you_mean(name, [e.name for e in self.entries])}")

    def select(self, pattern: str) -> tuple[Entry, ...]:
        """Take the puzzles whose name or one of whose tags fits a shell pattern.

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
        """Look again which puzzles are built.

        Raises:
            StorageError: if a manifest cannot be read.
            PuzzleError: if one is damaged.
        """
        return replace(self, entries=tuple(replace(e, digest=built_digest(e.path)) for e in self.entries))


def built_digest(folder: Path) -> str | None:
    """Read the digest of the puzzle in a folder; None where there is none.

    Raises:
        StorageError: if its manifest cannot be read.
        PuzzleError: if it is damaged.
    """
    manifest = folder / "manifest.json"
    return read_model(Manifest, manifest, kind="puzzle").digest if manifest.exists() else None
