"""Puzzles and sealed answers on disk. Writers are all-or-nothing; readers trust nothing.

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

from generator.errors import PuzzleError, StorageError
from generator.puzzle.canonical import canonical_json
from generator.puzzle.content import FORMAT, Manifest, Puzzle, SealedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "DEFAULT_ANSWERS",
    "LoadedPuzzle",
    "answers_beside",
    "find_answer",
    "first_fault",
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
"""Name of the folder, beside the puzzle's, where sealed answers go unless told otherwise."""


@dataclass(frozen=True, eq=False)
class LoadedPuzzle:
    """A puzzle and, where it is known, its answer; the answer stays in the parent.

    Attributes:
        puzzle: its public part.
        sealed: what scoring compares with.
        path: the folder it came from.
    """

    puzzle: Puzzle
    sealed: SealedAnswer | None = None
    path: Path | None = None


def answers_beside(puzzle_folder: Path) -> Path:
    """Name the default home of a puzzle's sealed answer: `answers/` next to the puzzle's folder."""
    return puzzle_folder.resolve().parent / DEFAULT_ANSWERS


@contextlib.contextmanager
def writing_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a scratch folder that becomes `target` only if the block succeeds.

    Raises:
        StorageError: if `target` exists (unless `replace`), or the disk refuses.
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
    """Give a scratch file that replaces `target` only if the block succeeds.

    Raises:
        StorageError: if the disk refuses.
    """
    scratch = target.parent / f".{target.name}-{os.getpid()}.part"
    try:
        with _disk(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield scratch
            scratch.replace(target)
    finally:
        with contextlib.suppress(OSError):  # the error that led here says more
            scratch.unlink(missing_ok=True)


def save_puzzle(puzzle: Puzzle, folder: Path, *, replace: bool = False) -> None:
    """Write a puzzle's folder, all of it or nothing.

    Raises:
        StorageError: if the folder exists (unless `replace`) or cannot be written.
    """
    with writing_folder(folder, replace=replace) as scratch:
        _save_tensors(puzzle.pieces, scratch / "pieces.safetensors")
        _save_tensors(puzzle.data, scratch / "data.safetensors")
        text = json.dumps(puzzle.manifest.model_dump(mode="json"), indent=2, allow_nan=False)
        (scratch / MANIFEST).write_text(text + "\n", encoding="utf-8")


def load_puzzle(folder: Path) -> Puzzle:
    """Read and verify a puzzle's folder.

    Raises:
        StorageError: if a file is missing or cannot be read.
        PuzzleError: if what it holds is not what was digested.
    """
    manifest = read_model(Manifest, folder / MANIFEST, kind="puzzle")
    tensors = {part: _load_tensors(folder / f"{part}.safetensors") for part in TENSOR_FILES}
    puzzle = Puzzle(manifest, tensors["pieces"], tensors["data"])
    puzzle.verify()
    return puzzle


def save_answer(sealed: SealedAnswer, answers: Path) -> Path:
    """Write a sealed answer under its puzzle's digest and return where it lies.

    Raises:
        StorageError: if the folder cannot be written.
    """
    target = answers / f"{sealed.digest}.json"
    if sealed.arrays:  # before the answer itself: an answer without its tensors would be damaged
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
        StorageError: if there is none.
        PuzzleError: if a file is damaged, or its tensors are not those that the answer names.
    """
    path = answers / f"{digest}.json"
    sealed = read_model(SealedAnswer, path, kind="sealed answer")
    return sealed.with_arrays(_load_tensors(path.with_suffix(".safetensors"))) if sealed.tensors else sealed


def remove_answer(digest: str, answers: Path) -> None:
    """Remove a sealed answer with its tensors, if it is there."""
    for suffix in (".json", ".safetensors"):
        (answers / f"{digest}{suffix}").unlink(missing_ok=True)


def find_answer(puzzle: Puzzle, answers: Path) -> SealedAnswer | None:
    """Read and check the sealed answer of a puzzle, or say None where there is no such file.

    Raises:
        AnswerError: if it does not open the puzzle's commitment.
        PuzzleError: if the file is damaged.
    """
    if not (answers / f"{puzzle.digest}.json").exists():
        return None
    sealed = load_answer(puzzle.digest, answers)
    puzzle.opens(sealed)
    return sealed


def load_with_answer(folder: Path, answers: Path | None = None) -> LoadedPuzzle:
    """Read a puzzle's folder, and its answer where there is one.

    Raises:
        StorageError: if a file is missing or cannot be read.
        PuzzleError: if what it holds is damaged.
        AnswerError: if the answer does not open the puzzle's commitment.
    """
    puzzle = load_puzzle(folder)
    return LoadedPuzzle(puzzle, find_answer(puzzle, answers or answers_beside(folder)), folder)


def read_model(schema: type[Model], path: Path, *, kind: str) -> Model:
    """Read one JSON file through its schema; every fault is one line that names the file.

    Raises:
        StorageError: if the file is missing or unreadable.
        PuzzleError: if it is not JSON, of another format version, or does not fit the schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StorageError(f"no {kind} at {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"cannot read {path}: {_reason(error)}") from error
    try:
        value = json.loads(text)
        canonical_json(value)  # refuses NaN and infinity, which Python's reader lets pass
    except (ValueError, RecursionError) as error:
        raise PuzzleError(f"{path} is not JSON ({error}); the file may be damaged or truncated") from None
    _check_format(value, path)
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        raise PuzzleError(f"{path}: {first_fault(error)}") from None


def first_fault(error: ValidationError) -> str:
    """Say the first fault of a validation error in one line."""
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown field {where!r}"
    text = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {text}" if fault["loc"] else text


def _check_format(value: Any, path: Path) -> None:
    if not isinstance(value, dict):
        raise PuzzleError(f"{path} does not hold a JSON object")
    if value.get("format") != FORMAT:
        raise PuzzleError(f"{path} has format version {value.get('format')!r}; this netjigsaw reads version {FORMAT}")


def _save_tensors(tensors: Mapping[str, np.ndarray], path: Path) -> None:
    # safetensors writes memory as it lies: another order than C would come back as other numbers. And its
    # `save_file` would leave a file that only its owner may read.
    path.write_bytes(save({name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}))


def _load_tensors(path: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(path)
    except FileNotFoundError:
        raise StorageError(f"{path} is missing") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {_reason(error)}") from error
    except (SafetensorError, KeyError, TypeError) as error:
        raise PuzzleError(f"{path} is damaged or truncated ({error})") from None


@contextlib.contextmanager
def _disk(target: Path) -> Iterator[None]:
    """Turn what the disk refuses into one clear line."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise StorageError(f"cannot write {target}: {_reason(error)}; nothing was kept") from error


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
