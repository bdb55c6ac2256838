"""Read and write puzzles and sealed answers. A writer writes everything or nothing; a reader checks every file.

<puzzle>/manifest.json        schema `Manifest`
<puzzle>/pieces.safetensors   tensors under opaque names
<puzzle>/data.safetensors     inputs, predictions, labels
<answers>/<digest>.json       schema `SealedAnswer`, never inside the puzzle's folder
<answers>/<digest>.safetensors  the answer's secret tensors, where it has any
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from generator.errors import PuzzleError, StorageError, first_fault
from generator.puzzle.canonical import canonical_json
from generator.puzzle.content import FORMAT, Manifest, Puzzle, SealedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "DEFAULT_ANSWERS",
    "LoadedPuzzle",
    "answers_beside",
    "find_answer",
    "load_answer",
    "load_puzzle",
    "load_with_answer",
    "read_model",
    "remove_answer",
    "save_answer",
    "save_puzzle",
    "writing_file",
    "writing_folder",
]

Model = TypeVar("Model", bound=BaseModel)

MANIFEST = "manifest.json"
TENSOR_FILES = ("pieces", "data")
DEFAULT_ANSWERS = "answers"
"""Default name of the folder of sealed answers, beside the puzzle's folder."""


@dataclass(frozen=True, eq=False)
class LoadedPuzzle:
    """A puzzle and its sealed answer. The answer is never sent to a solver.

    Attributes:
        puzzle: the public part.
        sealed: the answer that scoring compares with; None where it is not known.
        path: the folder of the puzzle.
    """

    puzzle: Puzzle
    sealed: SealedAnswer | None = None
    path: Path | None = None


def answers_beside(puzzle_folder: Path) -> Path:
    """Return the default folder of a puzzle's sealed answer: `answers/` beside the puzzle's folder."""
    return puzzle_folder.resolve().parent / DEFAULT_ANSWERS


@contextlib.contextmanager
def writing_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield a scratch folder that is renamed to `target` only if the block succeeds.

    Raises:
        StorageError: if `target` exists (unless `replace`), or cannot be written.
    """
    if target.exists() and not replace:
        raise StorageError(f"{target} exists already; choose another folder or remove it first")
    scratch: Path | None = None
    try:
        with _disk(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
            scratch.chmod(0o755)
            yield scratch
            if target.exists():
                shutil.rmtree(target)
            scratch.rename(target)
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def writing_file(target: Path) -> Iterator[Path]:
    """Yield the path of a scratch file that replaces `target` only if the block succeeds.

    Raises:
        StorageError: if `target` cannot be written.
    """
    scratch = target.parent / f".{target.name}-{os.getpid()}.part"
    try:
        with _disk(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield scratch
            scratch.replace(target)
    finally:
        with contextlib.suppress(OSError):  # the first error is the useful one
            scratch.unlink(missing_ok=True)


def save_puzzle(puzzle: Puzzle, folder: Path, *, replace: bool = False) -> None:
    """Write a puzzle's folder completely, or not at all.

    Raises:
        StorageError: if the folder exists (unless `replace`) or cannot be written.
    """
    with writing_folder(folder, replace=replace) as scratch:
        _save_tensors(puzzle.pieces, scratch / "pieces.safetensors")
        _save_tensors(puzzle.data, scratch / "data.safetensors")
        text = json.dumps(puzzle.manifest.model_dump(mode="json"), indent=2, allow_nan=False)
        (scratch / MANIFEST).write_text(text + "\n", encoding="utf-8")


def load_puzzle(folder: Path) -> Puzzle:
    """Read a puzzle's folder and check the digests.

    Raises:
        StorageError: if a file is missing or cannot be read.
        PuzzleError: if a file is damaged or does not match its digest.
    """
    manifest = read_model(Manifest, folder / MANIFEST, kind="puzzle")
    tensors = {part: _load_tensors(folder / f"{part}.safetensors") for part in TENSOR_FILES}
    puzzle = Puzzle(manifest, tensors["pieces"], tensors["data"])
    puzzle.verify()
    return puzzle


def save_answer(sealed: SealedAnswer, answers: Path) -> Path:
    """Write a sealed answer, named by the digest of its puzzle, and return its path.

    Raises:
        StorageError: if the folder cannot be written.
    """
    target = answers / f"{sealed.digest}.json"
    if sealed.arrays:  # first, because an answer without its tensors is damaged
        with writing_file(target.with_suffix(".safetensors")) as scratch:
            scratch.touch(mode=0o600)
            _save_tensors(sealed.arrays, scratch)
    with writing_file(target) as scratch:
        scratch.touch(mode=0o600)
        scratch.write_text(sealed.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return target


def load_answer(digest: str, answers: Path) -> SealedAnswer:
    """Read the sealed answer of a puzzle.

    Raises:
        StorageError: if there is no such file.
        PuzzleError: if a file is damaged, or the tensors differ from the digests in the answer.
    """
    path = answers / f"{digest}.json"
    sealed = read_model(SealedAnswer, path, kind="sealed answer")
    return sealed.with_arrays(_load_tensors(path.with_suffix(".safetensors"))) if sealed.tensors else sealed


def remove_answer(digest: str, answers: Path) -> None:
    """Remove a sealed answer and its tensors, if they exist."""
    for suffix in (".json", ".safetensors"):
        (answers / f"{digest}{suffix}").unlink(missing_ok=True)


def find_answer(puzzle: Puzzle, answers: Path) -> SealedAnswer | None:
    """Read and check the sealed answer of a puzzle; return None where there is no such file.

    Raises:
        AnswerError: if the answer does not open the puzzle's commitment.
        PuzzleError: if the file is damaged.
    """
    if not (answers / f"{puzzle.digest}.json").exists():
        return None
    sealed = load_answer(puzzle.digest, answers)
    puzzle.opens(sealed)
    return sealed


def load_with_answer(folder: Path, answers: Path | None = None) -> LoadedPuzzle:
    """Read a puzzle's folder, and its sealed answer if there is one.

    Raises:
        StorageError: if a file is missing or cannot be read.
        PuzzleError: if a file is damaged.
        AnswerError: if the answer does not open the puzzle's commitment.
    """
    puzzle = load_puzzle(folder)
    return LoadedPuzzle(puzzle, find_answer(puzzle, answers or answers_beside(folder)), folder)


def read_model(schema: type[Model], path: Path, *, kind: str) -> Model:
    """Read a JSON file and validate it with its schema. Every error is one line that names the file.

    Raises:
        StorageError: if the file is missing or cannot be read.
        PuzzleError: if the file is not JSON, has another format version, or does not fit the schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StorageError(f"no {kind} at {path}; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"cannot read {path}: {_reason(error)}") from error
    try:
        value = json.loads(text)
        canonical_json(value)  # refuses NaN and infinity, which `json.loads` accepts
    except (ValueError, RecursionError) as error:
        raise PuzzleError(f"{path} is not JSON ({error}); the file may be damaged or truncated") from None
    _check_format(value, path)
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        raise PuzzleError(f"{path}: {first_fault(error)}") from None


def _check_format(value: Any, path: Path) -> None:
    if not isinstance(value, dict):
        raise PuzzleError(f"{path} does not hold a JSON object; copy or generate the file again")
    if value.get("format") != FORMAT:
        raise PuzzleError(f"{path} has format version {value.get('format')!r}; this netjigsaw reads version {FORMAT}")


def _save_tensors(tensors: Mapping[str, np.ndarray], path: Path) -> None:
    # safetensors writes the bytes in memory order, so an array in another order than C would be read back with other
    # numbers. `save_file` is not used, because only the owner could read the file that it writes.
    path.write_bytes(save({name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}))


def _load_tensors(path: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(path)
    except FileNotFoundError:
        raise StorageError(f"{path} is missing; copy or generate the file again") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {_reason(error)}") from error
    except (SafetensorError, KeyError, TypeError) as error:
        raise PuzzleError(f"{path} is damaged or truncated ({error}); copy or generate the file again") from None


@contextlib.contextmanager
def _disk(target: Path) -> Iterator[None]:
    """Report a failed write as a StorageError with one line."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise StorageError(f"cannot write {target}: {_reason(error)}; nothing was kept") from error


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
