"""Ranked records as text: Markdown and plain tables, rounded, for people; files for programs."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from tabulate import tabulate

from benchmark.trial import Status
from generator.errors import SpecError
from generator.suggest import did_you_mean
from leaderboard.captions import caption, number
from leaderboard.exports import to_csv, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generator.family import Metric
    from leaderboard.ranking import Ranking, Standing

__all__ = ["FORMATS", "render"]

WIDTH = 100
"""Columns that a caption in plain text is wrapped to."""


def render(rankings: Sequence[Ranking], style: str = "github") -> str:
    """Write tables in one of `FORMATS`; the text ends with a newline.

    Raises:
        SpecError: for an unknown format.
    """
    if style not in FORMATS:
        raise SpecError(f"no table format {style!r}{did_you_mean(style, FORMATS)}")
    return FORMATS[style](rankings).rstrip("\n") + "\n"


def _github(rankings: Sequence[Ranking]) -> str:
    return "\n\n".join(
        f"### {ranking.heading}\n\n{_table(ranking, 'pipe')}\n\n{caption(ranking)}" for ranking in rankings
    )


def _plain(rankings: Sequence[Ranking]) -> str:
    return "\n\n\n".join(
        f"{ranking.heading}\n\n{_table(ranking, 'simple')}\n\n{textwrap.fill(caption(ranking), WIDTH)}"
        for ranking in rankings
    )


def _table(ranking: Ranking, style: str) -> str:
    markdown = style == "pipe"
    columns: list[tuple[str, str, list[str]]] = [
        ("rank", "right", ["–" if row.rank is None else str(row.rank) for row in ranking.standings]),
        ("solver", "left", [_name(row, markdown=markdown) for row in ranking.standings]),
        *((header, "right", cells) for header, cells in _measured(ranking, bold=markdown)),
    ]
    if any(row.provisional for row in ranking.standings):
        columns.append(("coverage", "right", [f"{row.covered}/{row.cells}" for row in ranking.standings]))
    columns.append(("not solved", "left", [_failures(row) for row in ranking.standings]))
    return tabulate(
        list(zip(*(cells for _, _, cells in columns), strict=True)),
        headers=[header for header, _, _ in columns],
        colalign=[align for _, align, _ in columns],
        tablefmt=style,
        disable_numparse=True,
    )


def _measured(ranking: Ranking, *, bold: bool) -> list[tuple[str, list[str]]]:
    """Give the columns of numbers: header and cells, the best of each in bold."""
    rows = ranking.standings
    solved = [f"{row.puzzles_solved}/{row.puzzles}" for row in rows]
    interval = [f"{100 * row.interval[0]:.0f}–{100 * row.interval[1]:.0f}" for row in rows]
    columns = [
        ("solved", _mark(solved, _best(rows, [row.share for row in rows], max), bold=bold)),
        (f"{100 * (1 - ranking.alpha):g} % interval (%)", interval),
    ]
    for metric in ranking.headline:
        values = [row.metrics[metric.name] for row in rows]
        best = _best(rows, values, max if metric.better == "high" else min)
        columns.append((_header(metric), _mark([_shown(value, metric) for value in values], best, bold=bold)))
    # Being quick is no merit in a solver that solves nothing.
    quickest = _best(rows, [row.wall_s if row.solved else math.nan for row in rows], min)
    columns.append(("median wall (s)", _mark([number(row.wall_s, ".2f") for row in rows], quickest, bold=bold)))
    return columns


def _best(rows: Sequence[Standing], values: Sequence[float], pick: Callable[[list[float]], float]) -> list[bool]:
    """Tell the best values among the ranked rows, where there is something to compare."""
    ranked = [value for row, value in zip(rows, values, strict=True) if row.rank is not None and math.isfinite(value)]
    if len(set(ranked)) < 2:
        return [False] * len(rows)
    best = pick(ranked)
    return [row.rank is not None and value == best for row, value in zip(rows, values, strict=True)]


def _mark(cells: Sequence[str], best: Sequence[bool], *, bold: bool) -> list[str]:
    return [f"**{cell}**" if bold and is_best else cell for cell, is_best in zip(cells, best, strict=True)]


def _header(metric: Metric) -> str:
    label = f"{metric.label} (%)" if metric.shown == "percent" else metric.label
    return f"median {label}" if metric.summary == "median" else label


def _shown(value: float, metric: Metric) -> str:
    if metric.shown == "percent":
        return number(100 * value, f".{metric.digits}f")
    return number(value, f".{metric.digits}{'e' if metric.shown == 'scientific' else 'f'}")


def _name(row: Standing, *, markdown: bool) -> str:
    mark = "*" if row.provisional else ""
    if not markdown:
        return f"{row.solver} {mark}".rstrip()
    name = row.solver.replace("|", r"\|")
    return f"`{name}` \\{mark}" if mark else f"`{name}`"


def _failures(row: Standing) -> str:
    return ", ".join(f"{count} {status}" for status, count in row.statuses.items() if status != Status.SOLVED)


FORMATS: dict[str, Callable[[Sequence[Ranking]], str]] = {
    "github": _github,
    "plain": _plain,
    "csv": to_csv,
    "json": to_json,
}
"""How tables can be written, by name."""
