"""Split a network into the public puzzle and the sealed answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from generator.puzzle.canonical import sha256_tensors
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
    arrays: Mapping[str, np.ndarray] | None = None,
    pieces: Mapping[str, np.ndarray],
    data: Mapping[str, np.ndarray],
    spec: dict[str, JsonValue] | None = None,
    facts: dict[str, JsonValue] | None = None,
    notes: dict[str, JsonValue] | None = None,
    warnings: tuple[str, ...] = (),
) -> Made:
    """Split what was made into the public puzzle and the sealed answer, which the puzzle commits to.

    Args:
        family: name of the puzzle's family.
        name: of the puzzle, for people.
        seed: of the whole puzzle. The salt follows from it, so that the same seed gives the same digest.
        answer: JSON data.
        secret: mixed into the salt. It should cost as much to find out as the puzzle itself (the trained weights, say),
            so that the commitment does not confirm a guessed seed cheaply.
        arrays: secret tensors, the weights behind an oracle say; the commitment covers them.
        pieces: public tensors under opaque names.
        data: public inputs, predictions, labels.
        spec: public part of the recipe.
        facts: what a solver needs besides tensors, and what was measured.
        notes: facts that would give the answer away.
        warnings: for the maker's eyes.
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
        commitment=commitment(answer, salt, sha256_tensors(arrays or {})),
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
    ).with_arrays(arrays or {})
    return Made(puzzle, sealed, warnings)
