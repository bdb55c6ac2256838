"""Result rows as a data frame, so that ranking never loops over rows.

Columns:
puzzle, puzzle_name, family, solver, source, seed, status, wall_s   as in `Row`
limits           the row's limits in words
metrics.<name>   one column per metric, NaN where a row has none
groups.<key>     one column per group label, None where a puzzle has none
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark.trial import Status
from generator.errors import SpecError
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmark.trial import Limits, Row

__all__ = ["COLUMNS", "GROUPS", "METRICS", "check_frame", "frame_of", "group_keys", "limits_in_words"]

METRICS = "metrics."
GROUPS = "groups."
COLUMNS = ("family", "puzzle", "puzzle_name", "solver", "source", "seed", "limits", "status", "wall_s")
"""Columns that every frame has."""


def frame_of(rows: Iterable[Row]) -> pd.DataFrame:
    """Lay rows out as a frame, in store order."""
    rows = list(rows)
    words = {limits: limits_in_words(limits) for limits in {row.limits for row in rows}}
    columns: dict[str, object] = {
        name: pd.Categorical([getattr(row, name) for row in rows])
        for name in ("family", "puzzle", "puzzle_name", "solver", "source")
    }
    columns["seed"] = [row.seed for row in rows]
    columns["limits"] = pd.Categorical([words[row.limits] for row in rows])
    columns["status"] = pd.Categorical([str(row.status) for row in rows])
    columns["wall_s"] = np.array([np.nan if row.wall_s is None else row.wall_s for row in rows], dtype=float)
    for name in sorted({name for row in rows for name in row.metrics}):
        columns[METRICS + name] = np.array([row.metrics.get(name, np.nan) for row in rows], dtype=float)
    for key in sorted({key for row in rows for key in row.groups}):
        columns[GROUPS + key] = pd.Series([row.groups.get(key) for row in rows], dtype=object)
    return pd.DataFrame(columns)


def check_frame(frame: pd.DataFrame) -> None:
    """Check that there is something to rank.

    Raises:
        SpecError: if a column is missing, there are no rows, or one has an unknown status.
    """
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise SpecError(f"the result frame lacks the column {missing[0]!r}; make it with leaderboard.frame.frame_of")
    if frame.empty:
        raise SpecError("there are no results to rank; run a benchmark first")
    for status in set(frame["status"].unique()) - set(map(str, Status)):
        raise SpecError(f"a result has the unknown status {status!r}{did_you_mean(str(status), map(str, Status))}")


def group_keys(frame: pd.DataFrame) -> tuple[str, ...]:
    """List the group labels that tables can be split by, alphabetically."""
    return tuple(sorted(str(name)[len(GROUPS) :] for name in frame.columns if str(name).startswith(GROUPS)))


def limits_in_words(limits: Limits) -> str:
    """Say limits in a line; those that are not set are left out."""
    parts = [
        f"{what} {value:g} {unit}"
        for what, value, unit in (
            ("wall", limits.wall_s, "s"),
            ("CPU", limits.cpu_s, "s"),
            ("memory", limits.memory_mib, "MiB"),
            ("output", limits.output_mib, "MiB"),
        )
        if value is not None
    ]
    return ", ".join([*parts, f"{limits.threads} thread{'s' if limits.threads > 1 else ''}"])
