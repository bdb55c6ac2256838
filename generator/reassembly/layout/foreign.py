"""Write the working folder of a program that solves the published puzzle."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from generator.reassembly.layout.janestreet import NESTED, export_layout

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.content import Puzzle

__all__ = ["write_foreign"]


def write_foreign(puzzle: Puzzle, folder: Path) -> None:
    """Write the published layout twice: at the top, and under its nested name as hard links.

    Raises:
        StorageError: if the folder exists or cannot be written.
    """
    export_layout(puzzle, folder)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        link = folder / NESTED / path.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, link)
