"""Give distinct names to solvers from different places, and to puzzles with different digests, that share a name.

A row names its solver as typed, so `m.py:M` may stand for files of two folders. Tables need a name for each, else the
results of one would pass for an older version of the other. The row's `origin` distinguishes solvers. One source
is one solver, wherever it was read. A row without an origin, as of an older store, belongs to the place of its source,
else to the place of the latest row.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmark.results.trial import Row

__all__ = ["COMMAND", "distinct_names", "distinct_puzzle_names", "with_distinct_names"]

COMMAND = "command:"
"""Beginning of the origin of a program; a digest of its command follows, then a space and its first file, if any."""


def distinct_names(seen: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
    """Name the solvers whose label stands for solvers from several places.

    A file is named by the end of its path, as far as needed (`a/m.py:M` and `b/m.py:M`), any other solver by its label
    and its place in parentheses.

    Args:
        seen: label, source and origin of rows, each combination once, the one of the latest row last.

    Returns:
        The name by label and source; labels from one place are left out.
    """
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for label, source, origin in seen:
        place = "" if label.startswith("/") else origin  # an absolute path is one place, also if the store was moved
        groups.setdefault(_base(label), []).append((label, source, place))
    taken = {label for group in groups.values() for label, _, _ in group}
    names: dict[tuple[str, str], str] = {}
    for base, group in groups.items():
        places = _places(group)
        if len(set(places.values())) > 1:
            marks = _marks(base, sorted(set(places.values())), taken)
            names |= {(label, source): _named(label, base, marks[places[source]]) for label, source, _ in group}
    return names


def with_distinct_names(rows: Sequence[Row]) -> list[Row]:
    """Rename the solvers of rows, the latest last, by `distinct_names`."""
    seen: dict[tuple[str, str, str], None] = {}
    for row in rows:
        key = row.solver, row.source, row.origin
        seen.pop(key, None)
        seen[key] = None
    names = distinct_names(seen)
    if not names:
        return list(rows)
    return [row.model_copy(update={"solver": names.get((row.solver, row.source), row.solver)}) for row in rows]


def distinct_puzzle_names(names: Mapping[str, str]) -> dict[str, str]:
    """Add the first digits of the digest to each name that two puzzles share.

    Args:
        names: name by digest.
    """
    count = Counter(names.values())
    return {digest: name if count[name] == 1 else f"{name} ({digest[:12]})" for digest, name in names.items()}


def _base(label: str) -> str:
    """Return a file's label without its parameters; any other label is whole."""
    head = label.partition("[")[0]
    return head if ".py:" in head else label


def _places(group: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Say for each source where it is from.

    A source of several places belongs to one where it is the latest source, if there is one, because elsewhere a newer
    source stands for that place. A source of no known place belongs to the place of the latest row.
    """
    newest = {origin: source for _, source, origin in group if origin}
    known: dict[str, str] = {}
    for _, source, origin in group:
        if origin and (source not in known or (newest[origin] == source and newest[known[source]] != source)):
            known[source] = origin
    latest = next((known[source] for _, source, origin in reversed(group) if origin), "")
    return {source: known.get(source, latest) for _, source, _ in group}


def _marks(base: str, places: Sequence[str], taken: set[str]) -> dict[str, str]:
    """Shorten the places as far as they stay distinct, and make no name that another solver has."""
    parts = {place: _parts(place) for place in places}
    for length in range(1, max(map(len, parts.values())) + 1):
        marks = {place: "/".join(part[-length:]) for place, part in parts.items()}
        names = {_named(base, base, mark) for mark in marks.values()}
        if len(names) == len(places) and not names & (taken - {base}):
            return marks
    return {place: place if not place.startswith(COMMAND) else place[len(COMMAND) :][:8] for place in places}


def _parts(place: str) -> tuple[str, ...]:
    """Split the path of a place; a command without a file is its digest."""
    if place.startswith(COMMAND):
        digest, _, path = place.removeprefix(COMMAND).partition(" ")
        return PurePosixPath(path or digest).parts
    return PurePosixPath(place).parts


def _named(label: str, base: str, mark: str) -> str:
    head, bracket, parameters = label.partition("[")
    if ".py:" in base and head == base and mark.endswith(".py"):
        return f"{mark}:{base.rpartition(':')[2]}{bracket}{parameters}"
    if label.endswith("]") and bracket:
        return f"{head} ({mark}){bracket}{parameters}"
    return f"{label} ({mark})"
