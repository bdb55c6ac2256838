"""Distinct names for solvers of different origins with the same label, and for puzzles with the same name.

A row names its solver as typed, so `m.py:M` may mean files in two folders. Tables need a name for each file; otherwise
the results of one file would seem to come from an older version of the other. The row's `origin` distinguishes such
solvers. Rows with the same source belong to one solver, wherever the source was read. A row without an origin, from an
older store, gets the origin of its source, or else the origin of the latest row.
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
    """Name the solvers whose label means solvers of several origins.

    A file is named by the shortest distinct end of its path (`a/m.py:M` and `b/m.py:M`). Any other solver is named by
    its label and, in parentheses, a short form of its origin.

    Args:
        seen: label, source and origin of rows, each combination once, the one of the latest row last.

    Returns:
        The name by label and source; labels of one origin are left out.
    """
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for label, source, recorded in seen:
        origin = "" if label.startswith("/") else recorded  # the path is the origin, also if the store was moved
        groups.setdefault(_base(label), []).append((label, source, origin))
    taken = {label for group in groups.values() for label, _, _ in group}
    names: dict[tuple[str, str], str] = {}
    for base, group in groups.items():
        origins = _origins(group)
        if len(set(origins.values())) > 1:
            marks = _marks(base, sorted(set(origins.values())), taken)
            names |= {(label, source): _named(label, base, marks[origins[source]]) for label, source, _ in group}
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
    """Return a file's label without its parameters, and any other label unchanged."""
    head = label.partition("[")[0]
    return head if ".py:" in head else label


def _origins(group: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Return the origin of each source.

    A source with several origins gets one of which it is the latest source, if there is one, because the other origins
    have a newer source. A source without a known origin gets the origin of the latest row.
    """
    newest = {origin: source for _, source, origin in group if origin}
    known: dict[str, str] = {}
    for _, source, origin in group:
        if origin and (source not in known or (newest[origin] == source and newest[known[source]] != source)):
            known[source] = origin
    latest = next((known[source] for _, source, origin in reversed(group) if origin), "")
    return {source: known.get(source, latest) for _, source, _ in group}


def _marks(base: str, origins: Sequence[str], taken: set[str]) -> dict[str, str]:
    """Shorten the origins to distinct texts, and make no name that another solver has."""
    parts = {origin: _parts(origin) for origin in origins}
    for length in range(1, max(map(len, parts.values())) + 1):
        marks = {origin: "/".join(part[-length:]) for origin, part in parts.items()}
        names = {_named(base, base, mark) for mark in marks.values()}
        if len(names) == len(origins) and not names & (taken - {base}):
            return marks
    return {origin: origin if not origin.startswith(COMMAND) else origin[len(COMMAND) :][:8] for origin in origins}


def _parts(origin: str) -> tuple[str, ...]:
    """Split the path of an origin; the only part of a command without a file is its digest."""
    if origin.startswith(COMMAND):
        digest, _, path = origin.removeprefix(COMMAND).partition(" ")
        return PurePosixPath(path or digest).parts
    return PurePosixPath(origin).parts


def _named(label: str, base: str, mark: str) -> str:
    head, bracket, parameters = label.partition("[")
    if ".py:" in base and head == base and mark.endswith(".py"):
        return f"{mark}:{base.rpartition(':')[2]}{bracket}{parameters}"
    if label.endswith("]") and bracket:
        return f"{head} ({mark}){bracket}{parameters}"
    return f"{label} ({mark})"
