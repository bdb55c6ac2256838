"""Split a network into the public puzzle and the sealed answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from generator.puzzle.canonical import sha256_tensors
from generator.puzzle.content import Puzzle, SealedAnswer, commitment, make_puzzle, public_digest
from generator.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from pydantic import JsonValue

__all__ = ["Made", "Progress", "fresh_seed", "seal", "seal_imported", "silent"]


class Progress(Protocol):
    """A function that the generator calls regularly to report progress."""

    def __call__(self, step: int, steps: int, loss: float) -> None:
        """Report that `step` of `steps` is done, with the current training loss."""


def silent(step: int, steps: int, loss: float) -> None:
    """Ignore the progress."""


@dataclass(frozen=True)
class Made:
    """A new puzzle with its sealed answer; `warnings` are shown only to the maker of the puzzle."""

    puzzle: Puzzle
    sealed: SealedAnswer
    warnings: tuple[str, ...] = ()


def fresh_seed() -> int:
    """Return a random seed from the operating system. It has 53 bits, so that JSON stores it exactly."""
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
    """Split a network into the public puzzle and the sealed answer; the puzzle holds a commitment to the answer.

    Args:
        family: name of the puzzle's family.
        name: name of the puzzle for display.
        seed: seed of the puzzle. The salt is computed from it, so that the same seed gives the same digest.
        answer: JSON data.
        secret: text that enters the salt. It should be as expensive to compute as the puzzle itself, e.g. a digest of
            the trained weights. Otherwise the commitment would be a cheap test of a guessed seed.
        arrays: secret tensors, e.g. the weights behind an oracle; the commitment covers them.
        pieces: public tensors under opaque names.
        data: public inputs, predictions, labels.
        spec: public part of the recipe.
        facts: measured values, and other values that a solver needs.
        notes: values that would reveal the answer.
        warnings: messages that are shown only to the maker of the puzzle.
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
    )
    return _seal(puzzle, answer, salt, seed=seed, arrays=arrays, notes=notes, warnings=warnings)


def seal_imported(
    puzzle: Puzzle,
    answer: JsonValue,
    warnings: tuple[str, ...] = (),
    *,
    arrays: Mapping[str, np.ndarray] | None = None,
    notes: dict[str, JsonValue] | None = None,
) -> Made:
    """Seal the answer of a puzzle that was imported, so it has no seed. The salt is from the operating system.

    Args:
        puzzle: the puzzle without a commitment.
        answer: JSON data.
        warnings: messages that are shown only to the importer of the puzzle.
        arrays: secret tensors, which the commitment covers.
        notes: values that would reveal the answer.
    """
    return _seal(puzzle, answer, secrets.token_hex(32), arrays=arrays, notes=notes, warnings=warnings)


def _seal(
    puzzle: Puzzle,
    answer: JsonValue,
    salt: str,
    *,
    seed: int | None = None,
    arrays: Mapping[str, np.ndarray] | None = None,
    notes: dict[str, JsonValue] | None = None,
    warnings: tuple[str, ...] = (),
) -> Made:
    """Add the commitment to a puzzle, and write the sealed answer."""
    arrays = arrays or {}
    committed = commitment(answer, salt, sha256_tensors(arrays))
    draft = puzzle.manifest.model_copy(update={"commitment": committed})
    manifest = draft.model_copy(update={"digest": public_digest(draft)})
    sealed = SealedAnswer(
        digest=manifest.digest,
        family=manifest.family,
        name=manifest.name,
        answer=answer,
        salt=salt,
        seed=seed,
        spec=manifest.spec,
        notes=notes or {},
    ).with_arrays(arrays)
    return Made(replace(puzzle, manifest=manifest), sealed, warnings)
