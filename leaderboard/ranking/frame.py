"""Hold result rows as a data frame, so that ranking does not loop over rows.

Columns:
puzzle, puzzle_name, family, solver, source, seed, status, wall_s   as in `Row`
limits           the row's limits in words, without its limit on queries
query_limit      the row's limit on queries, NaN where it has none; a frame may lack it
metrics.<name>   one column per metric, NaN where a row has none
groups.<key>     one column per group label, None where a puzzle has none
uncovered        as in `Row`: why the digest does not cover the solver's source; a frame may lack it
reason, session  as in `Row`; only with details
typed            the solver as in `Row`; only if a name stands for solvers from several places, which `solver` then
                 tells apart, see `benchmark.results.naming`
"""

from __future__ import annotations

from array import array
from itertools import islice, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmark.results.naming import distinct_names, distinct_puzzle_names
from benchmark.results.trial import Status
from generator.errors import SpecError
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmark.results.store import Store
    from benchmark.results.trial import Limits, Row

__all__ = [
    "COLUMNS",
    "DETAILS",
    "GROUPS",
    "METRICS",
    "QUERY_LIMIT",
    "check_frame",
    "frame_of",
    "frame_of_store",
    "group_keys",
    "limits_in_words",
    "puzzle_names",
]

METRICS = "metrics."
GROUPS = "groups."
COLUMNS = ("family", "puzzle", "puzzle_name", "solver", "source", "seed", "limits", "status", "wall_s")
"""Columns of every frame."""
DETAILS = ("reason", "session")
"""Additional columns of a frame with `details=True`."""
TYPED = "typed"
"""Column of the solvers' names as typed."""

QUERY_LIMIT = "query_limit"
"""Column of the limit on queries to an oracle."""

BLOCK = 32
"""Number of rows held at a time. More rows overflow the processor's cache and trigger garbage collections. Hand-set
with `experiments/page/leaderboard_scale.py`.
"""

_NAMES = ("family", "puzzle", "puzzle_name", "solver", "source", "uncovered")


def frame_of(rows: Iterable[Row], *, details: bool = False) -> pd.DataFrame:
    """Make a frame of rows, in their order, without holding all rows at once."""
    return _Columns(rows, details=details).frame()


def frame_of_store(store: Store, *, details: bool = False) -> pd.DataFrame:
    """Make a frame of the rows of a store, in the order of `Store.rows`, without holding all rows at once.

    Raises:
        StorageError: naming file and line of the first damaged row.
    """
    columns = _Columns(store.lines(), details=details)
    frame, trial = columns.frame(), columns.trial.codes()
    kept = np.flatnonzero(~pd.Series(trial).duplicated(keep="last").to_numpy())
    kept = kept[np.argsort(trial[kept], kind="stable")]
    by_time = np.argsort(columns.session.ranks()[kept], kind="stable")
    return frame.iloc[kept[by_time]].reset_index(drop=True)


class _Numbers(dict[Any, int]):
    """Numbers values in the order of their first appearance."""

    def __missing__(self, value: Any) -> int:
        self[value] = number = len(self)
        return number


class _Coded:
    """A column of few distinct values; each value is held once."""

    def __init__(self) -> None:
        self.numbers = _Numbers()
        self._codes = array("q")

    def extend(self, values: Iterable[Any]) -> None:
        self._codes.extend(map(self.numbers.__getitem__, values))

    def codes(self) -> np.ndarray:
        return np.array(self._codes, dtype=np.int64)

    def ranks(self) -> np.ndarray:
        """Number the values by their sorted order."""
        rank = np.empty(len(self.numbers), dtype=np.int64)
        rank[[self.numbers[value] for value in sorted(self.numbers)]] = np.arange(len(rank))
        return np.asarray(rank[self.codes()])

    def categorical(self, word: Callable[[Any], str] = str) -> pd.Categorical[str]:
        words = [word(value) for value in self.numbers]
        names = sorted(set(words))
        place = {name: number for number, name in enumerate(names)}
        rank = np.array([place[name] for name in words], dtype=np.int64)
        return pd.Categorical.from_codes(rank[self.codes()], categories=pd.Index(names, dtype="str"))

    def texts(self) -> list[str]:
        """List the distinct values by their number."""
        return [str(value) for value in self.numbers]

    def objects(self) -> pd.Series:
        held = np.empty(len(self.numbers), dtype=object)
        held[:] = list(self.numbers)
        return pd.Series(held[self.codes()], dtype=object)


class _Columns:
    """Builds all columns block by block, because a million row objects would take gigabytes."""

    def __init__(self, rows: Iterable[Row], *, details: bool) -> None:
        self.trial, self.session = _Coded(), _Coded()
        self._names = {name: _Coded() for name in (*_NAMES, *(("reason",) if details else ()))}
        self._details = details
        self._limits, self._status, self._origin = _Coded(), _Coded(), _Coded()
        self._seed: list[int] = []
        self._wall_s, self._query_limit = array("d"), array("d")
        self._metrics: dict[str, array[float]] = {}
        self._groups: dict[str, _Coded] = {}
        self._count = 0
        rows = iter(rows)
        while block := list(islice(rows, BLOCK)):
            self._extend(block)

    def _extend(self, rows: list[Row]) -> None:
        for name, column in {**self._names, "trial": self.trial, "session": self.session}.items():
            column.extend(map(attrgetter(name), rows))
        self._limits.extend(row.limits for row in rows)
        self._status.extend(row.status for row in rows)
        self._origin.extend(row.origin for row in rows)
        self._seed.extend(row.seed for row in rows)
        self._wall_s.extend(np.nan if row.wall_s is None else row.wall_s for row in rows)
        self._query_limit.extend(np.nan if row.limits.queries is None else row.limits.queries for row in rows)
        metrics = [row.metrics for row in rows]
        for name in set().union(*metrics) - self._metrics.keys():
            self._metrics[name] = array("d", [np.nan]) * self._count
        for name, values in self._metrics.items():
            values.extend(held.get(name, np.nan) for held in metrics)
        groups = [row.groups for row in rows]
        for key in set().union(*groups) - self._groups.keys():
            self._groups[key] = _Coded()
            self._groups[key].extend(repeat(None, self._count))
        for key, column in self._groups.items():
            column.extend(held.get(key) for held in groups)
        self._count += len(rows)

    def frame(self) -> pd.DataFrame:
        """Make the frame."""
        columns: dict[str, object] = {name: self._names[name].categorical() for name in _NAMES}
        columns["seed"] = self._seed
        columns["limits"] = self._limits.categorical(limits_in_words)
        columns[QUERY_LIMIT] = np.array(self._query_limit)
        columns["status"] = self._status.categorical()
        columns["wall_s"] = np.array(self._wall_s)
        columns |= {METRICS + name: np.array(self._metrics[name]) for name in sorted(self._metrics)}
        columns |= {GROUPS + key: self._groups[key].objects() for key in sorted(self._groups)}
        if self._details:
            columns |= {"reason": self._names["reason"].categorical(), "session": self.session.categorical()}
        renamed = self._renamed()
        if renamed is not None:
            columns |= {TYPED: columns["solver"], "solver": renamed}
        return pd.DataFrame(columns)

    def _renamed(self) -> pd.Categorical[str] | None:
        """Tell apart the solvers that one name stands for; None if there are none such."""
        if len(self._origin.numbers) == 1:
            return None
        held = (self._names["solver"], self._names["source"], self._origin)
        codes = np.stack([column.codes() for column in held], axis=1)
        kinds, last = np.unique(codes[::-1], axis=0, return_index=True)
        in_order = kinds[np.argsort(-last)].tolist()
        words = [column.texts() for column in held]
        names = distinct_names((words[0][s], words[1][d], words[2][o]) for s, d, o in in_order)
        if not names:
            return None
        kinds, number = np.unique(codes[:, :2], axis=0, return_inverse=True)
        pairs = [(words[0][s], words[1][d]) for s, d in kinds.tolist()]
        shown = np.array([names.get(pair, pair[0]) for pair in pairs], dtype=object)
        return pd.Categorical(pd.Series(shown[number.ravel()], dtype="str"))


def check_frame(frame: pd.DataFrame) -> None:
    """Check that the frame has rows to rank.

    Raises:
        SpecError: if a column is missing, there are no rows, or a row has an unknown status.
    """
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise SpecError(
            f"the result frame lacks the column {missing[0]!r}; make it with leaderboard.ranking.frame.frame_of"
        )
    if frame.empty:
        raise SpecError("there are no results to rank; netjigsaw run writes them")
    for status in set(frame["status"].unique()) - set(map(str, Status)):
        raise SpecError(f"a result has the unknown status {status!r}{did_you_mean(str(status), map(str, Status))}")


def puzzle_names(rows: pd.DataFrame) -> dict[str, str]:
    """Name the puzzles of rows by digest; where two have one name, with the first digits of the digest."""
    named = rows[["puzzle", "puzzle_name"]].drop_duplicates("puzzle", keep="last").astype(str)
    return distinct_puzzle_names(dict(named.itertuples(index=False, name=None)))


def group_keys(frame: pd.DataFrame) -> tuple[str, ...]:
    """List the group labels that tables can be split by, alphabetically."""
    return tuple(sorted(str(name)[len(GROUPS) :] for name in frame.columns if str(name).startswith(GROUPS)))


def limits_in_words(limits: Limits) -> str:
    """Write limits in one line, without limits that are not set, and without the limit on queries.

    The limit on queries is mostly the budget of the puzzle, so it differs between puzzles.
    """
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
