"""What a session records of a suite: its plan, and how each puzzle stands to the suite's lock."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict

__all__ = ["NOT_AS_LOCKED", "LockState", "PlannedPuzzle", "SuiteUse"]


class LockState(enum.StrEnum):
    """How a puzzle stands to its suite's lock."""

    LOCKED = "as locked"
    DIFFERS = "differs"
    OUTDATED = "recipe changed since"
    UNLOCKED = "not locked"
    MISSING = "not built"


NOT_AS_LOCKED = " (not as locked)"
"""Ends the name of a puzzle in results where its digest differs from the lock, so that every table shows it."""


class PlannedPuzzle(BaseModel):
    """A suite's puzzle, as a session records it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    digest: str
    family: str
    tags: tuple[str, ...] = ()
    groups: dict[str, str | int] = {}
    state: LockState = LockState.UNLOCKED


class SuiteUse(BaseModel):
    """What a session ran of a suite: its plan, so that a cell without a row is known to be missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    digest: str | None = None
    """Of the whole suite: limits, seeds and the digests of all its puzzles; none while some are not built."""
    seeds: tuple[int, ...]
    headline: tuple[str, ...] | None = None
    puzzles: tuple[PlannedPuzzle, ...]
