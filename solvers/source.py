"""Which source a solver rests on, so that a changed solver is a different one."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from generator.home import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["digest_of_source", "files_of_source", "is_ours"]

OWN = ("generator", "solvers")
"""Packages of this suite that solvers rest on."""


def digest_of_source(file: Path) -> str:
    """Digest a Python file and all that it imports from this suite or from its own folder, directly or not.

    Nothing is executed: imports are read off the syntax. A file that cannot be parsed counts by its bytes.
    """
    # Sorted by content: where the files lie must not matter.
    contents = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files_of_source(file))
    return hashlib.sha256("".join(contents).encode()).hexdigest()[:16]


def files_of_source(file: Path) -> set[Path]:
    """Find a Python file and all that it imports from this suite or from its own folder, directly or not."""
    waiting, seen = [file.resolve()], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imported(path, file.resolve().parent))
    return seen


def is_ours(path: Path) -> bool:
    """Tell whether a file is part of this suite."""
    return any(path.is_relative_to(HOME / package) for package in OWN)


def _imported(path: Path, folder: Path) -> Iterator[Path]:
    for name in _names(path.read_bytes()):
        parts = name.split(".")
        root = HOME if parts[0] in OWN else folder
        stem = root.joinpath(*parts)
        yield from (found for found in (stem.with_suffix(".py"), stem / "__init__.py") if found.is_file())


@cache
def _names(source: bytes) -> tuple[str, ...]:
    """Read the modules that a source imports off its syntax; kept by content, since a file may be edited meanwhile."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)
