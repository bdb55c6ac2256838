"""Find and digest the source files of a solver, so that results of a changed solver are kept apart."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from generator.home import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["digest_of_source", "files_of_source", "is_ours", "packages_of_source"]

OWN = ("generator", "solvers")
"""Packages of netjigsaw whose files count towards a solver's digest."""


def digest_of_source(file: Path) -> str:
    """Digest a Python file and the netjigsaw modules and modules of its own folder that it imports, also indirectly.

    No code runs: imports are read from the syntax tree. A file that cannot be parsed counts without its imports.
    """
    # Sorted by content, so that the digest does not depend on the files' paths.
    contents = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files_of_source(file))
    return hashlib.sha256("".join(contents).encode()).hexdigest()[:16]


def files_of_source(file: Path) -> set[Path]:
    """Find a Python file and the netjigsaw modules and modules of its own folder that it imports, also indirectly."""
    waiting, seen = [file.resolve()], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imported(path, file.resolve().parent))
    return seen


def packages_of_source(file: Path) -> set[str]:
    """List the top-level packages that a Python file imports, also indirectly and inside functions."""
    return {name.partition(".")[0] for path in files_of_source(file) for name in _names(path.read_bytes())}


def is_ours(path: Path) -> bool:
    """Tell whether a file belongs to netjigsaw's packages in `OWN`."""
    return any(path.is_relative_to(HOME / package) for package in OWN)


def _imported(path: Path, folder: Path) -> Iterator[Path]:
    for name in _names(path.read_bytes()):
        parts = name.split(".")
        root = HOME if parts[0] in OWN else folder
        stem = root.joinpath(*parts)
        yield from (found for found in (stem.with_suffix(".py"), stem / "__init__.py") if found.is_file())


@cache
def _names(source: bytes) -> tuple[str, ...]:
    """List the modules that a source imports. The cache is keyed by content, because a file may change during a run."""
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
