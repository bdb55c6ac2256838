"""The caption below a table: the rule of the order, the tests, and how cells are counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmark.statistics import fewest_puzzles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.family.metric import Metric
    from leaderboard.ranking.records import Ranking

__all__ = ["caption", "number", "why_unranked"]


def caption(ranking: Ranking) -> str:
    """Write the caption: the rule of the order, the tests behind the letters, and how cells are counted."""
    return " ".join(
        [*_order(ranking), *_letters(ranking), *_counts(ranking), *_unranked(ranking), *ranking.notes],
    )


def _order(ranking: Ranking) -> Iterator[str]:
    metric = ranking.ranking_metric
    if metric is None:
        first = ["puzzles solved", "cells solved"]
    else:
        first = [f"{_mean(metric)} of {metric.label} over puzzles{_direction(metric)}"]
    ties = [metric.label + _direction(metric) for metric in ranking.headline]
    yield f"Order: {', then '.join([*first, *ties, 'median wall time'])}. The rank is the position in this order."


def _direction(metric: Metric) -> str:
    return " (lowest first)" if metric.better == "low" else ""


def _mean(metric: Metric) -> str:
    return "geometric mean" if metric.scale == "log" else "mean"


def _letters(ranking: Ranking) -> Iterator[str]:
    """State the test, and warn if there are too few puzzles for any outcome to separate two solvers."""
    solved = ranking.ranking_metric is None
    test = "an exact McNemar test on the solved puzzles" if solved else "a paired sign-flip test over puzzles"
    adjusted = f"adjusted for all {ranking.pairs} pairs by Benjamini and Hochberg" if ranking.pairs > 1 else "one pair"
    if not ranking.pairs:
        return
    yield (
        f"Not separated: two solvers share a letter when {test} does not separate them "
        f"(two-sided, alpha = {ranking.alpha:g}, {adjusted})."
    )
    fewest = fewest_puzzles(ranking.alpha)
    if ranking.puzzles < fewest:
        yield f"With fewer than {fewest} puzzles, the test cannot separate two solvers."


def _counts(ranking: Ranking) -> Iterator[str]:
    metric = ranking.ranking_metric
    cells = f"Cells (puzzle and seed): {ranking.cells}."
    if metric is None:
        yield f"Puzzles: {ranking.puzzles}; a puzzle is solved when more than half of its cells are solved."
        yield f"{cells} A missing cell counts as a failure."
    else:
        yield f"Puzzles: {ranking.puzzles}; the seeds of a puzzle are averaged first."
        failed = number(metric.if_failed, "g")
        yield f"{cells} A cell that is missing or has no score counts as {metric.label} {failed}."
    yield from _summaries(ranking.headline)
    yield "Wall time: a cell without an answer counts as infinite."
    level = f"Interval: {100 * (1 - ranking.alpha):g} %"
    if metric is None:
        yield f"{level}, Wilson score interval of the share of puzzles solved."
    else:
        yield f"{level}, BCa bootstrap over puzzles, of the {_mean(metric)} of {metric.label}."


def _summaries(metrics: Sequence[Metric]) -> Iterator[str]:
    """State, for each kind of summary, the value of a failed cell."""
    kinds: dict[tuple[str, float], list[str]] = {}
    for metric in metrics:
        kinds.setdefault((metric.summary, metric.if_failed), []).append(metric.label)
    for (summary, failed), labels in kinds.items():
        text = " and ".join(labels)
        value = number(failed, "g")
        yield f"{text[:1].upper()}{text[1:]}: {summary} over all cells; a failed cell counts as {value}."


def _unranked(ranking: Ranking) -> Iterator[str]:
    """State why solvers have no rank."""
    if any(row.provisional for row in ranking.standings):
        yield "* provisional: the solver was not run on every cell, so it has no rank."
    complete = [row for row in ranking.standings if not row.provisional]
    if complete and all(row.place is None for row in complete):
        yield f"No solver has a rank: {why_unranked(ranking)}."
    elif any(row.place is None for row in complete):
        yield "A solver without a score has no rank."


def why_unranked(ranking: Ranking) -> str:
    """Say why no complete solver of a table is ranked."""
    some = "solver" if all(not row.provisional for row in ranking.standings) else "solver that ran on every cell"
    return f"no {some} {'solved a puzzle' if ranking.ranking_metric is None else 'has a score'}"


def number(value: float, form: str) -> str:
    """Write a number; infinity becomes a sign, NaN a dash."""
    if math.isnan(value):
        return "–"
    return format(value, form) if math.isfinite(value) else ("∞" if value > 0 else "−∞")
