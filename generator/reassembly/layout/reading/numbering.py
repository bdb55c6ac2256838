"""Number the files of pieces by their names, and refuse a file that may or may not be a piece."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from generator.errors import LayoutError
from generator.reassembly.layout.reading.litter import is_litter
from generator.reassembly.layout.reading.network import NETWORK_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["PIECE", "PIECES", "number_pieces"]

PIECES = "pieces"
"""Name of the folder of pieces."""
PIECE = re.compile(r"piece_([0-9]+)\.(?:pth|pt|safetensors)", re.IGNORECASE)
LIKE_A_PIECE = re.compile(r"piece[ _-]*([0-9]{1,9})", re.IGNORECASE)
"""Part of a file's name that may mean a piece, whatever text surrounds the part."""
PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".tar", ".tgz", ".7z", ".rar")


def number_pieces(folder: Path, paths: Iterable[Path], table: Path, remark: Callable[[str], None]) -> dict[int, Path]:
    """Map numbers to files.

    Args:
        folder: the folder of pieces.
        paths: the entries of the folder.
        table: the table, which is no piece; it may lie in the folder too.
        remark: is called once with the skipped files, and once if the numbers begin with 1.

    Raises:
        LayoutError: if a file may or may not be a piece, or a number is missing or used twice.
    """
    numbers: dict[int, Path] = {}
    skipped: list[str] = []
    flat = folder.name.lower() != PIECES
    for path in paths:
        match = PIECE.fullmatch(path.name)
        if match is None:
            if not (path == table or is_litter(path) or (flat and not _resembles_a_piece(path))):
                raise LayoutError(f"{path} is no piece; expected piece_<number>.pth only{_resembled(path)}")
            skipped += [] if flat and not is_litter(path) else [path.name]
        elif int(match[1]) in numbers:
            raise LayoutError(f"{path} and {numbers[int(match[1])].name} have the same number; remove one of them")
        else:
            numbers[int(match[1])] = path
    skipped = [name for name in skipped if name != table.name]
    shown = ", ".join(skipped[:6]) + (", ..." if len(skipped) > 6 else "")
    beside = f"; skipped in {folder}: {shown}" if skipped else ""
    _check_numbers(sorted(numbers), folder, beside, remark)
    if beside:
        remark(beside.removeprefix("; "))
    return numbers


def _resembles_a_piece(path: Path) -> bool:
    return LIKE_A_PIECE.search(path.name) is not None or path.suffix.lower() in NETWORK_FILES


def _resembled(path: Path) -> str:
    """Name the piece whose file a name resembles, and say what to do: a copy, or an unfinished download."""
    number = LIKE_A_PIECE.search(path.name)
    if number is None:
        return "; rename or remove it"
    remedy = "unpack it" if path.suffix.lower() in PACKED else "rename or remove it"
    return f"; it may be piece {int(number[1])}: {remedy}"


def _check_numbers(numbers: list[int], folder: Path, beside: str, remark: Callable[[str], None]) -> None:
    """Refuse gaps; pieces that are numbered from 1 without a gap are read, with their own numbers."""
    first = 1 if numbers[0] == 1 and len(numbers) % 2 == 1 else 0
    missing: list[str] = []
    for before, number in itertools.pairwise([first - 1, *numbers]):
        if number - before == 2:
            missing.append(str(before + 1))
        elif number - before > 2:
            missing.append(f"{before + 1} to {number - 1}")
    if missing:
        listed = ", ".join(missing[:8]) + (", ..." if len(missing) > 8 else "")
        raise LayoutError(
            f"{folder} holds {len(numbers)} pieces, numbered {numbers[0]} to {numbers[-1]}, but not {listed}; "
            f"a puzzle needs every piece{beside}"
        )
    if first == 1:
        remark(f"the pieces are numbered 1 to {numbers[-1]}, not from 0; answers use these numbers")
