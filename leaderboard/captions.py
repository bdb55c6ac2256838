"""The sentences below a table: the rule of the order, and what a reader must know besides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.family import Metric
    from leaderboard.ranking import Ranking

__all__ = ["caption", "number"]


def caption(ranking: Ranking) -> str:
    """State the rule of the order, how cells are summed up, and what a reader must know besides."""
    order = [metric.label + (" (lowest first)" if metric.better == "low" else "") for metric in ranking.headline]
    test = f"an exact McNemar test on the solved cells (two-sided, alpha = {ranking.alpha:g})"
    sentences = [
        f"Order: {', then '.join(['solved share', *order, 'median wall time'])}.",
        f"A rank is shared by those whom {test} cannot tell from its first.",
        f"Cells (puzzle, seed): {ranking.cells}; one that is missing counts as a failure.",
        *_summing_up(ranking.headline),
        "Wall time: a cell without an answer counts as never ending.",
        f"Interval: Wilson, {100 * (1 - ranking.alpha):g} %.",
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


def number(value: float, form: str) -> str:
    """Write a number; infinity as its sign, what is not known as a dash."""
    if math.isnan(value):
        return "–"
    return format(value, form) if math.isfinite(value) else ("∞" if value > 0 else "−∞")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
