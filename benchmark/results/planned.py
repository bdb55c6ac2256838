"""The plan of a suite in the results: its puzzles, seeds and digests, and how each puzzle compares with the lock."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict

__all__ = ["NOT_AS_LOCKED", "LockState", "PlannedPuzzle", "SuiteUse"]


class LockState(enum.StrEnum):
    """How a puzzle compares with the lock file of its suite."""

    LOCKED = "as locked"
    DIFFERS = "differs"
    OUTDATED = "recipe changed since"
    UNLOCKED = "not locked"
    MISSING = "not built"


NOT_AS_LOCKED = " (not as locked)"
"""Suffix of a puzzle's name in results and tables if the digest of the puzzle differs from the lock."""


class PlannedPuzzle(BaseModel):
    """One puzzle of a suite in the plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    digest: str
    family: str
    tags: tuple[str, ...] = ()
    groups: dict[str, str | int] = {}
    state: LockState = LockState.UNLOCKED


class SuiteUse(BaseModel):
    """The plan of a run on a suite. It shows which trials have no row in the results."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    digest: str | None = None
    """Digest of the whole suite: limits, seeds and the digests of all puzzles; None while a puzzle is not built."""
    seeds: tuple[int, ...]
    headline: tuple[str, ...] | None = None
    puzzles: tuple[PlannedPuzzle, ...]
