"""Compute the paths that a Python source makes from its own path, such as `Path(__file__).parent / "weights.npz"`."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

from solvers.tracing.found import absolute, is_own

__all__ = ["OPAQUE", "Places", "dotted", "find_places"]

OPAQUE = "\0"
"""Character that replaces the part of a word that cannot be known without running the program."""

_SAME = frozenset({"Path", "PurePath", "str", "abspath", "realpath", "normpath", "expanduser", "fspath"})
"""Functions that give the path of their argument."""
_SAME_METHODS = frozenset({"resolve", "absolute", "expanduser", "as_posix"})
_HARMLESS = frozenset({"name", "stem", "suffix"})
"""Attributes of a path that read nothing."""
_READING = frozenset({"open", "read_text", "read_bytes", "exists", "is_file", "stat"})
"""Attributes of a file's path that lead to no other file."""
_PARTING = frozenset({"splitext", "split", "splitdrive", "relpath", "sub", "glob", "iglob"})
"""Functions that make other paths from the path of a file."""
_PASSES = 4
"""Rounds in which names are bound to paths that are made from other names."""


@dataclass
class Places:
    """The paths that a source makes.

    Attributes:
        path: the source's file.
        names: value of each name that is bound to a path; None if it is bound to several.
        found: files, and folders that are modules' roots.
        roots: folders that the source adds to `sys.path`.
        shared: names and attributes whose value leads to more files: a folder, the source's own path, an unknown file.
        asked: names that the source imports from modules, and attributes that it reads.
        doubts: reasons why more files may be read.
    """

    path: Path | None
    names: dict[str, Path | None] = field(default_factory=dict)
    found: dict[Path, None] = field(default_factory=dict)
    added: dict[Path, None] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    doubts: dict[str, None] = field(default_factory=dict)

    @property
    def places(self) -> tuple[Path, ...]:
        """The files, in the order of the source."""
        return tuple(self.found)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that the source adds to `sys.path`."""
        return tuple(self.added)

    def word(self, node: ast.AST) -> str:
        """Write an argument of a command as a word; `OPAQUE` if it is not known."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if dotted(node) == "sys.executable":
            return "python3"
        value = self.value(node)
        return OPAQUE if value is None else str(value)

    def value(self, node: ast.AST | None) -> Path | None:  # noqa: PLR0911 - one return for each form of a path
        """Compute the path that an expression gives; None if it is no path that can be known."""
        match node:
            case ast.Name(id="__file__"):
                return self.path
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Constant(value=str() | bytes() as text):
                return absolute(text if isinstance(text, str) else text.decode("utf-8", "replace"))
            case ast.Attribute(value=inner, attr="parent"):
                return _parent(self.value(inner), 1)
            case ast.Subscript(value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int(depth))):
                return _parent(self.value(inner), depth + 1)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _joined(self.value(left), [right])
            case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=str(text))):
                return _extended(self.value(left), text, slash=_ends_with_slash(left))
            case ast.JoinedStr(
                values=[ast.FormattedValue(value=inner, format_spec=None), ast.Constant(value=str(text))]
            ):
                return _extended(self.value(inner), text)
            case ast.Call(func=function, args=arguments, keywords=_):
                return self._call(function, arguments)
        return None

    def _call(self, function: ast.expr, arguments: list[ast.expr]) -> Path | None:  # noqa: PLR0911 - as above
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if isinstance(function, ast.Attribute) and name in _SAME_METHODS:
            return self.value(function.value)
        if isinstance(function, ast.Attribute) and name == "joinpath":
            return _joined(self.value(function.value), arguments)
        if isinstance(function, ast.Attribute) and name == "with_name" and arguments:
            return _joined(_parent(self.value(function.value), 1), arguments)
        if not arguments:
            return None
        if name in _SAME and len(arguments) == 1:
            return self.value(arguments[0])
        if name == "dirname":
            return _parent(self.value(arguments[0]), 1)
        if name in {"join", "Path"}:
            return _joined(self.value(arguments[0]), arguments[1:])
        return None


def find_places(tree: ast.Module, path: Path | None) -> Places:
    """Find the paths that a source makes from its own path, and its absolute paths."""
    found = Places(path)
    _bind(tree, found)
    _visit(tree, tree, found)
    known = found.names.items()
    found.shared = {name for name, value in known if value is None or value == path or not value.is_file()}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found.asked |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and dotted(node) not in {"os.path", "sys.path"}:
            found.asked.add(node.attr)
    if path is None and any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(tree)):
        found.doubts["asks for its own path"] = None
    return found


def dotted(node: ast.AST) -> str:
    """Write `a.b.c`, or `a.b[0]`, of an expression that is one; else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else f"().{node.attr}"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return f"{dotted(node.value)}[{node.slice.value!r}]"
    return ""


def _bind(tree: ast.Module, found: Places) -> None:
    """Bind names to paths, round by round; a name with two values is unknown."""
    for _ in range(_PASSES):
        bound: dict[str, set[Path | None]] = {}
        for node in ast.walk(tree):
            for name, value in _bindings(node):
                bound.setdefault(name, set()).add(found.value(value))
        before = found.names
        found.names = {
            name: next(iter(values)) if len(values) == 1 else None for name, values in bound.items() if values != {None}
        }
        if found.names == before:
            return


def _bindings(node: ast.AST) -> list[tuple[str, ast.expr | None]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            return [
                (one.id, value if isinstance(target, ast.Name) else None)
                for target in targets
                for one in ast.walk(target)
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            ]
        case (
            ast.AnnAssign(target=ast.Name(id=name), value=value) | ast.NamedExpr(target=ast.Name(id=name), value=value)
        ):
            return [(name, value)]
        case ast.AugAssign(target=ast.Name(id=name)):
            return [(name, None)]
        case ast.For(target=target) | ast.comprehension(target=target):
            return [(one.id, None) for one in ast.walk(target) if isinstance(one, ast.Name)]
        case ast.arg(arg=name):
            return [(name, None)]
    return []


def _visit(node: ast.AST, parent: ast.AST, found: Places) -> None:
    value = None if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else found.value(node)
    if value is not None:
        _take(value, node, parent, found)
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in found.names:
        found.doubts["computes a path"] = None
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _begins_path(node.value, parent):
        found.doubts["computes a path"] = None
    if dotted(node) == "sys.path" and not (isinstance(parent, ast.Attribute | ast.Compare) or _is_sys_path(parent)):
        found.doubts["reads sys.path"] = None
    if _is_sys_path(node):
        _widen(node, found)
    for child in ast.iter_child_nodes(node):
        _visit(child, node, found)


def _take(value: Path, node: ast.AST, parent: ast.AST, found: Places) -> None:
    """Record a path that a source uses, and doubt each use that may lead to other files."""
    attribute = parent.attr if isinstance(parent, ast.Attribute) else ""
    function = dotted(parent.func).rpartition(".")[2] if isinstance(parent, ast.Call) else ""
    harmless = attribute in _HARMLESS or function in {"basename", "print"} or _binds(parent, node)
    if value.is_dir() and not harmless:
        if isinstance(parent, ast.Call) and _is_sys_path(parent):
            found.added[value] = None
        else:
            found.doubts[f"uses the folder {value.name}"] = None
    if value.is_dir() or (harmless and not value.is_file()):
        return
    found.found[value] = None
    if harmless:
        return
    if value == found.path and not isinstance(parent, ast.List | ast.Tuple):  # a list may be a command
        found.doubts["asks for its own path"] = None
    elif not value.is_file() or (
        (isinstance(parent, ast.Attribute) and attribute not in _READING)
        or (isinstance(parent, ast.BinOp | ast.FormattedValue | ast.JoinedStr | ast.Subscript) or function in _PARTING)
    ):
        found.doubts["computes a path"] = None


def _binds(parent: ast.AST, node: ast.AST) -> bool:
    """Tell whether a value is only bound to a name."""
    match parent:
        case ast.Assign(targets=targets, value=value):
            return value is node and all(isinstance(target, ast.Name) for target in targets)
        case ast.AnnAssign(target=ast.Name(), value=value):
            return value is node
    return False


def _is_sys_path(node: ast.AST) -> bool:
    """Tell whether a node changes `sys.path`."""
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr="insert" | "append" | "extend")):
            return dotted(inner) == "sys.path"
        case ast.Call(func=function):
            return dotted(function) in {"site.addsitedir", "addsitedir"}
        case ast.Assign(targets=[target]) | ast.AugAssign(target=target):
            return dotted(target.value if isinstance(target, ast.Subscript) else target) == "sys.path"
    return False


def _widen(node: ast.AST, found: Places) -> None:
    """Doubt a change of `sys.path` by a folder that is not known."""
    arguments = node.args if isinstance(node, ast.Call) else []
    folder = arguments[-1] if arguments else None
    known = folder is not None and (
        found.value(folder) is not None or ast.unparse(folder) in {"os.getcwd()", "'.'", "''", "str(Path.cwd())"}
    )
    if not known:
        found.doubts["changes sys.path"] = None


def _begins_path(text: str, parent: ast.AST) -> bool:
    """Tell whether an absolute path that does not exist is a pattern, or the beginning of a path that is computed."""
    if not text.startswith(("/", "~/")) or not text.isprintable() or not text.strip("/~"):
        return False
    folder = Path(text).expanduser().parent
    computed = isinstance(parent, ast.JoinedStr | ast.BinOp | ast.Attribute) or any(sign in text for sign in "*?[{%")
    return computed and is_own(folder) and folder.is_dir()


def _ends_with_slash(node: ast.expr) -> bool:
    last = node.right if isinstance(node, ast.BinOp) else node
    return isinstance(last, ast.Constant) and str(last.value).endswith("/")


def _extended(path: Path | None, text: str, *, slash: bool = False) -> Path | None:
    """Add a text to the text of a path; None if that changes the name of a folder."""
    if path is None or not (slash or text.startswith("/") or not path.is_dir()):
        return None
    return Path(f"{path}{'/' if slash else ''}{text}")


def _parent(path: Path | None, depth: int) -> Path | None:
    if path is None or depth > len(path.parents):
        return None
    return path.parents[depth - 1]


def _joined(path: Path | None, parts: list[ast.expr]) -> Path | None:
    """Join constant parts; None if a part is computed."""
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return None if path is None or len(texts) < len(parts) else path.joinpath(*texts)
