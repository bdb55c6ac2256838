"""Render one HTML file with markup, style, program and data. The page fetches nothing.

Names of solvers and reasons are foreign text. Jinja escapes foreign text in the markup. The data hold no `<`, `>` or
`&`, so no text can end its element. The program sets text only, never markup. As a last defence, the page's content
security policy allows only the page's own program and style, by their SHA-256, and no request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from leaderboard.ranking.captions import caption
from leaderboard.tables.columns import failed_header, failures, measured, rank_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leaderboard.ranking.records import Ranking

__all__ = ["render_page"]

SCRIPTS = ("elements", "numbers", "tables", "charts", "model", "overview", "panels", "compare", "start")
"""Files of the program, in the order in which they are joined."""


def render_page(title: str, made: str, rankings: Sequence[Ranking], data: Mapping[str, Any]) -> str:
    """Write the page.

    Args:
        title: title of the page.
        made: one line with the time of making and the number of results.
        rankings: one table per family.
        data: plain JSON for the program.
    """
    style, program = _asset("page.css"), _program()
    text: str = _template().render(
        title=title,
        made=made,
        tables=[_table(ranking, number) for number, ranking in enumerate(rankings)],
        statuses=list(dict.fromkeys(name for one in rankings for row in one.standings for name in row.statuses)),
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=_hash(style),
        program=Markup(program),  # noqa: S704 - our own files
        program_hash=_hash(program),
        data=Markup(_embedded(data)),  # noqa: S704 - holds no character that markup knows
    )
    return text


def _table(ranking: Ranking, number: int) -> dict[str, Any]:
    """Convert a table row by row; each cell comes with its value for sorting."""
    columns = measured(ranking)
    return {
        "number": number,
        "family": ranking.family,
        "heading": ranking.heading,
        "caption": caption(ranking),
        "failed": failed_header(ranking),
        "headers": [(column.header, column.better) for column in columns],
        "rows": [
            {
                "solver": row.solver,
                "place": row.place,
                "rank_text": rank_text(row),
                "provisional": row.provisional,
                "statuses": " ".join(row.statuses),
                "cells": [(column.texts[n], _sorted_by(column.values[n]), column.best[n]) for column in columns],
                "coverage": (f"{row.covered}/{row.cells}", row.covered),
                "failures": (failures(row), row.cells - row.solved - row.scored),
            }
            for n, row in enumerate(ranking.standings)
        ],
    }


def _sorted_by(value: float) -> str:
    if math.isnan(value):
        return ""
    return ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else repr(value)


def _embedded(data: Mapping[str, Any]) -> str:
    """Write JSON that is safe inside a script element for all strings."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def _program() -> str:
    parts = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset("page.html.jinja"))


def _asset(name: str) -> str:
    return resources.files("leaderboard.page").joinpath("assets", name).read_text(encoding="utf-8")
