"""One file of HTML: markup, style, program and data, none of it from elsewhere.

Names of solvers and reasons come from strangers. In the markup Jinja escapes them; in the data no `<`, `>` or `&` is
left, so no text can end the element that holds it; and the program only ever sets text. Should all that fail, the
page's policy still allows no program and no style but its own two, by their SHA-256, and no request at all.
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
from leaderboard.tables.columns import failures, measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leaderboard.ranking.rank import Ranking

__all__ = ["render_page"]

SCRIPTS = ("elements", "numbers", "tables", "charts", "model", "overview", "panels", "compare", "start")
"""The program's files in the order of their use."""


def render_page(title: str, made: str, rankings: Sequence[Ranking], data: Mapping[str, Any]) -> str:
    """Put the page together.

    Args:
        title: of the page.
        made: one line on when and from what.
        rankings: one table per family.
        data: what the program shows, plain JSON.
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
    """Give a table row by row, each cell with the value that it is sorted by."""
    columns = measured(ranking)
    return {
        "number": number,
        "family": ranking.family,
        "heading": ranking.heading,
        "caption": caption(ranking),
        "headers": [(column.header, column.better) for column in columns],
        "rows": [
            {
                "solver": row.solver,
                "rank": row.rank,
                "provisional": row.provisional,
                "statuses": " ".join(row.statuses),
                "cells": [(column.texts[n], _sorted_by(column.values[n]), column.best[n]) for column in columns],
                "coverage": (f"{row.covered}/{row.cells}", row.covered),
                "failures": (failures(row), row.cells - row.solved),
            }
            for n, row in enumerate(ranking.standings)
        ],
    }


def _sorted_by(value: float) -> str:
    if math.isnan(value):
        return ""
    return ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else repr(value)


def _embedded(data: Mapping[str, Any]) -> str:
    """Write JSON that may stand inside a script element, whatever strings it holds."""
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
