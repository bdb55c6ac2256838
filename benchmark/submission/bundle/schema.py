"""The schema of a bundle's manifest, `bundle.json`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StrictInt, StringConstraints

from benchmark.results.trial import Limits  # noqa: TC001 - pydantic reads the annotation

__all__ = ["Author", "BundleManifest", "BundledPuzzle", "BundledSolver", "BundledSuite", "Notes", "is_line"]

LONGEST_LINE = 500


def is_line(text: str) -> bool:
    """Check that foreign text is safe to print: one printable line of at most `LONGEST_LINE` characters."""
    return text.isprintable() and len(text) <= LONGEST_LINE


def _line(text: str) -> str:
    if not is_line(text):
        raise ValueError(f"is not one printable line of at most {LONGEST_LINE} characters")
    return text


def _paragraphs(text: str) -> str:
    if not all(line.isprintable() for line in text.split("\n")):
        raise ValueError("holds characters that cannot be printed")
    return text


Line = Annotated[str, AfterValidator(_line)]
Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]
Author = Annotated[str, StringConstraints(strict=True, pattern=r"^[^\W_][\w .-]{0,63}$", strip_whitespace=True)]
"""Letters of any script, digits, spaces, dots, dashes and underscores. Tables show the author before the solver's name.
"""
Notes = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_paragraphs)]


class BundledSolver(BaseModel):
    """The solver of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Line
    """Name with parameters, equal to the name in rows."""
    name: Line
    """Name without parameters; for a solver in a file, `file.py:Name` without the folder."""
    parameters: dict[Line, JsonValue] = {}
    sources: dict[Line, Line]
    """Digest of the source, by family of the puzzles; empty for a family on which the solver was skipped."""

    @property
    def is_file(self) -> bool:
        """Whether the solver is an object in a file, not a registered solver."""
        return ".py:" in self.name


class BundledPuzzle(BaseModel):
    """A puzzle of the suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    family: Line
    digest: Digest
    answered: bool
    """Whether the rows were scored with the sealed answer; without the answer, only predictions were compared."""


class BundledSuite(BaseModel):
    """The suite of a bundle, in enough detail to name every difference."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    digest: Digest
    seeds: Annotated[StrictInt, Field(ge=1, le=1000)]
    limits: Limits
    puzzles: Annotated[tuple[BundledPuzzle, ...], Field(min_length=1, max_length=10_000)]


class BundleManifest(BaseModel):
    """The manifest: author, solver, suite, and the digest of every other file in the bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    protocol: StrictInt
    """Version of how trials are run and timed."""
    program: Line
    """Version of netjigsaw that wrote the bundle."""
    author: Author | None = None
    notes: Notes = ""
    suite: BundledSuite
    solver: BundledSolver
    files: dict[Line, Digest]
    """SHA-256 of every other file, by name."""
