"""Pair the trials that both sides ran: same puzzle digest, same seed, same limits.

Only the latest source of each solver counts, and only the last row of each cell. Sources are not compared, because a
changed heuristic has the same name and a different source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.results.naming import distinct_puzzle_names
from benchmark.results.outcome import SERVER_DIED
from benchmark.results.trial import Limits, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmark.results.session import Session
    from benchmark.results.trial import Row

__all__ = ["Contest", "Pair", "Side", "live_rows", "match", "names_of", "why_unjudged"]

Cell = tuple[str, int, Limits]
"""Puzzle digest, seed and limits, which the two rows of a pair share."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: name of the side in reports.
        repeats: rows of each repetition of the whole run; usually one repetition.
        sessions: machine and settings of each session, by id.
    """

    name: str
    repeats: tuple[tuple[Row, ...], ...]
    sessions: Mapping[str, Session] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """One trial on both sides, with one row per repeat on each side."""

    base: tuple[Row, ...]
    new: tuple[Row, ...]

    @property
    def puzzle(self) -> str:
        """Digest of the puzzle."""
        return self.base[0].puzzle


@dataclass(frozen=True)
class Contest:
    """One solver's results on BASE against one solver's on NEW.

    Attributes:
        family: family of the puzzles.
        base_solver: label of the solver on BASE.
        new_solver: label of the solver on NEW, usually the same label.
        pairs: trials that can be compared, by puzzle.
        unjudged: trials in which a side failed, possibly because of the machine.
        only_base: rows without a partner on NEW.
        only_new: rows without a partner on BASE.
    """

    family: str
    base_solver: str
    new_solver: str
    pairs: tuple[Pair, ...]
    unjudged: tuple[Pair, ...] = ()
    only_base: tuple[Row, ...] = ()
    only_new: tuple[Row, ...] = ()

    @property
    def label(self) -> str:
        """Name of the contest."""
        return self.base_solver if self.base_solver == self.new_solver else f"{self.base_solver} → {self.new_solver}"


def live_rows(rows: Iterable[Row]) -> list[Row]:
    """Drop rows that a later source or row supersedes, and trials of solvers for another family.

    Args:
        rows: in the order of their runs.
    """
    ran = [row for row in rows if row.status != Status.SKIPPED]
    latest = {(row.family, row.solver): row.source for row in ran}
    current = [row for row in ran if latest[row.family, row.solver] == row.source]
    return list({(row.family, row.solver, _cell(row)): row for row in current}.values())


def why_unjudged(row: Row) -> str:
    """Return the reason why a row is no evidence about its solver; empty if it is evidence.

    A wrong answer, no answer, a crash, a timeout or too much memory is a failure of the solver. A failed import of the
    solver or a dead fork server may be a failure of the machine.
    """
    if row.status == Status.UNAVAILABLE:
        return f"unavailable: {row.reason}"
    if row.status == Status.CRASHED and row.reason == SERVER_DIED:
        return f"crashed: {row.reason}"
    return ""


def match(base: Side, new: Side, solvers: Mapping[str, str]) -> list[Contest]:
    """Pair trials, one contest for each family and solver with rows on either side.

    Args:
        base: the side BASE.
        new: the side NEW.
        solvers: label on BASE to label on NEW.
    """
    ours, theirs = _by_solver(base, solvers.keys()), _by_solver(new, solvers.values())
    contests = []
    for first, second in solvers.items():
        for family in dict.fromkeys(name for name, label in (*ours, *theirs) if label in {first, second}):
            found = _contest((family, first, second), ours.get((family, first), {}), theirs.get((family, second), {}))
            if found.pairs or found.unjudged or found.only_base or found.only_new:
                contests.append(found)
    return contests


_Rows = dict[Cell, dict[int, "Row"]]
"""Rows by cell and repeat."""


def _by_solver(side: Side, labels: Iterable[str]) -> dict[tuple[str, str], _Rows]:
    wanted = set(labels)
    found: dict[tuple[str, str], _Rows] = {}
    for repeat, rows in enumerate(side.repeats):
        for row in live_rows(rows):
            if row.solver in wanted:
                cells = found.setdefault((row.family, row.solver), {})
                cells.setdefault(_cell(row), {})[repeat] = row
    return found


def _contest(names: tuple[str, str, str], base: _Rows, new: _Rows) -> Contest:
    common = [cell for cell, rows in base.items() if cell in new and rows.keys() & new[cell].keys()]
    common.sort(key=lambda cell: cell[:2])  # the order of the stores must not change any digit of a result
    pairs = [_pair(base[cell], new[cell]) for cell in common]
    held = {_cell(pair.base[0]) for pair in pairs}
    blamed = [any(map(why_unjudged, (*pair.base, *pair.new))) for pair in pairs]
    return Contest(
        *names,
        pairs=tuple(pair for pair, bad in zip(pairs, blamed, strict=True) if not bad),
        unjudged=tuple(pair for pair, bad in zip(pairs, blamed, strict=True) if bad),
        only_base=_without(base, held),
        only_new=_without(new, held),
    )


def _pair(base: Mapping[int, Row], new: Mapping[int, Row]) -> Pair:
    both = sorted(base.keys() & new.keys())
    return Pair(tuple(base[repeat] for repeat in both), tuple(new[repeat] for repeat in both))


def _without(rows: _Rows, held: set[Cell]) -> tuple[Row, ...]:
    return tuple(next(iter(repeats.values())) for cell, repeats in rows.items() if cell not in held)


def _cell(row: Row) -> Cell:
    return row.puzzle, row.seed, row.limits


def names_of(rows: Sequence[Row]) -> dict[str, str]:
    """Map digests to names of puzzles; if two puzzles share a name, the first digits of the digest follow the name."""
    return distinct_puzzle_names({row.puzzle: row.puzzle_name for row in rows})
