"""The notes of a table: what makes its rows hard to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.results.planned import NOT_AS_LOCKED
from leaderboard.ranking.machines import machine_notes
from leaderboard.ranking.planned import PLANNED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["notes_of"]


def notes_of(part: pd.DataFrame) -> Iterator[str]:
    """Write the notes of one table, whose rows `leaderboard.ranking.grid.mark_live` has marked."""
    live = part[part["live"]]
    limits = live["limits"].value_counts()
    if (limits > 0).sum() > 1:
        each = "; ".join(f"{count} rows under {words}" for words, count in limits.items() if count)
        yield f"Limits differ: {each}."
    named = part[["puzzle_name", "puzzle"]].drop_duplicates()
    for name, digests in named.groupby("puzzle_name", observed=True)["puzzle"]:
        if len(digests) > 1:
            listed = ", ".join(sorted(str(digest)[:12] for digest in digests))
            yield f"The name {name} stands for {len(digests)} different puzzles ({listed}), counted separately."
    local = sorted(name for name in map(str, named["puzzle_name"].unique()) if name.endswith(NOT_AS_LOCKED))
    if local:
        yield f"These puzzles were made on one machine and differ from their suite's lock: {', '.join(local)}."
    older = int((~part["live"] & (part["source"] != PLANNED)).sum())
    if older:
        yield f"{older} older row{'s are' if older > 1 else ' is'} superseded by a later run or a newer source."
    if "uncovered" in live and (doubtful := live[live["uncovered"].astype(str) != ""])["solver"].size:
        names = ", ".join(sorted(map(str, doubtful["solver"].unique())))
        yield f"Source not covered by its digest, so rows may come from different versions: {names}."
    yield from machine_notes(live)
