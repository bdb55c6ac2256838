"""Collect the paths to hide from solvers: result stores, folders of sealed answers, puzzles."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.suites.cache import BUILT_IN, puzzle_home
from benchmark.suites.folders import holds_answers, holds_results
from generator.errors import SpecError, StorageError
from generator.puzzle.storage import answers_beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmark.running.planning.request import RunRequest

__all__ = ["hidden_places"]


def hidden_places(request: RunRequest) -> tuple[Path, ...]:
    """List the files and folders to hide from solvers.

    Hidden are:

    * the store of this run and every store in the current folder or beside a puzzle, because a store holds
      the answers of other solvers;
    * the folders of sealed answers, every one in the current folder or beside a puzzle, and the paths that the
      request names;
    * the puzzles of this run: a solver gets its puzzle when the clock starts and must not read it before;
    * the puzzles of every suite on this machine, because they may be copies of the puzzles of this run.

    Raises:
        SpecError: if a hidden folder holds netjigsaw, the interpreter, a solver or a plug-in.
    """
    puzzles = [loaded.path.resolve() for loaded in request.puzzles if loaded.path is not None]
    homes = [answers_beside(puzzle) for puzzle in puzzles]
    grounds = {Path.cwd(), *(puzzle.parent for puzzle in puzzles)}
    stores = [place for ground in sorted(grounds) for place in _secrets_in(ground)]
    suites = [puzzle_home(), *BUILT_IN.glob("*/puzzles")]
    places = _outermost((*request.hidden, *puzzles, *homes, *stores, *suites, request.results))
    solvers = [reference.target.rpartition(":")[0] for reference in request.references if reference.is_file]
    plugins = [plugin for plugin in request.plugins if plugin.endswith(".py")]
    programs = [file for reference in request.references if reference.command for file in reference.command.files]
    needed = [("solver", Path(file)) for file in solvers] + [("plug-in", Path(file)) for file in plugins]
    needed += [("solver", file) for file in programs]
    needed += [("program", Path(__file__)), ("interpreter", Path(sys.prefix)), ("interpreter", Path(sys.base_prefix))]
    for place in places:
        for what, file in needed:
            if file.resolve().is_relative_to(place):
                raise SpecError(f"{place} is hidden from solvers, but the {what} {file} lies in it; move one of them")
    return tuple(places)


def _outermost(places: Iterable[Path]) -> list[Path]:
    """Leave out paths inside another hidden path, because each hidden path costs a mount."""
    resolved = {place.resolve() for place in places}
    return sorted(place for place in resolved if resolved.isdisjoint(place.parents))


def _secrets_in(ground: Path) -> Iterator[Path]:
    """Find result stores and folders of sealed answers directly in a folder.

    Folders that this process cannot read are left out, because no solver can read them.
    """
    with contextlib.suppress(PermissionError, FileNotFoundError):
        for folder in ground.iterdir():
            with contextlib.suppress(PermissionError, FileNotFoundError, StorageError):
                if holds_results(folder) or holds_answers(folder):
                    yield folder
