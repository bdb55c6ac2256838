"""Find the origin of a solver: the folder or package by which tables distinguish solvers of the same name."""

from __future__ import annotations

import hashlib
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.results.naming import COMMAND
from solvers.program import parted
from solvers.registry import list_solvers

if TYPE_CHECKING:
    from solvers.program import Command
    from solvers.reference import Reference
    from solvers.registry import SolverEntry

__all__ = ["origin_of"]


def origin_of(reference: Reference, family: str, results: Path) -> str:
    """Return the origin of a solver for its rows; empty for a built-in solver.

    Paths are relative to the folder that holds the store, so they stay equal when a project is moved as a whole, and a
    store seldom names a home folder. A program's arguments may be private, so only their digest and the program's first
    file are kept.

    Args:
        reference: the solver; the path of a file is absolute.
        family: family of the puzzle.
        results: the store's folder.
    """
    home = results.resolve().parent
    if reference.command is not None:
        return _of_command(reference.command, home)
    if reference.is_file:
        return _relative(reference.target.rpartition(":")[0], home)
    entry = next((entry for entry in list_solvers(family) if entry.name == reference.target), None)
    return "" if entry is None or entry.built_in else _of_plugin(entry, home)


def _of_command(command: Command, home: Path) -> str:
    """Digest the words of a command; a path counts by its folder, so that equal words in two folders differ."""
    words, files = [], []
    for word, place in zip(command.words, command.places, strict=True):
        before, path = parted(place)
        if place:
            files.append(_relative(path, home))
        words.append(f"{before}{files[-1]}" if place else word)
    return " ".join([COMMAND + hashlib.sha256("\0".join(words).encode()).hexdigest()[:8], *files[:1]])


def _of_plugin(entry: SolverEntry, home: Path) -> str:
    """Return the file of a plug-in; for an installed package its name, since its folder belongs to the interpreter."""
    if entry.package:
        return entry.package
    file = inspect.getsourcefile(inspect.unwrap(entry.factory)) if entry.factory is not None else None
    return _relative(file, home) if file else ""


def _relative(path: str, home: Path) -> str:
    return Path(os.path.relpath(os.path.realpath(path), home)).as_posix()
