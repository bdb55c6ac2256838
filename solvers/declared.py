"""Read the declarations of the built-in solvers from their source files, without importing the files.

A solver's module imports torch, which takes a second. Lists of solvers, plans and error messages need only the name,
the summary and the parameters, and all of these are literals in the source:

    @register(family="some-family", name="park", source="Park 2026")
    @dataclass(frozen=True)
    class Park:
        \"\"\"Summary in the first line.\"\"\"

        rows: int = 1_000
"""

from __future__ import annotations

import ast
from functools import cache
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from generator.errors import PluginError
from generator.home import HOME
from generator.lazy import late
from solvers.entry import SolverEntry, describe_origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["declared_solvers", "file_of_module"]


def file_of_module(module: str) -> Path:
    """Return the file of a module of netjigsaw."""
    return HOME.joinpath(*module.split(".")).with_suffix(".py")


@cache
def declared_solvers(modules: tuple[str, ...]) -> tuple[SolverEntry, ...]:
    """List the solvers that the given modules of netjigsaw declare; a package stands for all of its modules.

    Raises:
        PluginError: if a declaration is not made of literals.
    """
    return tuple(entry for name in modules for module in _modules_in(name) for entry in _declarations(module))


def _modules_in(name: str) -> list[str]:
    folder = HOME.joinpath(*name.split("."))
    if not folder.is_dir():
        return [name]
    return [f"{name}.{file.stem}" for file in sorted(folder.glob("*.py")) if file.stem != "__init__"]


def _declarations(module: str) -> Iterator[SolverEntry]:
    file = file_of_module(module)
    text = file.read_text(encoding="utf-8")
    if "@register(" not in text:
        return
    tree = ast.parse(text)
    constants = {
        statement.targets[0].id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    classes = {statement.name: statement for statement in tree.body if isinstance(statement, ast.ClassDef)}
    for name, declared in classes.items():
        keywords = _registration(declared)
        if keywords is None:
            continue
        try:
            registered = {key: _literal(node, constants) for key, node in keywords.items()}
            parameters = {key: _literal(node, constants) for key, node in _fields(declared, classes).items()}
        except ValueError as error:
            raise PluginError(f"{file}:{declared.lineno}: {name} is not declared with literals: {error}") from None
        yield SolverEntry(
            name=registered["name"],
            family=registered["family"],
            factory=late(f"{module}:{name}"),
            summary=cleandoc(ast.get_docstring(declared) or "").partition("\n")[0],
            source=registered.get("source", ""),
            origin=describe_origin(file, declared.decorator_list[0].lineno),
            parameters=parameters,
            module=module,
        )


def _registration(declared: ast.ClassDef) -> Mapping[str, ast.expr] | None:
    """Return the arguments of `@register(...)`; None for another class."""
    for decorator in declared.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name(id="register"), keywords=keywords):
                return {str(keyword.arg): keyword.value for keyword in keywords}
    return None


def _fields(declared: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> dict[str, ast.expr]:
    """Return the default of every field of a dataclass, the fields of its base classes in the same file first."""
    found: dict[str, ast.expr] = {}
    for base in declared.bases:
        if isinstance(base, ast.Name) and base.id in classes:
            found.update(_fields(classes[base.id], classes))
    for statement in declared.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return found


def _literal(node: ast.expr, constants: Mapping[str, ast.expr]) -> Any:
    return ast.literal_eval(constants.get(node.id, node) if isinstance(node, ast.Name) else node)
