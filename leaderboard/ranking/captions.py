"""The sentences below a table: the rule of the order, and what a reader must know besides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmark.statistics import fewest_puzzles
from benchmark.suites.schema import NOT_AS_LOCKED
from leaderboard.ranking.machines import machine_notes
from leaderboard.ranking.planned import PLANNED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from generator.family.metric import Metric
    from leaderboard.ranking.rank import Ranking

__all__ = ["caption", "notes", "number"]


def caption(ranking: Ranking) -> str:
    """State the rule of the order, how cells are summed up, and what a reader must know besides."""
    order = [metric.label + (" (lowest first)" if metric.better == "low" else "") for metric in ranking.headline]
    test = f"an exact McNemar test on the solved puzzles (two-sided, alpha = {ranking.alpha:g})"
    sentences = [
        f"Order: {', then '.join(['puzzles solved', 'cells solved', *order, 'median wall time'])}.",
        f"A rank is shared by those whom {test} cannot tell from its first.",
        f"Puzzles: {ranking.puzzles}; one is solved if more than half of its cells (seeds) are.",
        f"Cells (puzzle, seed): {ranking.cells}; one that is missing counts as a failure.",
        *_summing_up(ranking.headline),
        "Wall time: a cell without an answer counts as never ending.",
        f"Interval: Wilson, {100 * (1 - ranking.alpha):g} %, of the share of puzzles solved.",
    ]
    if any(standing.provisional for standing in ranking.standings):
        sentences.append("* provisional: not run on every cell, hence no rank.")
    return " ".join([*sentences, *ranking.notes])


def _summing_up(metrics: Sequence[Metric]) -> list[str]:
    """Say for each kind of summary what a failed cell counts as."""
    kinds: dict[tuple[str, float], list[str]] = {}
    for metric in metrics:
        kinds.setdefault((metric.summary, metric.if_failed), []).append(metric.label)
    return [
        f"{_capital(' and '.join(labels))}: {summary} over all cells, a failed one counts as {number(failed, 'g')}."
        for (summary, failed), labels in kinds.items()
    ]


def notes(part: pd.DataFrame, alpha: float) -> Iterator[str]:
    """Say what makes the rows of one table, marked by `leaderboard.ranking.grid.mark_live`, hard to compare."""
    live = part[part["live"]]
    limits = live["limits"].value_counts()
    if (limits > 0).sum() > 1:
        each = "; ".join(f"{count} rows under {words}" for words, count in limits.items() if count)
        yield f"Limits differ: {each}."
    named = part[["puzzle_name", "puzzle"]].drop_duplicates()
    for name, digests in named.groupby("puzzle_name", observed=True)["puzzle"]:
        if len(digests) > 1:
            listed = ", ".join(sorted(str(digest)[:12] for digest in digests))
            yield f"The name {name} stands for {len(digests)} different puzzles ({listed}), counted apart."
    local = sorted(name for name in map(str, named["puzzle_name"].unique()) if name.endswith(NOT_AS_LOCKED))
    if local:
        yield f"Made on one machine, and others than in their suite's lock: {', '.join(local)}."
    older = int((~part["live"] & (part["source"] != PLANNED)).sum())
    if older:
        yield f"{older} older row{'s are' if older > 1 else ' is'} superseded by a later run or a newer source."
    yield from machine_notes(live)
    if part["puzzle"].nunique() < fewest_puzzles(alpha):
        yield f"With fewer than {fewest_puzzles(alpha)} puzzles no outcome can separate two solvers."


def number(value: float, form: str) -> str:
    """Write a number; infinity as its sign, what is not known as a dash."""
    if math.isnan(value):
        return "–"
    return format(value, form) if math.isfinite(value) else ("∞" if value > 0 else "−∞")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
