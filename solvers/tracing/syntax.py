"""Find the modules, commands and files that a Python source names, and reasons why the source may need more."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from solvers.tracing.places import OPAQUE, Places, dotted, find_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Imported", "Reading", "gaps_of_sharing", "imports_of", "read_python"]

LONGEST_NAME = 300
"""Characters of the longest text that is looked up as a file's name. Hand-set."""
_RUNNERS = frozenset(
    {"run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput"}
    | {"create_subprocess_exec", "create_subprocess_shell"}
)
"""Functions of `subprocess` and `asyncio` whose first argument is a command."""
_DOUBTFUL = {
    "__spec__": "asks for its own path",
    "__path__": "asks for its own path",
    "sys.argv[0]": "asks for its own path",
    "sys.path[0]": "asks for its own path",
    "importlib.resources": "reads files of a package",
    "pkgutil.get_data": "reads files of a package",
    "pkg_resources": "reads files of a package",
    "zipimport": "imports from an archive",
}
"""What a source may name so that the files it reads are not known, and how a gap says it."""
_DOUBTFUL_LAST = frozenset({"__file__", "co_filename", "origin", "getfile", "getsourcefile", "getsource"})
"""Attributes and functions that give the path of a source."""


@dataclass(frozen=True)
class Imported:
    """A module that a source imports.

    Attributes:
        name: dotted name; empty for `from . import x` itself.
        level: number of leading dots of a relative import.
        guarded: whether the source may run without the module.
    """

    name: str
    level: int = 0
    guarded: bool = False


@dataclass(frozen=True)
class Reading:
    """Modules, files and commands that a Python source names.

    Attributes:
        imports: modules.
        places: files and folders, absolute: paths computed from the source's own path, and absolute paths.
        roots: folders that the source adds to `sys.path`.
        texts: short texts, each of which may be the name of a file.
        commands: commands that the source runs: a text for a shell, or words; `OPAQUE` stands for an unknown word.
        shared: names and attributes through which the source gives paths to itself and to the files that import it.
        asked: names that the source imports from modules, and attributes that it reads.
        doubts: reasons why the source may need more than that.
    """

    imports: tuple[Imported, ...] = ()
    places: tuple[Path, ...] = ()
    roots: tuple[Path, ...] = ()
    texts: tuple[str, ...] = ()
    commands: tuple[str | tuple[str, ...], ...] = ()
    shared: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    doubts: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def _parse(source: bytes) -> ast.Module | None:
    """Parse a source; None if that fails. The cache is keyed by content, because a file may change during a run."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def read_python(source: bytes, path: Path | None) -> Reading:
    """Read a source.

    Args:
        source: the text of a Python file.
        path: the file; None for a text in a command.
    """
    tree = _parse(source)
    if tree is None:
        return Reading(doubts=("cannot be parsed",))
    try:
        found = find_places(tree, path)
    except RecursionError:
        return Reading(imports_of(source), doubts=("is nested too deeply to be read",))
    commands: list[str | tuple[str, ...]] = []
    imports, doubts = list(imports_of(source)), dict.fromkeys(found.doubts)
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        name = _full_name(node, aliases)
        doubts |= dict.fromkeys([_DOUBTFUL[name]] if name in _DOUBTFUL else [])
        if "." in name and name.rpartition(".")[2] in _DOUBTFUL_LAST:
            doubts["asks for its own path"] = None
        if isinstance(node, ast.Call):
            function = _full_name(node.func, aliases)
            doubts |= dict.fromkeys(_doubts_of_call(node, function, found))
            if _runs(function) and (command := _command(node, function, found)) is not None:
                commands.append(command)
    doubts |= dict.fromkeys(_DOUBTFUL[one.name] for one in imports if one.name in _DOUBTFUL)
    texts = dict.fromkeys(text for node in ast.walk(tree) if (text := _constant(node)) and _may_name(text))
    return Reading(
        imports=tuple(imports),
        places=found.places,
        roots=found.roots,
        texts=tuple(texts),
        commands=tuple(commands),
        shared=frozenset(found.shared),
        asked=frozenset(found.asked),
        doubts=tuple(doubts),
    )


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Map the names that imports bind to the full names: `from subprocess import run` binds `run`."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            aliases |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return aliases


def _full_name(node: ast.AST, aliases: dict[str, str]) -> str:
    """Write the full dotted name of an expression; empty if it has none."""
    name = dotted(node)
    end = next((at for at, char in enumerate(name) if char in ".["), len(name))
    return aliases.get(name[:end], name[:end]) + name[end:]


def gaps_of_sharing(readings: Iterable[tuple[str, Reading]]) -> list[str]:
    """Name the paths that a source gives to itself or to other sources by an attribute or an import.

    The use of such a path is not followed.

    Args:
        readings: name and reading of each source of one solver.
    """
    known = list(readings)
    asked = frozenset[str]().union(*(reading.asked for _, reading in known))
    return [
        f"{name} shares the path {shared} with other code"
        for name, reading in known
        for shared in sorted(reading.shared)
        if shared in asked or "*" in asked
    ]


@lru_cache(maxsize=4096)
def imports_of(source: bytes, *, by_name: bool = True) -> tuple[Imported, ...]:
    """List the modules that a source imports; none if it cannot be parsed.

    Args:
        source: the text of a Python file.
        by_name: whether to look for calls such as `importlib.import_module("name")`, which takes ten times as long.
    """
    tree = _parse(source)
    if tree is None:
        return ()
    if not by_name:
        return tuple(_imports(tree))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = [module for call in calls if _imports_by_name(call) and (module := _first_text(call)) is not None]
    return (*_imports(tree), *(Imported(name.lstrip("."), len(name) - len(name.lstrip("."))) for name in named))


def _doubts_of_call(call: ast.Call, name: str, found: Places) -> Iterator[str]:
    last = name.rpartition(".")[2]
    if _imports_by_name(call) and _first_text(call) is None:
        yield "imports a module whose name is computed"
    elif name in {"exec", "eval", "compile"}:
        yield "executes a text"
    elif last in {"spec_from_file_location", "SourceFileLoader", "run_path"}:
        position = 0 if last == "run_path" else 1
        if len(call.args) <= position or found.word(call.args[position]) == OPAQUE:
            yield "imports a file whose name is computed"
    elif _runs(name) and _command(call, name, found) is None:
        yield "runs a command that is computed"


def _imports_by_name(call: ast.Call) -> bool:
    return dotted(call.func).rpartition(".")[2] in {"import_module", "__import__", "run_module"}


def _first_text(call: ast.Call) -> str | None:
    return _constant(call.args[0]) if call.args else None


def _imports(tree: ast.Module) -> Iterator[Imported]:
    guarded = {id(node) for part in _guarded(tree) for node in _statements(part)}
    for node in _statements(tree):
        loose = id(node) in guarded
        if isinstance(node, ast.Import):
            yield from (Imported(alias.name, 0, loose) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            before = f"{node.module}." if node.module else ""
            yield Imported(node.module or "", node.level, loose)
            # A name may be a module or not, so it need not be found.
            yield from (Imported(f"{before}{alias.name}", node.level, guarded=True) for alias in node.names)


def _statements(root: ast.AST) -> Iterator[ast.AST]:
    """Walk over the statements only, which takes a tenth of the time of a walk over all expressions."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            below = getattr(node, field, None)
            waiting.extend(below if isinstance(below, list) else ())


def _guarded(tree: ast.Module) -> Iterator[ast.stmt]:
    """List the statements that may fail to import: those in a `try`, and those for type checkers only."""
    for node in _statements(tree):
        match node:
            case ast.Try(body=body, handlers=handlers) if any(map(_copes, handlers)):
                yield from body
            case ast.If(body=body, test=test) if dotted(test).rpartition(".")[2] == "TYPE_CHECKING":
                yield from body


def _copes(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {"" if kind is None else dotted(kind) for kind in kinds}
    return bool(names & {"", "ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def _runs(name: str) -> bool:
    """Tell whether a function runs a command."""
    before, _, last = name.rpartition(".")
    if before in {"subprocess", "asyncio"}:
        return last in _RUNNERS
    if before in {"os", "posix", "pty"}:
        return last in {"system", "popen", "spawn"} or last.startswith(("exec", "spawn", "posix_spawn"))
    # After `from subprocess import *`, a bare name counts if only `subprocess` or `os` has such a function.
    return not before and last in {"check_call", "check_output", "Popen", "getoutput", "getstatusoutput", "system"}


def _command(call: ast.Call, name: str, found: Places) -> str | tuple[str, ...] | None:
    """Return the command that a call runs: a text for a shell, or words; None if it is computed."""
    if not call.args:
        return None
    first = call.args[0]
    if name.endswith("create_subprocess_exec"):
        return tuple(map(found.word, call.args))
    if isinstance(first, ast.List | ast.Tuple):
        return tuple(map(found.word, first.elts)) or None
    return _constant(first)


def _constant(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _may_name(text: str) -> bool:
    return len(text) <= LONGEST_NAME and text.isprintable() and text.strip(". /") != ""
