"""Write the reasons why trials of the two sides cannot be compared, or only with care."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmark.comparison.matching import Contest
    from benchmark.results.trial import Row

__all__ = ["MOST_NAMES", "one_sided", "uncovered_in_words", "unmatched_in_words"]

MOST_NAMES = 30
"""Largest number of puzzles that the text names; the JSON file names all. Hand-set."""


def one_sided(contest: Contest) -> str:
    """List the trials that only one side has, one line per side."""
    lines = []
    for name, rows in (("BASE", contest.only_base), ("NEW", contest.only_new)):
        if rows:
            count = f"{len(rows)} trial{'' if len(rows) == 1 else 's'}"
            lines.append(f"not comparable, on {name} only: {count} on {_puzzles(rows)}")
    return "\n".join(lines)


def _puzzles(rows: Sequence[Row]) -> str:
    names = sorted({row.puzzle_name for row in rows})
    some = ", ".join(names[:MOST_NAMES])
    return some if len(names) <= MOST_NAMES else f"{some} and {len(names) - MOST_NAMES} more"


def uncovered_in_words(contest: Contest) -> Iterator[str]:
    """Warn of each side whose rows may come from different versions of a solver, because its source is not covered."""
    pairs = (*contest.pairs, *contest.unjudged)
    for name, solver, rows in (
        ("BASE", contest.base_solver, [row for pair in pairs for row in pair.base]),
        ("NEW", contest.new_solver, [row for pair in pairs for row in pair.new]),
    ):
        why = next((row.uncovered for row in rows if row.uncovered), "")
        runs = len({row.session for row in rows if row.uncovered})
        if why:
            told = f"rows of {runs} runs, which may be of different versions" if runs > 1 else "rows of one run"
            yield f"{name}: the source of {solver} is not covered by its digest ({why}); {told}"


def unmatched_in_words(contest: Contest) -> str:
    """Write the reason why no trial of a contest can be compared."""
    if not contest.only_base or not contest.only_new:
        side, label = ("NEW", contest.new_solver) if contest.only_base else ("BASE", contest.base_solver)
        return f"{side} has no results of {label}"
    for what, values in (
        ("puzzle", ({row.puzzle for row in contest.only_base}, {row.puzzle for row in contest.only_new})),
        ("seed", ({row.seed for row in contest.only_base}, {row.seed for row in contest.only_new})),
        ("set of limits", ({row.limits for row in contest.only_base}, {row.limits for row in contest.only_new})),
    ):
        if not values[0] & values[1]:
            same = {row.puzzle_name for row in contest.only_base} & {row.puzzle_name for row in contest.only_new}
            hint = f"; different puzzles share the name {', '.join(sorted(same))}" if what == "puzzle" and same else ""
            return f"BASE and NEW have no {what} in common{hint}"
    return "no trial of BASE has the puzzle, seed and limits of a trial of NEW"
