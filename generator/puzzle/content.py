"""The content of a puzzle: the public part with its digest, and the sealed answer in a separate file.

The digest of a puzzle is the SHA-256 of its public content: equal digests mean equal puzzles.
The name of a puzzle is not part of the digest. The manifest does not hold the seed, because
rerunning the generator with the seed would give the answer. The manifest holds a salted
commitment to the answer. A revealed answer can be checked against it, and the salt prevents
a brute-force search over the answers of a small puzzle.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr

from generator.errors import AnswerError, PuzzleError
from generator.puzzle.canonical import canonical_json, sha256_json, sha256_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMAT", "Manifest", "Puzzle", "SealedAnswer", "commitment", "make_puzzle", "public_digest"]

FORMAT = 1
"""Version of the file format. Readers refuse every other version."""


class Manifest(BaseModel):
    """The public data of a puzzle, except its tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    """Version of this schema."""
    family: str = Field(min_length=1)
    """Name of the family that reads, solves and scores the puzzle."""
    name: str = Field(min_length=1)
    """Name for display; not part of the digest."""
    spec: dict[str, JsonValue]
    """Public part of the recipe: what a solver may know."""
    facts: dict[str, JsonValue] = {}
    """Values that the family measured when it made the puzzle, and other values that a solver needs."""
    generator: str
    """Program and version that made the puzzle."""
    tensors: dict[str, dict[str, str]]
    """SHA-256 of every tensor, by file (`pieces`, `data`) and name."""
    commitment: str | None = None
    """SHA-256 of a salt and the canonical answer; None where the maker does not know the answer."""
    solution_sha256: str | None = None
    """SHA-256 of the published solution without a salt, for puzzles from other sources."""
    digest: str
    """SHA-256 of all fields above except the name."""


class SealedAnswer(BaseModel):
    """The answer of a puzzle, stored in a separate file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    digest: str
    """Digest of the puzzle."""
    family: str
    name: str
    answer: JsonValue
    salt: str = Field(pattern=r"^([0-9a-f]{2})*$")
    """Salt of the manifest's commitment, in hexadecimal."""
    seed: int | None = None
    """Seed of the puzzle; seed and `spec` rebuild the puzzle bit for bit on the same machine."""
    spec: dict[str, JsonValue] = {}
    notes: dict[str, JsonValue] = {}
    """Values that would reveal the answer, e.g. profiles per block and equivalent orders."""
    tensors: dict[str, str] = {}
    """SHA-256 of every secret tensor, by name; `<digest>.safetensors` beside this file holds the tensors."""
    _arrays: dict[str, np.ndarray] = PrivateAttr(default_factory=dict)

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The secret tensors by name, e.g. the weights of a hidden network."""
        return self._arrays

    def with_arrays(self, arrays: Mapping[str, np.ndarray]) -> SealedAnswer:
        """Attach the secret tensors and their digests.

        Raises:
            PuzzleError: if the answer already holds digests that differ.
        """
        found = sha256_tensors(arrays)
        if self.tensors and found != self.tensors:
            raise PuzzleError(
                f"puzzle {self.name!r}: the secret tensors differ from the digests in its answer; copy both again"
            )
        sealed = self.model_copy(update={"tensors": found})
        sealed._arrays = dict(arrays)  # noqa: SLF001 - its own class
        return sealed


@dataclass(frozen=True)
class Puzzle:
    """The public part of a puzzle, in memory.

    Attributes:
        manifest: the public data of the puzzle.
        pieces: tensors under opaque names.
        data: inputs, predictions, labels.
    """

    manifest: Manifest
    pieces: Mapping[str, np.ndarray]
    data: Mapping[str, np.ndarray]

    @property
    def digest(self) -> str:
        """SHA-256 that identifies the puzzle."""
        return self.manifest.digest

    def verify(self) -> None:
        """Check the tensors and the manifest against their digests.

        Raises:
            PuzzleError: if a tensor differs, is missing, is unknown or is not finite, or the manifest was changed. The
                message names the tensor.
        """
        where, remedy = f"puzzle {self.manifest.name!r}", "fetch or generate the puzzle again"
        for part, tensors in (("pieces", self.pieces), ("data", self.data)):
            declared = self.manifest.tensors.get(part, {})
            for name in sorted(declared.keys() ^ tensors.keys()):
                problem = "is missing" if name in declared else "is not in the manifest"
                raise PuzzleError(f"{where}: tensor {name!r} in {part} {problem}; {remedy}")
            for name, array in tensors.items():
                if array.dtype.kind == "f" and not np.isfinite(array).all():
                    raise PuzzleError(f"{where}: tensor {name!r} in {part} holds NaN or infinity; {remedy}")
            found = sha256_tensors(tensors)
            for name in found:
                if found[name] != declared[name]:
                    raise PuzzleError(f"{where}: tensor {name!r} in {part} is not the one in the manifest; {remedy}")
        if public_digest(self.manifest) != self.manifest.digest:
            raise PuzzleError(
                f"{where}: the manifest was changed after it was made (its digest does not match); {remedy}"
            )

    def opens(self, sealed: SealedAnswer) -> None:
        """Check a sealed answer against the commitment of this puzzle.

        Raises:
            AnswerError: if the answer belongs to another puzzle or does not open the commitment.
        """
        if sealed.digest != self.digest:
            raise AnswerError(
                f"the answer is for puzzle {sealed.digest[:12]}, not for {self.digest[:12]}; use its own answer"
            )
        if self.manifest.commitment is not None and not hmac.compare_digest(
            commitment(sealed.answer, sealed.salt, sealed.tensors), self.manifest.commitment
        ):
            raise AnswerError(
                f"the answer of puzzle {self.manifest.name!r} does not open its commitment; use the original answer"
            )


def commitment(answer: Any, salt: str, tensors: Mapping[str, str] | None = None) -> str:
    """Return the commitment to an answer: SHA-256 of the bytes of the salt followed by the canonical answer.

    Args:
        answer: JSON data.
        salt: bytes in hexadecimal.
        tensors: digests of the secret tensors. If there are any, the commitment covers them together with the answer.
    """
    content = {"answer": answer, "tensors": dict(tensors)} if tensors else answer
    return hashlib.sha256(bytes.fromhex(salt) + canonical_json(content).encode()).hexdigest()


def public_digest(manifest: Manifest) -> str:
    """Return the SHA-256 of the manifest without its name and its digest."""
    return sha256_json(manifest.model_dump(mode="json", exclude={"name", "digest"}))


def make_puzzle(
    *,
    family: str,
    name: str,
    spec: dict[str, JsonValue],
    facts: dict[str, JsonValue],
    generator: str,
    pieces: Mapping[str, np.ndarray],
    data: Mapping[str, np.ndarray],
    commitment: str | None = None,
    solution_sha256: str | None = None,
) -> Puzzle:
    """Make a puzzle from tensors and facts, and compute its digest.

    Tensors are sorted by name, because the order in which a family made them may reveal the answer. They are stored row
    by row, so that a copy of their bytes is the same tensor.
    """
    pieces, data = _in_row_order(pieces), _in_row_order(data)
    draft = Manifest(
        family=family,
        name=name,
        spec=spec,
        facts=facts,
        generator=generator,
        tensors={"pieces": sha256_tensors(pieces), "data": sha256_tensors(data)},
        commitment=commitment,
        solution_sha256=solution_sha256,
        digest="",
    )
    return Puzzle(draft.model_copy(update={"digest": public_digest(draft)}), pieces, data)


def _in_row_order(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Sort tensors by name, and store each one row by row (C order)."""
    return {name: np.asarray(tensors[name], order="C") for name in sorted(tensors)}
