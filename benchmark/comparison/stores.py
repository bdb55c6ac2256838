"""Get the sides of a comparison from result folders, or from an interleaved run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.comparison.matching import Side
from benchmark.results.naming import with_distinct_names
from benchmark.results.store import Store
from benchmark.running.planning.plan import label_of
from benchmark.running.runner import run
from generator.errors import SpecError
from generator.suggest import did_you_mean
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmark.results.session import Session
    from benchmark.results.trial import Row
    from benchmark.running.events import Event
    from benchmark.running.planning.plan import Cell
    from benchmark.running.planning.request import RunRequest

__all__ = ["alternating", "load_side", "run_interleaved", "same_solvers", "two_solvers"]


def load_side(folder: Path) -> Side:
    """Read a result folder; solvers of one name from different places get distinct names.

    Raises:
        SpecError: if the folder does not exist, or holds no row.
        StorageError: if a row is damaged or cannot be read.
        PuzzleError: if a session file is damaged.
    """
    if not folder.is_dir():
        raise SpecError(f"no results at {folder}; netjigsaw run writes them")
    store = Store(folder)
    rows = tuple(with_distinct_names(store.rows()))
    if not rows:
        raise SpecError(f"{folder} holds no results (no rows-*.jsonl with a row); netjigsaw run writes them")
    return Side(str(folder), (rows,), store.sessions())


def same_solvers(base: Side, new: Side, wanted: Sequence[str] = ()) -> dict[str, str]:
    """Map every solver, or every wanted solver, to itself.

    Raises:
        SpecError: if a wanted solver is on neither side.
    """
    known = _labels(base, new)
    return {label: label for label in ([_find_label(name, known) for name in wanted] or known)}


def two_solvers(side: Side, base: str, new: str) -> dict[str, str]:
    """Map one solver of a folder to another.

    Raises:
        SpecError: if a solver is not in the folder, or both are the same solver.
    """
    known = _labels(side)
    first, second = _find_label(base, known), _find_label(new, known)
    if first == second:
        raise SpecError(f"{base!r} and {new!r} are the same solver; name two different solvers")
    return {first: second}


def run_interleaved(
    request: RunRequest, repeats: int, on_event: Callable[[Event], None] | None = None
) -> tuple[Side, dict[str, str]]:
    """Run two solvers interleaved, trial by trial in the order A B, B A, ..., and repeat the run `repeats` times.

    So the two trials of a pair are neighbours in time, and neither solver is always second. Rows go into `repeat-<n>`
    within the request's folder. The folder must be new, because an older row would not be a neighbour in time.

    Args:
        request: request with two solvers; it is run with one job, so that no other trial runs at the same time.
        repeats: number of runs.
        on_event: called with events of the progress.

    Returns:
        The rows of both solvers, which serve as both sides, and a map from the first solver's label to the second's.

    Raises:
        SpecError: if both are the same solver, the folder exists, or the request is invalid.
        StorageError: if the folder cannot be written.
        HarnessError: if the harness fails.
    """
    if request.results.exists():
        raise SpecError(f"{request.results} exists already; an interleaved run needs a folder of its own")
    base, new = map(label_of, request.references)
    if base == new:
        raise SpecError(f"{base!r} is on both sides; an interleaved run needs two solvers")
    rows: list[tuple[Row, ...]] = []
    sessions: dict[str, Session] = {}
    for index in range(repeats):
        folder = request.results / f"repeat-{index + 1}"
        hidden = (*request.hidden, request.results)
        turn = replace(request, results=folder, hidden=hidden, order=alternating(index), jobs=1)
        rows.append(tuple(run(turn, on_event, live=False)))
        sessions |= Store(folder).sessions()
    return Side(str(request.results), tuple(rows), sessions), {base: new}


def alternating(first: int) -> Callable[[list[Cell]], list[Cell]]:
    """Order cells A B, B A, A B, ... by puzzle and seed; an odd `first` starts with B A."""

    def order(cells: list[Cell]) -> list[Cell]:
        groups: dict[tuple[str, int], list[Cell]] = {}
        for cell in cells:
            groups.setdefault((cell.trial.puzzle, cell.trial.seed), []).append(cell)
        return [
            cell
            for turn, group in enumerate(groups.values(), start=first)
            for cell in (group if turn % 2 == 0 else group[::-1])
        ]

    return order


def _labels(*sides: Side) -> list[str]:
    return list(dict.fromkeys(row.solver for side in sides for rows in side.repeats for row in rows))


def _find_label(name: str, known: Sequence[str]) -> str:
    for label in (name, label_of(parse_reference(name))):
        if label in known:
            return label
    raise SpecError(f"no results of solver {name!r}{did_you_mean(name, known)}")
