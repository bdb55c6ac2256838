"""Choose the modules that are imported once, before the first trial, instead of in every trial."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from generator.family.registry import find_family
from solvers.registry import list_solvers
from solvers.source import packages_of_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.family.record import Family
    from solvers.reference import Reference

__all__ = ["warm_modules"]

BASE = ("numpy", "safetensors.numpy")
"""Modules that every trial needs. Their import starts no threads, so forking afterwards is safe."""


def warm_modules(pairs: Iterable[tuple[str, Reference]]) -> tuple[str, ...]:
    """List the modules that the trials of some solvers need.

    These are the modules of the family's record, the modules of built-in solvers, and the common libraries that a
    solver's source names. A solver that needs no scipy then starts without the import of scipy.

    Args:
        pairs: family of the puzzles, and solver.
    """
    modules = dict.fromkeys(BASE)
    for family, reference in pairs:
        modules.update(dict.fromkeys(_needed(find_family(family), reference)))
    return tuple(modules)


def _needed(family: Family, reference: Reference) -> Iterator[str]:
    yield from family.warm
    if reference.command is not None:
        return
    if reference.is_file:
        named = packages_of_source(Path(reference.target.rpartition(":")[0]))
        yield from (library for library in family.libraries if library.partition(".")[0] in named)
        return
    entries = [entry for entry in list_solvers(family.name) if entry.name == reference.target]
    if entries and entries[0].built_in:
        yield entries[0].module
    else:
        yield from family.libraries
