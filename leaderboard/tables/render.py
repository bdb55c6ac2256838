"""Render ranked tables as text: rounded Markdown and plain tables for people, CSV and JSON for programs."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tabulate import tabulate

from generator.errors import SpecError
from generator.suggest import did_you_mean
from leaderboard.ranking.captions import caption
from leaderboard.tables.columns import failed_header, failures, measured, rank_text
from leaderboard.tables.exports import to_csv, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leaderboard.ranking.records import Ranking, Standing
    from leaderboard.tables.columns import Column

__all__ = ["FORMATS", "render"]

WIDTH = 100
"""Characters per line of a caption in plain text. Hand-set."""


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
    places, letters = zip(*map(rank_text, ranking.standings), strict=True)
    columns: list[tuple[str, str, list[str]]] = [
        ("rank", "right", list(places)),
        ("not separated", "left", list(letters)),
        ("solver", "left", [_name(row, markdown=markdown) for row in ranking.standings]),
        *((column.header, "right", _mark(column, bold=markdown)) for column in measured(ranking)),
    ]
    if any(row.provisional for row in ranking.standings):
        columns.append(("coverage", "right", [f"{row.covered}/{row.cells}" for row in ranking.standings]))
    columns.append((failed_header(ranking), "left", [failures(row) for row in ranking.standings]))
    return tabulate(
        list(zip(*(cells for _, _, cells in columns), strict=True)),
        headers=[header for header, _, _ in columns],
        colalign=[align for _, align, _ in columns],
        tablefmt=style,
        disable_numparse=True,
    )


def _mark(column: Column, *, bold: bool) -> list[str]:
    cells = zip(column.texts, column.best, strict=True)
    return [f"**{text}**" if bold and is_best else text for text, is_best in cells]


def _name(row: Standing, *, markdown: bool) -> str:
    mark = "*" if row.provisional else ""
    if not markdown:
        return f"{row.solver} {mark}".rstrip()
    name = row.solver.replace("|", r"\|")
    return f"`{name}` \\{mark}" if mark else f"`{name}`"


FORMATS: dict[str, Callable[[Sequence[Ranking]], str]] = {
    "github": _github,
    "plain": _plain,
    "csv": to_csv,
    "json": to_json,
}
"""Table formats by name."""
