"""Schemas of a suite's TOML file and of its lock file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictInt, StringConstraints, model_validator

from benchmark.results.trial import Limits

__all__ = [
    "Lock",
    "LockedPuzzle",
    "PuzzleItem",
    "Scoring",
    "SuiteFile",
]

SafeName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
"""A name that is a valid file name on every system."""
Label = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9.,:+_-]*$", max_length=64)]
Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]


class PuzzleItem(BaseModel):
    """One `[[puzzle]]` of a suite's file: a recipe, or the digest of a puzzle that comes with the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: SafeName
    family: str | None = None
    """Family of the puzzle; by default the suite's family."""
    seed: Annotated[StrictInt, Field(ge=0)] | None = None
    preset: str | None = None
    spec: dict[str, JsonValue] = {}
    """Changes to the preset, or to the defaults without a preset."""
    tags: tuple[Label, ...] = ()
    digest: Digest | None = None
    """Digest of the puzzle, instead of a recipe that would reveal the answer."""
    commitment: str | None = None
    """With a digest: the commitment in the puzzle's manifest."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        recipe = self.seed is not None or self.preset is not None or bool(self.spec)
        if self.digest is None and self.seed is None:
            raise ValueError("needs a seed, or the digest of a puzzle that comes with the suite")
        if self.digest is not None and recipe:
            raise ValueError("has a digest, so it can have no seed, preset or spec")
        if self.digest is None and self.commitment is not None:
            raise ValueError("has a commitment without a digest")
        return self


class Scoring(BaseModel):
    """How tables summarise a suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    headline: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Names of the metrics that break ties and have columns, in order; by default the family's headline metrics."""


class SuiteFile(BaseModel):
    """A suite's TOML file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1]
    name: SafeName
    description: str = ""
    family: str | None = None
    """Family of every puzzle that names no family."""
    seeds: Annotated[StrictInt, Field(ge=1, le=1000)] = 1
    """Number of seeds per solver and puzzle."""
    limits: Limits = Limits()
    scoring: Scoring = Scoring()
    puzzle: Annotated[tuple[PuzzleItem, ...], Field(min_length=1, max_length=10_000)]


class LockedPuzzle(BaseModel):
    """The digest of the puzzle that the suite's maker built from one recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: Digest
    recipe: Digest
    """Digest of family, seed and spec, so that the lock does not apply to a changed recipe."""


class Lock(BaseModel):
    """A suite's lock file: JSON, beside the TOML file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    suite: SafeName
    definition: Digest
    """Digest of everything in the TOML file that affects results."""
    generator: str
    versions: dict[str, str]
    """Versions of the libraries that decide the last bits."""
    puzzles: dict[SafeName, LockedPuzzle]
