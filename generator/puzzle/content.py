"""What a puzzle is: public content, a digest over it, and the answer sealed elsewhere.

A puzzle's identity is the SHA-256 of its public content, so two people who hold the
same digest hold the same puzzle. Its name is for people and is not part of the digest.
The manifest never holds the seed: whoever can rerun the generator from the manifest
must not learn the answer. What it does hold of the answer is a salted commitment, so
that a later reveal can be checked and a small puzzle cannot be brute-forced from it.
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
"""Version of the files on disk. A reader refuses any other one."""


class Manifest(BaseModel):
    """Everything public about a puzzle besides its tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    """Version of this schema."""
    family: str = Field(min_length=1)
    """Name of the family that reads, solves and scores the puzzle."""
    name: str = Field(min_length=1)
    """For people; not part of the digest."""
    spec: dict[str, JsonValue]
    """Public part of the recipe: what a solver may know."""
    facts: dict[str, JsonValue] = {}
    """What the family measured when the puzzle was made, and what a solver needs besides tensors."""
    generator: str
    """Program and version that made the puzzle."""
    tensors: dict[str, dict[str, str]]
    """SHA-256 of every tensor, by file (`pieces`, `data`) and name."""
    commitment: str | None = None
    """SHA-256 of a salt and the canonical answer; none where the maker does not know the answer."""
    solution_sha256: str | None = None
    """Bare SHA-256 of a published solution, for puzzles that came from elsewhere."""
    digest: str
    """SHA-256 of all of the above except the name."""


class SealedAnswer(BaseModel):
    """The answer, kept apart from the puzzle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    digest: str
    """The puzzle that this answers."""
    family: str
    name: str
    answer: JsonValue
    salt: str = Field(pattern=r"^([0-9a-f]{2})*$")
    """Hexadecimal; with the answer it opens the manifest's commitment."""
    seed: int | None = None
    """Seed of the whole puzzle; with `spec` it rebuilds the puzzle bit for bit on the same machine."""
    spec: dict[str, JsonValue] = {}
    notes: dict[str, JsonValue] = {}
    """Facts that would give the answer away: per-block profiles, equivalences."""
    tensors: dict[str, str] = {}
    """SHA-256 of every secret tensor, by name; the tensors lie in `<digest>.safetensors` beside this file."""
    _arrays: dict[str, np.ndarray] = PrivateAttr(default_factory=dict)

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The secret tensors by name, the weights of a hidden network say."""
        return self._arrays

    def with_arrays(self, arrays: Mapping[str, np.ndarray]) -> SealedAnswer:
        """Attach the secret tensors, and their digests.

        Raises:
            PuzzleError: if digests are there already and do not agree.
        """
        found = sha256_tensors(arrays)
        if self.tensors and found != self.tensors:
            raise PuzzleError(f"the secret tensors of puzzle {self.name!r} are not those that its answer names")
        sealed = self.model_copy(update={"tensors": found})
        sealed._arrays = dict(arrays)  # noqa: SLF001 - its own class
        return sealed


@dataclass(frozen=True)
class Puzzle:
    """The public part of a puzzle, in memory.

    Attributes:
        manifest: what is known about it.
        pieces: tensors under opaque names.
        data: inputs, predictions, labels.
    """

    manifest: Manifest
    pieces: Mapping[str, np.ndarray]
    data: Mapping[str, np.ndarray]

    @property
    def digest(self) -> str:
        """The puzzle's id."""
        return self.manifest.digest

    def verify(self) -> None:
        """Check that tensors and manifest still are what was digested.

        Raises:
            PuzzleError: naming the first tensor that differs, is missing or is not finite.
        """
        where = f"puzzle {self.manifest.name!r}"
        for part, tensors in (("pieces", self.pieces), ("data", self.data)):
            declared = self.manifest.tensors.get(part, {})
            for name in sorted(declared.keys() ^ tensors.keys()):
                problem = "is missing" if name in declared else "is not in the manifest"
                raise PuzzleError(f"{where}: tensor {name!r} in {part} {problem}; fetch or generate the puzzle again")
            for name, array in tensors.items():
                if array.dtype.kind == "f" and not np.isfinite(array).all():
                    raise PuzzleError(f"{where}: tensor {name!r} in {part} holds NaN or infinity")
            found = sha256_tensors(tensors)
            for name in found:
                if found[name] != declared[name]:
                    raise PuzzleError(f"{where}: tensor {name!r} in {part} is not the one in the manifest")
        if public_digest(self.manifest) != self.manifest.digest:
            raise PuzzleError(f"{where}: the manifest was changed after it was made (its digest does not match)")

    def opens(self, sealed: SealedAnswer) -> None:
        """Check that a sealed answer is the one this puzzle was committed to.

        Raises:
            AnswerError: if it belongs to another puzzle or does not open the commitment.
        """
        if sealed.digest != self.digest:
            raise AnswerError(f"the answer is for puzzle {sealed.digest[:12]}, not for {self.digest[:12]}")
        if self.manifest.commitment is not None and not hmac.compare_digest(
            commitment(sealed.answer, sealed.salt, sealed.tensors), self.manifest.commitment
        ):
            raise AnswerError(f"the answer of puzzle {self.manifest.name!r} does not open its commitment")


def commitment(answer: Any, salt: str, tensors: Mapping[str, str] | None = None) -> str:
    """Commit to an answer: SHA-256 of the salt's bytes followed by the canonical answer.

    Args:
        answer: JSON data.
        salt: hexadecimal.
        tensors: digests of the secret tensors; where there are any, they are committed to with the answer.
    """
    content = {"answer": answer, "tensors": dict(tensors)} if tensors else answer
    return hashlib.sha256(bytes.fromhex(salt) + canonical_json(content).encode()).hexdigest()


def public_digest(manifest: Manifest) -> str:
    """Digest the public content: the manifest without its name and without the digest itself."""
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
    """Bind tensors and facts into a puzzle and compute its digest.

    Tensors are put in the order of their names: the order in which a family made them may be the answer.
    """
    pieces, data = dict(sorted(pieces.items())), dict(sorted(data.items()))
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
