"""The registry of solvers: built-in solvers, entry points of other packages, and objects in files.

A built-in solver is a frozen dataclass under `@register`. Its fields are its parameters, and the first
line of its docstring is its summary. A plug-in that fails to import is listed with the reason.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from generator.errors import PluginError, SpecError
from generator.family.registry import families
from generator.home import HOME
from generator.plugins import describe_failure, load_object
from generator.suggest import did_you_mean
from solvers.source import digest_of_source, gaps_of_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from solvers.api import Solver
    from solvers.reference import Reference

__all__ = [
    "ENTRY_POINTS",
    "OtherFamilyError",
    "SolverEntry",
    "build_solver",
    "check_parameters",
    "find_solver",
    "list_solvers",
    "register",
    "source_digest",
]

ENTRY_POINTS = "netjigsaw.solvers"
"""Entry-point group in which other packages offer solvers."""

Factory = TypeVar("Factory", bound="type[Any]")


class OtherFamilyError(SpecError):
    """A solver does not solve puzzles of the requested family."""


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
        built_in: whether netjigsaw contains the solver, so that it may be built in a process that can read the answers.
    """

    name: str
    family: str | None
    factory: Callable[..., Solver] | None
    summary: str = ""
    source: str = ""
    origin: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    error: str = ""
    built_in: bool = False


_REGISTERED: dict[tuple[str, str], SolverEntry] = {}


def register(*, family: str, name: str, source: str = "") -> Callable[[Factory], Factory]:
    """Register a solver class under a name.

    Raises:
        PluginError: if another class has the name.
    """

    def decorate(factory: Factory) -> Factory:
        held = _REGISTERED.get((family, name))
        if held is not None and held.origin != _origin(factory):
            raise PluginError(f"a {family} solver named {name!r} is registered already ({held.origin})")
        ours = str(factory.__module__).partition(".")[0] == "solvers" and _file_of(factory).is_relative_to(HOME)
        entry = _entry(factory, name=name, family=family, source=source)
        _REGISTERED[family, name] = dataclasses.replace(entry, built_in=ours)
        return factory

    return decorate


def list_solvers(family: str | None = None) -> tuple[SolverEntry, ...]:
    """List the registered solvers of one family or of all, including unavailable solvers.

    Only the built-in solvers of the requested families are imported.
    """
    _load_built_in(family)
    entries = [*_REGISTERED.values(), *_plugged_in()]
    return tuple(entry for entry in entries if family is None or entry.family in {family, None})


def find_solver(reference: Reference, family: str) -> SolverEntry:
    """Find the solver that a reference names, for puzzles of a family.

    Raises:
        SpecError: if no solver has that name.
        OtherFamilyError: if the solver is for another family.
        PluginError: if the solver's file cannot be loaded.
    """
    if reference.family not in {None, family}:
        raise OtherFamilyError(f"solver {reference.family}/{reference.target} does not solve {family} puzzles")
    if reference.is_file:
        path, _, name = reference.target.rpartition(":")
        entry = _entry(load_object(Path(path), name), name=reference.target, family=None)
        if entry.family not in {None, family}:
            raise OtherFamilyError(f"solver {entry.name} is for {entry.family} puzzles, not for {family} puzzles")
        return entry
    known = {entry.name: entry for entry in reversed(list_solvers(family))}
    if reference.target not in known:
        raise SpecError(f"no {family} solver {reference.target!r}{did_you_mean(reference.target, known)}")
    return known[reference.target]


def build_solver(entry: SolverEntry, parameters: Mapping[str, Any]) -> Solver:
    """Build a solver.

    Raises:
        PluginError: if the solver is unavailable, its factory fails, or the object is not a solver.
        SpecError: for an unknown parameter, or one of the wrong type.
    """
    if entry.factory is None:
        raise PluginError(f"solver {entry.name!r} is unavailable: {entry.error}")
    check_parameters(entry, parameters)
    try:
        solver = entry.factory(**parameters)
    except SpecError:
        raise
    except Exception as error:
        raise PluginError(f"solver {entry.name!r} could not be made: {describe_failure(error)}") from error
    if not callable(getattr(solver, "solve", None)):
        raise PluginError(f"{entry.name!r} is not a solver: it has no method solve(puzzle, context)")
    return solver


def check_parameters(entry: SolverEntry, parameters: Mapping[str, Any]) -> None:
    """Check names and types of parameters without building the solver.

    Raises:
        SpecError: for an unknown parameter, or one of the wrong type.
    """
    for key, value in parameters.items():
        if key not in entry.parameters:
            raise SpecError(f"solver {entry.name!r} has no parameter {key!r}{did_you_mean(key, entry.parameters)}")
        _check_type(entry, key, value)


def source_digest(entry: SolverEntry) -> str:
    """Digest a solver's source code. For an unavailable solver, digest the reason."""
    file = _source_file(entry)
    return hashlib.sha256(entry.error.encode()).hexdigest()[:16] if file is None else digest_of_source(file)


def source_gaps(entry: SolverEntry) -> tuple[str, ...]:
    """Say why a solver may need more files than its digest covers; nothing for a built-in solver."""
    file = None if entry.built_in else _source_file(entry)
    return () if file is None else gaps_of_source(file)


def _source_file(entry: SolverEntry) -> Path | None:
    factory = inspect.unwrap(entry.factory) if entry.factory is not None else None
    file = Path(inspect.getsourcefile(factory) or "") if factory is not None else Path()
    return file if file.is_file() else None


def _load_built_in(family: str | None) -> None:
    for known in families():
        for module in known.solvers if family in {None, known.name} else ():
            import_module(module)


@cache
def _plugged_in() -> tuple[SolverEntry, ...]:
    return tuple(_from_entry_point(point) for point in metadata.entry_points(group=ENTRY_POINTS))


def _from_entry_point(point: metadata.EntryPoint) -> SolverEntry:
    origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    try:
        return dataclasses.replace(_entry(point.load(), name=point.name, family=None), origin=origin)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign package may raise anything; the solver is listed with the reason
        return SolverEntry(point.name, None, None, origin=origin, error=describe_failure(error))


def _entry(factory: Any, *, name: str, family: str | None, source: str = "") -> SolverEntry:
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


def _file_of(factory: Any) -> Path:
    return Path(inspect.getsourcefile(factory) or "")


def _origin(factory: Any) -> str:
    try:
        file = _file_of(factory)
        line = inspect.getsourcelines(factory)[1]
    except (OSError, TypeError):
        return str(getattr(factory, "__module__", "unknown"))
    return f"{file.relative_to(HOME) if file.is_relative_to(HOME) else file}:{line}"


def _check_type(entry: SolverEntry, key: str, value: Any) -> None:
    default = entry.parameters[key]
    if default is None or value is None:
        return
    wanted = (int, float) if isinstance(default, float) else type(default)
    if isinstance(value, wanted) and isinstance(value, bool) == isinstance(default, bool):
        return
    raise SpecError(f"parameter {key!r} of solver {entry.name!r} takes a {type(default).__name__}, not {value!r}")
