"""Choose the modules that are imported once, before the first trial, instead of in every trial."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.isolation.launch import Launcher
from generator.errors import SpecError
from generator.family.registry import find_family
from solvers.registry import list_solvers
from solvers.source import packages_of_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.family.record import Family
    from solvers.reference import Reference

__all__ = ["launched_early", "warm_modules"]

BASE = ("numpy", "safetensors.numpy")
"""Modules that every trial needs. Their import starts no threads, so forking afterwards is safe."""


@contextlib.contextmanager
def launched_early(folder: Path, reference: Reference, threads: int) -> Iterator[Launcher | None]:
    """Start the launcher for one puzzle before the puzzle is read, so that both take place at the same time.

    Yields:
        The launcher; None if the folder holds no manifest that names a known family.
    """
    try:
        family = find_family(json.loads((folder / "manifest.json").read_bytes())["family"]).name
    except (OSError, ValueError, TypeError, KeyError, RecursionError, SpecError):
        yield None  # loading the puzzle raises the error
        return
    with contextlib.closing(Launcher(threads, warm_modules([(family, reference)]))) as launcher:
        yield launcher


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
        file = Path(reference.target.rpartition(":")[0])
        named = packages_of_source(file) if file.is_file() else ()  # the plan says that the file is missing
        yield from (library for library in family.libraries if library.partition(".")[0] in named)
        return
    entries = [entry for entry in list_solvers(family.name) if entry.name == reference.target]
    if entries and entries[0].built_in:
        yield entries[0].module
    else:
        yield from family.libraries
