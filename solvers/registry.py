"""The registry of solvers: built-in solvers, entry points of other packages, and objects in files.

A built-in solver is a frozen dataclass under `@register`. Its fields are its parameters, and the first
line of its docstring is its summary. Its module is imported only when the solver is built. A plug-in that
fails to import is listed with the reason.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from generator.errors import PluginError, SpecError
from generator.family.registry import built_in_families, families
from generator.plugins import describe_failure, load_object
from generator.suggest import did_you_mean
from solvers.declared import declared_solvers, file_of_module
from solvers.entry import SolverEntry, file_of, make_entry
from solvers.source import digest_of_source, gaps_of_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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


_REGISTERED: dict[tuple[str, str], SolverEntry] = {}


def register(*, family: str, name: str, source: str = "") -> Callable[[Factory], Factory]:
    """Register a solver class under a name.

    Raises:
        PluginError: if another class has the name.
    """

    def decorate(factory: Factory) -> Factory:
        entry = make_entry(factory, name=name, family=family, source=source)
        held = _known().get((family, name))
        if held is not None and held.origin != entry.origin:
            raise PluginError(f"a {family} solver named {name!r} is registered already ({held.origin})")
        _REGISTERED[family, name] = entry
        return factory

    return decorate


def list_solvers(family: str | None = None) -> tuple[SolverEntry, ...]:
    """List the registered solvers of one family or of all, including unavailable solvers. No built-in is imported.

    The solver of an installed package is unavailable if another solver has its name, because a result's solver would
    not be known.
    """
    for known in families()[len(built_in_families()) :]:
        for module in known.solvers if family in {None, known.name} else ():
            import_module(module)
    entries = [*_known().values(), *_plugged_in()]
    entries = [_usable(entry, entries) if entry.package else entry for entry in entries]
    return tuple(entry for entry in entries if family is None or entry.family in {family, None})


def _known() -> dict[tuple[str, str], SolverEntry]:
    """Return the declared solvers, then the solvers that only `register` knows."""
    entries = [entry for family in built_in_families() for entry in declared_solvers(family.solvers)]
    declared = {(str(entry.family), entry.name): entry for entry in entries}
    return {**declared, **{key: entry for key, entry in _REGISTERED.items() if key not in declared}}


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
        entry = make_entry(load_object(Path(path), name), name=reference.target, family=None)
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
    """List the reasons why a solver may need more files than its digest covers; a built-in solver has none."""
    file = None if entry.built_in else _source_file(entry)
    return () if file is None else gaps_of_source(file)


def _source_file(entry: SolverEntry) -> Path | None:
    if entry.built_in:
        return file_of_module(entry.module)
    file = file_of(inspect.unwrap(entry.factory)) if entry.factory is not None else Path()
    return file if file.is_file() else None


def _usable(entry: SolverEntry, entries: Iterable[SolverEntry]) -> SolverEntry:
    """Make a package's solver unavailable if another solver that can be built has its name."""
    for other in entries:
        meet = other.family == entry.family or None in {other.family, entry.family}
        if other is not entry and other.name == entry.name and meet and other.factory is not None:
            reason = f"{other.origin} has a solver of the same name; uninstall {entry.package} or rename its solver"
            return entry if entry.factory is None else dataclasses.replace(entry, factory=None, error=reason)
    return entry


@cache
def _plugged_in() -> tuple[SolverEntry, ...]:
    return tuple(_from_entry_point(point) for point in metadata.entry_points(group=ENTRY_POINTS))


def _from_entry_point(point: metadata.EntryPoint) -> SolverEntry:
    origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    package = point.dist.name if point.dist else point.module
    try:
        entry = make_entry(point.load(), name=point.name, family=None)
        return dataclasses.replace(entry, origin=origin, package=package)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign package may raise anything; the solver is listed with the reason
        return SolverEntry(point.name, None, None, origin=origin, error=describe_failure(error), package=package)


def _check_type(entry: SolverEntry, key: str, value: Any) -> None:
    default = entry.parameters[key]
    if default is None or value is None:
        return
    wanted = (int, float) if isinstance(default, float) else type(default)
    if isinstance(value, wanted) and isinstance(value, bool) == isinstance(default, bool):
        return
    raise SpecError(f"parameter {key!r} of solver {entry.name!r} takes a {type(default).__name__}, not {value!r}")
