"""Digest the source of a family's generator, so that the cache never returns puzzles of an edited generator.

The digest covers the modules of the record's `spec`, `generate` and `view`, whether they are imported or named by
`late("package.module:function")`, everything that they import from this suite, from their own package or from their own
folder, and the module that seals puzzles. It does not cover installed libraries, because the cache's key holds their
versions. No module is executed; imports are read from the syntax tree.
"""

from __future__ import annotations

import ast
import hashlib
import site
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import SpecError
from generator.home import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.family.record import Family

__all__ = ["digest_of_family", "files_of_family"]

OWN = ("generator", "solvers", "benchmark", "leaderboard")
"""Packages of this suite that a generator may import."""
SEALING = "generator.puzzle.sealing"
"""Module that seals the answers of every family; plug-ins usually import it through `netjigsaw`."""
RECORD = "generator.family.record"
"""Module of the default `view`, which returns the puzzle unchanged."""


def digest_of_family(family: Family) -> str:
    """Digest the source of a family's generator; computed once per process.

    Raises:
        SpecError: if a module that the record names by `late` has no source file.
    """
    return _digest(family.name, _roots(family))


def files_of_family(family: Family) -> set[Path]:
    """List the source files that `digest_of_family` covers.

    Raises:
        SpecError: if a module that the record names by `late` has no source file.
    """
    return _files(family.name, _roots(family))


def _roots(family: Family) -> tuple[str, ...]:
    """Name the modules that define spec, generator and view, and the sealing module."""
    modules = {SEALING, *map(_module_of, (family.spec, family.generate, family.view))}
    return tuple(sorted(modules - {RECORD}))


def _module_of(made: Any) -> str:
    target = str(getattr(made, "target", ""))  # as `late` names it
    while hasattr(made, "func"):  # functools.partial
        made = made.func
    return target.partition(":")[0] or str(getattr(made, "__module__", ""))


@cache
def _digest(family: str, roots: tuple[str, ...]) -> str:
    # Sorted by content, because the digest must not depend on the location of the files.
    contents = sorted(hashlib.sha256(_read(path)).hexdigest() for path in _files(family, roots))
    return hashlib.sha256("".join(contents).encode()).hexdigest()


def _files(family: str, roots: tuple[str, ...]) -> set[Path]:
    seen: set[Path] = set()
    for module in roots:
        file = _file_of(module)
        if file is None:
            if module in sys.modules:
                continue  # defined in an interactive session, or compiled, so it has no source
            raise SpecError(
                f"family {family!r}: late() names module {module!r}, which has no source file; correct the name"
            )
        _follow(file, module, seen)
    return seen


def _follow(file: Path, module: str, seen: set[Path]) -> None:
    """Add a module's file and every file that it imports, directly or indirectly."""
    home = _import_root(file, module)
    waiting = [file, *_parents(file, home)]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in _names(_read(path), _package_of(path, home)):
            top = name.partition(".")[0]
            base = HOME if top in OWN else home
            if top in OWN or top == module.partition(".")[0] or _has_neighbours(file, home):
                found = _locate(name, (base,))
                waiting += [found, *_parents(found, base)] if found is not None else []


def _import_root(file: Path, module: str) -> Path:
    """Return the folder relative to which a module's absolute name gives its file."""
    levels = module.count(".") + (file.name == "__init__.py")
    return file.parents[levels]


def _has_neighbours(file: Path, home: Path) -> bool:
    """Whether a module is a single file in a folder of its author, whose other files may be modules too."""
    return file.parent == home and str(home) not in {*site.getsitepackages(), site.getusersitepackages()}


def _parents(file: Path, home: Path) -> Iterator[Path]:
    """List the `__init__.py` files of the packages around a file, which Python runs before the file."""
    for folder in file.parents:
        if folder == home or not (folder / "__init__.py").is_file():
            return
        yield folder / "__init__.py"


def _package_of(path: Path, home: Path) -> str:
    """Return the package from which a file's relative imports start."""
    root = next((base for base in (home, HOME) if path.is_relative_to(base)), path.parent)
    return ".".join(path.relative_to(root).parent.parts)


def _file_of(module: str) -> Path | None:
    """Find a module's source file without importing the module."""
    file = str(getattr(sys.modules.get(module), "__file__", None) or "")
    if file:
        return Path(file).resolve() if file.endswith(".py") else None
    own = module.partition(".")[0] in OWN
    return _locate(module, (HOME,) if own else tuple(map(Path, sys.path)))


def _locate(module: str, bases: tuple[Path, ...]) -> Path | None:
    for base in bases:
        stem = base.joinpath(*module.split("."))
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                return path.resolve()
    return None


def _read(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _names(source: bytes, package: str) -> tuple[str, ...]:
    """List the modules that a source imports or names by `late`; names that are not modules are harmless."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return ()  # a file with invalid syntax is digested without its imports
    names: list[str] = []
    # Other names of a record by `late` (solvers, pictures) do not affect puzzles.
    recorded = {id(inner) for node in nodes if _calls(node, "Family") for inner in ast.walk(node)}
    for node in nodes:
        match node:
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom():
                parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
                stem = ".".join([*filter(None, parts), *filter(None, [node.module])])
                names += [stem, *(f"{stem}.{alias.name}".strip(".") for alias in node.names)]
            case ast.Call(args=[ast.Constant(value=str(target)), *_]) if _calls(node, "late"):
                names += [target.partition(":")[0]] if id(node) not in recorded else []
    return tuple(filter(None, names))


def _calls(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
            return called == name
    return False
