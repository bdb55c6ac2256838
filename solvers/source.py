"""Find and digest the source files of a solver, so that results of different versions are kept separate."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from generator.home import HOME
from solvers.tracing.modules import files_of_module, package_root
from solvers.tracing.syntax import gaps_of_sharing, imports_of, read_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from solvers.tracing.syntax import Imported

__all__ = ["OWN", "digest_of_source", "files_of_source", "gaps_of_source", "is_ours", "packages_of_source"]

OWN = ("generator", "solvers")
"""Packages of netjigsaw whose files count towards a solver's digest."""


def digest_of_source(file: Path) -> str:
    """Digest a Python file and the files that it needs, see `files_of_source`.

    No code runs: imports are read from the syntax tree. A file that cannot be parsed counts without its imports.
    """
    # Sorted by content, so that the digest does not depend on the files' paths.
    contents = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files_of_source(file))
    return hashlib.sha256("".join(contents).encode()).hexdigest()[:16]


def files_of_source(file: Path) -> set[Path]:
    """Find a Python file and, also indirectly, the modules and data files that it needs.

    These are netjigsaw's modules, modules of the file's own folder and of its package, with the `__init__` of each
    package, and files that it names by a path from its own, as in `Path(__file__).with_name("weights.npz")`.
    """
    file = file.resolve()
    roots = tuple(dict.fromkeys((file.parent, package_root(file))))
    waiting, seen = [file, *([] if is_ours(file) else _packages(file, roots[-1]))], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            if path.suffix == ".py":
                waiting.extend(_needed(path, roots))
    return seen


def packages_of_source(file: Path) -> set[str]:
    """List the top-level packages that a Python file imports, also indirectly and inside functions."""
    sources = [path for path in files_of_source(file) if path.suffix == ".py"]
    return {one.name.partition(".")[0] for path in sources for one in imports_of(path.read_bytes())}


def gaps_of_source(file: Path) -> tuple[str, ...]:
    """List the reasons why a Python file may need more files than `files_of_source` finds; no reason if it does not."""
    own = [path for path in sorted(files_of_source(file)) if path.suffix == ".py" and not is_ours(path)]
    readings = [(path.name, read_python(path.read_bytes(), path)) for path in own]
    doubts = [f"{name} {doubt}" for name, reading in readings for doubt in reading.doubts]
    return tuple(dict.fromkeys((*doubts, *gaps_of_sharing(readings))))


def is_ours(path: Path) -> bool:
    """Tell whether a file belongs to netjigsaw's packages in `OWN`."""
    return any(path.is_relative_to(HOME / package) for package in OWN)


def _packages(file: Path, root: Path) -> Iterator[Path]:
    """List the `__init__` of each package that holds a file."""
    for folder in file.parents:
        if folder == root or not folder.is_relative_to(root):
            return
        yield folder / "__init__.py"


def _needed(path: Path, roots: tuple[Path, ...]) -> Iterator[Path]:
    ours, source = is_ours(path), path.read_bytes()
    for one in imports_of(source, by_name=not ours):
        if one.name.partition(".")[0] in OWN and not one.level:
            # Packages of netjigsaw do nothing but list their modules, so their `__init__` is no source of a solver.
            stem = HOME.joinpath(*one.name.split("."))
            yield from (found for found in (stem.with_suffix(".py"), stem / "__init__.py") if found.is_file())
        elif not ours:
            yield from (found.resolve() for found in _module(one, path, roots))
    if not ours:
        places = (place.resolve() for place in read_python(source, path).places)
        yield from (place for place in places if place.is_file() and place.is_relative_to(roots[-1]))


def _module(one: Imported, path: Path, roots: tuple[Path, ...]) -> tuple[Path, ...]:
    """Find the files of a module in the solver's own folders."""
    if not one.level:
        return next(filter(None, (files_of_module(root, one.name) for root in roots)), ())
    if one.level > len(path.parents):
        return ()
    folder = path.parents[one.level - 1]
    own = (folder / "__init__.py",) if (folder / "__init__.py").is_file() else ()
    return (*own, *files_of_module(folder, one.name))
