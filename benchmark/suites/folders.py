"""Recognise folders of puzzles and their sealed answers, as `netjigsaw generate --count` writes them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from generator.errors import StorageError
from generator.puzzle.storage import MANIFEST, TENSOR_FILES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "WHAT_IS_A_PUZZLE",
    "content_in_words",
    "holds_answers",
    "holds_results",
    "is_puzzle",
    "natural_order",
    "puzzles_at",
]

WHAT_IS_A_PUZZLE = f"a puzzle is a folder with {MANIFEST}, as netjigsaw generate writes it"

_PUZZLE_FILES = {MANIFEST, *(f"{part}.safetensors" for part in TENSOR_FILES)}
_SEALED = re.compile(r"[0-9a-f]{64}\.json")

MOST_NAMES = 5
"""Most entries of a folder that an error names. A larger value makes the error longer. Hand-set."""


def is_puzzle(folder: Path) -> bool:
    """Tell whether a folder is a puzzle's; its files are not read."""
    return (folder / MANIFEST).is_file()


def puzzles_at(path: Path) -> list[Path]:
    """List the puzzles that a path stands for, in natural order; empty if there are none.

    A puzzle's folder stands for itself, and so does each of its files, since a shell's pattern may name them. Any other
    folder stands for the puzzles directly inside it.

    Raises:
        StorageError: if the folder cannot be read.
    """
    if is_puzzle(path):
        return [path]
    if path.name in _PUZZLE_FILES and is_puzzle(path.parent):
        return [path.parent]
    return [entry for entry in _entries(path) if is_puzzle(entry)]


def holds_answers(folder: Path) -> bool:
    """Tell whether a folder holds sealed answers, by the names of its files.

    Raises:
        StorageError: if the folder cannot be read.
    """
    return folder.is_dir() and any(_SEALED.fullmatch(name) for name in _names(folder))


def holds_results(folder: Path) -> bool:
    """Tell whether a folder is a result store, by the names of its files."""
    return folder.is_dir() and any(folder.glob("rows-*.jsonl"))


def content_in_words(folder: Path) -> str:
    """List the first entries of a folder by name."""
    names = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in _entries(folder)]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more if names else "nothing"


def natural_order(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort key of a path's name that compares digits as numbers, so that `tiny-2` comes before `tiny-10`."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name)
    return (*((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts), (0, -1, path.name))


def _entries(folder: Path) -> list[Path]:
    """List what a folder holds, without hidden entries such as puzzles that are being written."""
    names = _names(folder) if folder.is_dir() else []
    return sorted((folder / name for name in names if not name.startswith(".")), key=natural_order)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - `iterdir` makes a path of each of possibly many entries
    except OSError as error:
        raise StorageError(f"cannot read {folder}: {error.strerror or error}") from error
