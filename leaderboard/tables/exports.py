"""Export ranked tables for programs: every digit and every metric, under stable names."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

from benchmark.results.trial import Status
from leaderboard.ranking.captions import caption
from leaderboard.ranking.grid import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leaderboard.ranking.records import Ranking, Standing

__all__ = ["to_csv", "to_json"]

_ENDINGS = (*map(str, Status), MISSING)

_IDENTITY = (
    "family",
    "by",
    "value",
    "rank_by",
    "place",
    "letters",
    "solver",
    "source",
    "provisional",
    "ranking_value",
    "ranking_low",
    "ranking_high",
    "puzzles",
    "puzzles_solved",
    "puzzles_solved_share",
    "puzzles_solved_low",
    "puzzles_solved_high",
    "cells",
    "covered",
    "solved",
    "scored",
)


def to_csv(rankings: Sequence[Ranking]) -> str:
    """Write CSV, one row per solver and table; unknown values are empty, infinity is `inf`."""
    metrics = list(dict.fromkeys(metric.name for ranking in rankings for metric in ranking.metrics))
    fields = [*_IDENTITY, *metrics, "wall_s", *(f"status.{ending}" for ending in _ENDINGS)]
    out = io.StringIO()
    writer = csv.DictWriter(out, fields, restval="", lineterminator="\n")
    writer.writeheader()
    for ranking in rankings:
        for row in ranking.standings:
            record = {**_identity(ranking, row), **row.metrics, "wall_s": row.wall_s}
            record |= {f"status.{ending}": row.statuses.get(ending, 0) for ending in _ENDINGS}
            writer.writerow({key: "" if _unknown(value) else value for key, value in record.items()})
    return out.getvalue()


def _identity(ranking: Ranking, row: Standing) -> dict[str, Any]:
    """Return the fields of every row; the number of solved puzzles is None if a metric ranks."""
    table = (ranking.family, ranking.by, ranking.value, ranking.rank_by)
    interval = row.interval or (None, None)
    solved = ranking.ranking_metric is None
    puzzles = (row.puzzles_solved, row.share, *interval) if solved else (None,) * 4
    cells = (row.cells, row.covered, row.solved if solved else None, None if solved else row.scored)
    solver = (row.place, row.letters, row.solver, row.source, row.provisional)
    values = (*table, *solver, row.ranking_value, *interval, row.puzzles, *puzzles, *cells)
    return dict(zip(_IDENTITY, values, strict=True))


def _unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def to_json(rankings: Sequence[Ranking]) -> str:
    """Write `{"format": 1, "tables": [...]}`; unknown and infinite values are null."""
    tables = [
        {
            "family": ranking.family,
            "by": ranking.by,
            "value": ranking.value,
            "rank_by": ranking.rank_by,
            "heading": ranking.heading,
            "puzzles": ranking.puzzles,
            "cells": ranking.cells,
            "alpha": ranking.alpha,
            "pairs": ranking.pairs,
            "caption": caption(ranking),
            "rows": [_json_row(ranking, row) for row in ranking.standings],
        }
        for ranking in rankings
    ]
    return json.dumps({"format": 1, "tables": tables}, indent=2, allow_nan=False, ensure_ascii=False)


def _json_row(ranking: Ranking, row: Standing) -> dict[str, Any]:
    shared = {"family", "by", "value", "rank_by", "puzzles", "cells"}
    identity = {key: value for key, value in _identity(ranking, row).items() if key not in shared}
    return {
        **identity,
        "metrics": {name: _finite(value) for name, value in row.metrics.items()},
        "wall_s": _finite(row.wall_s),
        "statuses": dict(row.statuses),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
