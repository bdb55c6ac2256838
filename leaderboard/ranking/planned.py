"""Read the plans of sessions: suite cells without a row, and the headline metrics of suites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.results.trial import Status
from leaderboard.ranking.frame import GROUPS, METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmark.results.planned import PlannedPuzzle
    from benchmark.results.session import Session

__all__ = ["PLANNED", "headline_of", "with_plan"]

PLANNED = "planned"
"""Source of a row that marks a planned cell; no digest has this value."""


def with_plan(frame: pd.DataFrame, sessions: Iterable[Session]) -> pd.DataFrame:
    """Add a row, before all other rows, for each planned cell without a row of any solver.

    The source of the added row is not the latest source of any solver, so the row never counts as a result. But the row
    makes the cell part of the table, so every solver lacks coverage there, and an interrupted run shows as incomplete.
    Families without a result are left out.
    """
    held = set(frame[["puzzle", "seed"]].drop_duplicates().itertuples(index=False, name=None))
    stands_in = {str(part["family"].iloc[0]): part.iloc[-1] for part in _ran(frame)}
    missing = {
        (puzzle.digest, seed): _row(stands_in[puzzle.family], puzzle, seed)
        for puzzle, seed in _cells(sessions)
        if (puzzle.digest, seed) not in held and puzzle.family in stands_in
    }
    if not missing:
        return frame
    extra = pd.DataFrame(list(missing.values()))
    groups = [name for name in extra.columns if str(name).startswith(GROUPS) and name not in frame.columns]
    whole = pd.concat([extra, frame.assign(**dict.fromkeys(map(str, groups)))], ignore_index=True)
    kinds = {name: frame[name].dtype for name in frame.columns}
    words = {name: "category" if isinstance(kind, pd.CategoricalDtype) else kind for name, kind in kinds.items()}
    return whole.astype({name: kind for name, kind in words.items() if not str(name).startswith(GROUPS)})


def _ran(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Split the rows by family, without skipped rows."""
    ran = frame[frame["status"].astype(str) != Status.SKIPPED]
    for _, part in ran.groupby("family", sort=False, observed=True):
        yield part


def _cells(sessions: Iterable[Session]) -> Iterator[tuple[PlannedPuzzle, int]]:
    for session in sessions:
        for use in session.suites:
            for puzzle in use.puzzles:
                for seed in use.seeds:
                    yield puzzle, seed


def _row(like: pd.Series, puzzle: PlannedPuzzle, seed: int) -> dict[str, Any]:
    row = {str(name): value for name, value in like.items() if not str(name).startswith((METRICS, GROUPS))}
    own = {"puzzle": puzzle.digest, "puzzle_name": puzzle.name, "seed": seed, "source": PLANNED, "wall_s": float("nan")}
    texts = dict.fromkeys(row.keys() & {"reason", "session", "uncovered"}, "")
    return {**row, **own, **texts, **{GROUPS + key: value for key, value in puzzle.groups.items()}}


def headline_of(sessions: Iterable[Session]) -> tuple[str, ...]:
    """Return the headline metrics of the sessions' suites; none if suites disagree."""
    asked = {use.headline or () for session in sessions for use in session.suites}
    return asked.pop() if len(asked) == 1 else ()
