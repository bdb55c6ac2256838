"""Find the pieces and the table in a folder, as people unpack, copy and rename them."""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import LayoutError, StorageError
from generator.files.recognise import KINDS, content_of
from generator.reassembly.layout.reading.litter import is_litter
from generator.reassembly.layout.reading.network import NETWORK_FILES, refuse_network
from generator.reassembly.layout.reading.numbering import PIECE, PIECES, number_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = [
    "CSV",
    "NESTED",
    "PIECES",
    "PublishedFiles",
    "entries",
    "find_files",
    "find_table",
    "folders_of_pieces",
    "saved_files",
]

NESTED = "historical_data_and_pieces"
"""Name of the folder that may hold both parts."""
CSV = "historical_data.csv"

TABLE = re.compile(r".+\.(?:csv|tsv|csv\.gz|tsv\.gz|parquet|feather|xlsx?)", re.IGNORECASE)

SEARCHED_DEPTH = 3
"""Levels of folders that are searched for pieces outside of `pieces/`. A larger value searches deeper. Hand-set."""
SEARCHED_FOLDERS = 2000
"""Folders after which the search ends, in case a user gave a home folder. A larger value searches more. Hand-set."""


@dataclass(frozen=True)
class PublishedFiles:
    """The files of the published layout.

    Attributes:
        root: folder with the table and, where there is one, `roles.json`.
        pieces: file of each number.
        table: file of inputs, predictions and labels.
    """

    root: Path
    pieces: Mapping[int, Path]
    table: Path


def find_files(folder: Path, remark: Callable[[str], None]) -> PublishedFiles:
    """Find pieces and table.

    Args:
        folder: the folder that the user gave.
        remark: is called with each deviation that does not prevent the import.

    Raises:
        StorageError: if a part is missing.
        LayoutError: if a file may or may not be a piece, or a number is missing or used twice.
    """
    if folder.is_file():
        raise _no_folder(folder)
    if not folder.is_dir():
        raise StorageError(f"no folder at {folder}")
    directory = _pieces_folder(folder)
    root = directory.parent if directory.name.lower() == PIECES else directory
    if directory not in {folder / PIECES, folder / NESTED / PIECES}:
        remark(f"the pieces lie in {directory}")
    table = find_table(root, (directory, folder), remark)
    return PublishedFiles(root, number_pieces(directory, entries(directory), table, remark), table)


def _no_folder(path: Path) -> LayoutError:
    kind = content_of(path)
    if kind in {"zip", "gzip", "tar", "bzip2", "xz", "7z", "rar", "zstandard", "cut zip"}:
        name, advice = KINDS[kind]
        after = "" if kind == "cut zip" else " and give the folder that it holds"
        return LayoutError(f"{path} is {name}, not a folder; {advice}{after}")
    if kind in {"torch", "pickle", "safetensors", "torchscript"}:
        return refuse_network(path)
    return LayoutError(f"{path} is a file; give the folder with {PIECES}/ and {CSV}")


def folders_of_pieces(folder: Path) -> list[Path]:
    """List the folders that hold pieces: a published one if it holds pieces, else all folders at or below `folder`."""
    for directory in (folder / PIECES, folder / NESTED / PIECES):
        if directory.is_dir() and _holds_pieces(directory):
            return [directory]
    return [directory for directory in _folders(folder) if _holds_pieces(directory)]


def _pieces_folder(folder: Path) -> Path:
    """Find the one folder that holds pieces."""
    holding = folders_of_pieces(folder)
    if not holding:
        raise _no_pieces(folder)
    if len(holding) > 1:
        listed = ", ".join(map(str, holding[:4])) + (", ..." if len(holding) > 4 else "")
        raise LayoutError(f"{folder} holds pieces in {len(holding)} folders ({listed}); give one of them")
    return holding[0]


def _holds_pieces(folder: Path) -> bool:
    return any(PIECE.fullmatch(path.name) for path in entries(folder))


def _folders(folder: Path) -> list[Path]:
    """List a folder and those below it, without litter, to a bounded depth and number."""

    def walk(directory: Path, depth: int) -> Iterator[Path]:
        yield directory
        if depth < SEARCHED_DEPTH:
            for path in entries(directory):
                if path.is_dir() and os.access(path, os.R_OK | os.X_OK) and not (path.is_symlink() or is_litter(path)):
                    yield from walk(path, depth + 1)

    return list(itertools.islice(walk(folder, 0), SEARCHED_FOLDERS))


def entries(folder: Path) -> list[Path]:
    """List a folder by name.

    Raises:
        StorageError: if it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise StorageError(f"cannot read {folder}: {error.strerror or error}") from error


def _no_pieces(folder: Path) -> Exception:
    """Say what a folder holds instead of pieces."""
    standard = [directory for directory in (folder / PIECES, folder / NESTED / PIECES) if directory.is_dir()]
    directory = standard[0] if standard else folder
    found = [path for path in entries(directory) if path.is_file() and not is_litter(path)]
    names = {path.name for path in found}
    if {"manifest.json", "pieces.safetensors"} <= names:
        return LayoutError(
            f"{folder} is a puzzle of netjigsaw already; solve it: netjigsaw solve {folder} --solver flagship"
        )
    packed = [path for path in found if path.suffix.lower() in {".zip", ".gz", ".tgz", ".tar"} and not _is_table(path)]
    if packed:
        return LayoutError(f"{directory} holds no pieces, but the archive {packed[0].name}; unpack it first")
    saved = saved_files(directory)
    if len(saved) == 1 or "config.json" in names:
        return refuse_network(saved[0]) if saved else LayoutError(f"{folder} holds config.json, but no weights")
    if saved:
        listed = ", ".join(path.name for path in saved[:3]) + (", ..." if len(saved) > 3 else "")
        return LayoutError(
            f"{directory} holds no piece_<number>.pth; it holds {listed}; name the pieces piece_0.pth, ..."
        )
    if standard:
        return LayoutError(f"{directory} holds no piece_<number>.pth")
    return StorageError(f"{folder} holds neither {PIECES}/ nor {NESTED}/{PIECES}/")


def saved_files(folder: Path) -> list[Path]:
    """List the files of a folder that may hold layers of a network, by their extensions."""
    found = [path for path in entries(folder) if path.is_file() and not is_litter(path)]
    return [path for path in found if path.suffix.lower() in NETWORK_FILES]


def _is_table(path: Path) -> bool:
    return TABLE.fullmatch(path.name) is not None and not is_litter(path)


def find_table(root: Path, others: Iterable[Path], remark: Callable[[str], None]) -> Path:
    """Find the table: by its published name, or as the only table there is.

    Args:
        root: the folder where it should lie.
        others: other folders to look in, in this order.
        remark: is called if the table has another name or lies in another folder.

    Raises:
        StorageError: if there is none.
        LayoutError: if there are several.
    """
    if (root / CSV).exists():
        return root / CSV
    for directory in others:
        if (directory / CSV).is_file():
            remark(f"the table is {directory / CSV}")
            return directory / CSV
    for directory in dict.fromkeys((root, *others)):
        tables = [path for path in entries(directory) if _is_table(path)]
        if len(tables) > 1:
            listed = ", ".join(path.name for path in tables[:6])
            raise LayoutError(f"{directory} holds several tables ({listed}); name the one to read {CSV}")
        if tables:
            remark(f"the table is {tables[0]}")
            return tables[0]
    below = [directory / CSV for directory in _folders(root) if (directory / CSV).is_file()]
    if len(below) != 1:
        several = f"; {len(below)} folders below hold one, so move one of them there" if below else ""
        raise StorageError(f"{root / CSV} is missing{several}")
    remark(f"the table is {below[0]}")
    return below[0]
