"""Split a network into the public puzzle and the sealed answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from generator.puzzle.content import Puzzle, SealedAnswer, commitment, make_puzzle
from generator.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from pydantic import JsonValue

__all__ = ["Made", "Progress", "fresh_seed", "seal", "silent"]


class Progress(Protocol):
    """Called now and then while a puzzle is being made."""

    def __call__(self, step: int, steps: int, loss: float) -> None:
        """Say that `step` of `steps` is done at this training loss."""


def silent(step: int, steps: int, loss: float) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Made:
    """A new puzzle and its answer, still together; `warnings` are for the maker's eyes."""

    puzzle: Puzzle
    sealed: SealedAnswer
    warnings: tuple[str, ...] = ()


def fresh_seed() -> int:
    """Take a seed from the operating system's entropy; 53 bits, so that JSON keeps it exactly."""
    return secrets.randbits(53)


def seal(
    *,
    family: str,
    name: str,
    seed: int,
    answer: JsonValue,
    secret: str = "",
    pieces: Mapping[str, np.ndarray],
    data: Mapping[str, np.ndarray],
    spec: dict[str, JsonValue] | None = None,
    facts: dict[str, JsonValue] | None = None,
    notes: dict[str, JsonValue] | None = None,
    warnings: tuple[str, ...] = (),
) -> Made:
    """Part a puzzle from its answer: commit to the answer, digest the rest.

    The salt follows from the seed, so that the same seed gives the same digest. `secret` is
    mixed in: what costs as much to find out as the puzzle itself, the trained weights say, so
    that the commitment does not confirm a guessed seed cheaply.
    """
    salt = sha256(f"netjigsaw salt {family} {seed} {secret}".encode()).hexdigest()
    puzzle = make_puzzle(
        family=family,
        name=name,
        spec=spec or {},
        facts=facts or {},
        generator=f"netjigsaw {__version__}",
        pieces=pieces,
        data=data,
        commitment=commitment(answer, salt),
    )
    sealed = SealedAnswer(
        digest=puzzle.digest,
        family=family,
        name=name,
        answer=answer,
        salt=salt,
        seed=seed,
        spec=spec or {},
        notes=notes or {},
    )
    return Made(puzzle, sealed, warnings)
