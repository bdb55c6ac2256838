"""The entry of a solver in the registry, and how it is made from a class or a function."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import PluginError
from generator.home import HOME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from solvers.api import Solver

__all__ = ["SolverEntry", "describe_origin", "file_of", "make_entry"]


@dataclass(frozen=True)
class SolverEntry:
    """A solver that can be built.

    Attributes:
        name: the solver's name on the command line.
        family: family of the puzzles that it solves; None if an object in a file does not declare one.
        factory: builds the solver from the parameters; None if the solver is unavailable.
        summary: what the solver does, in one line.
        source: publication of the method.
        origin: file and line, or package, of the code.
        parameters: default values by parameter name.
        error: why the solver is unavailable, else empty.
        package: name of the installed package that offers the solver as an entry point, else empty.
        module: module of a solver that netjigsaw contains, else empty.
    """

    name: str
    family: str | None
    factory: Callable[..., Solver] | None
    summary: str = ""
    source: str = ""
    origin: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    error: str = ""
    package: str = ""
    module: str = ""

    @property
    def built_in(self) -> bool:
        """Whether netjigsaw contains the solver, so that it may be built in a process that can read the answers."""
        return bool(self.module)


def make_entry(factory: Any, *, name: str, family: str | None, source: str = "") -> SolverEntry:
    """Describe a class, or a function `solve(puzzle, context)`, as a solver.

    Raises:
        PluginError: if the object cannot be called.
    """
    if not callable(factory):
        raise PluginError(f"{name!r} is neither a class nor a function")
    if not inspect.isclass(factory) and _is_solve_function(factory):
        function = factory
        factory = type("FunctionSolver", (), {"solve": staticmethod(function), "__init__": lambda _: None})
        factory.__wrapped__ = function
        return SolverEntry(name, family, factory, _summary(function), source, _origin(function))
    return SolverEntry(
        name=name,
        family=family or getattr(factory, "family", None),
        factory=factory,
        summary=_summary(factory),
        source=source or str(getattr(factory, "source", "")),
        origin=_origin(factory),
        parameters=_parameters(factory),
    )


def _is_solve_function(function: Any) -> bool:
    try:
        return len(inspect.signature(function).parameters) == 2
    except (TypeError, ValueError):  # functions written in C may have no signature
        return False


def _parameters(factory: Any) -> dict[str, Any]:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return {}
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {
        key: None if parameter.default is inspect.Parameter.empty else parameter.default
        for key, parameter in signature.parameters.items()
        if parameter.kind not in kinds
    }


def _summary(factory: Any) -> str:
    # Python gives a dataclass without a docstring its signature as docstring.
    text = inspect.getdoc(factory) or ""
    return "" if text.startswith(f"{getattr(factory, '__name__', '')}(") else text.partition("\n")[0]


def file_of(factory: Any) -> Path:
    """Return the source file of a class or function; an empty path if there is none."""
    return Path(inspect.getsourcefile(factory) or "")


def _origin(factory: Any) -> str:
    try:
        return describe_origin(file_of(factory), inspect.getsourcelines(factory)[1])
    except (OSError, TypeError):
        return str(getattr(factory, "__module__", "unknown"))


def describe_origin(file: Path, line: int) -> str:
    """Return `file:line`; a file of netjigsaw is written relative to the folder of its packages."""
    return f"{file.relative_to(HOME) if file.is_relative_to(HOME) else file}:{line}"
