"""Write the notes of a table: reasons why its rows are hard to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.results.planned import NOT_AS_LOCKED
from leaderboard.ranking.frame import QUERY_LIMIT, TYPED
from leaderboard.ranking.machines import machine_notes
from leaderboard.ranking.planned import PLANNED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["notes_of"]

MOST_NAMES = 5
"""Most solvers or puzzles that a note names. Hand-set."""


def notes_of(part: pd.DataFrame) -> Iterator[str]:
    """Write the notes of one table; `leaderboard.ranking.grid.mark_live` must have marked the rows."""
    live = part[part["live"]]
    limits = live["limits"].value_counts()
    if (limits > 0).sum() > 1:
        each = "; ".join(f"{count} rows under {words}" for words, count in limits.items() if count)
        yield f"Limits differ: {each}."
    yield from _query_limits(live)
    named = part[["puzzle_name", "puzzle"]].drop_duplicates()
    for name, digests in named.groupby("puzzle_name", observed=True)["puzzle"]:
        if len(digests) > 1:
            listed = ", ".join(sorted(str(digest)[:12] for digest in digests))
            yield f"The name {name} stands for {len(digests)} different puzzles ({listed}), counted separately."
    local = sorted(name for name in map(str, named["puzzle_name"].unique()) if name.endswith(NOT_AS_LOCKED))
    if local:
        yield f"These puzzles were made on one machine and differ from their suite's lock: {', '.join(local)}."
    yield from _told_apart(part)
    yield from _superseded(part)
    if "uncovered" in live and (doubtful := live[live["uncovered"].astype(str) != ""])["solver"].size:
        names = ", ".join(sorted(map(str, doubtful["solver"].unique())))
        yield f"The digest does not cover the source, so rows may come from different versions: {names}."
    yield from machine_notes(live)


def _query_limits(live: pd.DataFrame) -> Iterator[str]:
    """Name the puzzles on which solvers could ask different numbers of queries."""
    if QUERY_LIMIT not in live:
        return
    kinds = live.groupby("puzzle_name", observed=True)[QUERY_LIMIT].nunique(dropna=False)
    differing = sorted(map(str, kinds.index[kinds > 1]))
    if differing:
        more = f", and {len(differing) - MOST_NAMES} others" if len(differing) > MOST_NAMES else ""
        yield f"Limits on queries differ between rows on {', '.join(differing[:MOST_NAMES])}{more}."


def _told_apart(part: pd.DataFrame) -> Iterator[str]:
    """Name the solvers that were run under one name."""
    if TYPED not in part.columns:
        return
    named = part[[TYPED, "solver"]].drop_duplicates().astype(str)
    for typed, names in named.groupby(TYPED)["solver"]:
        if len(names) > 1:
            yield f"{len(names)} different solvers were run as {typed}: {', '.join(sorted(names))}."


def _superseded(part: pd.DataFrame) -> Iterator[str]:
    """Name the solvers of which rows do not count, and what counts instead."""
    older = part[~part["live"] & (part["source"] != PLANNED)]
    if older.empty:
        return
    kinds = older[["solver", "source", "latest"]].astype(str)
    told = []
    for solver, source, latest, count in kinds.value_counts(sort=False).reset_index().itertuples(index=False):
        new = f"a newer source ({source[:8]} by {latest[:8]})" if source != latest else "a later run"
        told.append(f"{count} of {solver} by {new}")
    more = f", and more of {len(told) - MOST_NAMES} others" if len(told) > MOST_NAMES else ""
    many = f"{len(older)} older rows are" if len(older) > 1 else "1 older row is"
    yield f"{many} superseded: {', '.join(told[:MOST_NAMES])}{more}."
