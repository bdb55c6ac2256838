from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from leaderboard.ranking.rank import rank
from leaderboard.tables.exports import to_csv, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.trial import Row

pytestmark = pytest.mark.usefixtures("toy")


def test_csv_keeps_every_digit_and_every_metric(rows: list[Row]) -> None:
    good, bad, new = csv.DictReader(io.StringIO(to_csv(rank(rows))))
    assert float(bad["share"]) == sum([1 / 3] * 6) / 6
    assert (good["place"], good["solver"], good["solved"], good["status.solved"]) == ("1", "good[k=1]", "6", "6")
    assert (new["place"], new["provisional"], new["error"], new["tau"]) == ("", "True", "inf", "")
    assert new["status.missing"] == "5"


def test_json_has_stable_keys_and_no_infinity(rows: list[Row]) -> None:
    def refuse(text: str) -> Any:
        raise ValueError(text)

    value = json.loads(to_json(rank(rows)), parse_constant=refuse)
    (table,) = value["tables"]
    assert value["format"] == 1
    assert list(table) == [
        "family",
        "by",
        "value",
        "rank_by",
        "heading",
        "puzzles",
        "cells",
        "alpha",
        "pairs",
        "caption",
        "rows",
    ]
    good, bad, new = table["rows"]
    assert list(good) == [
        "place",
        "letters",
        "solver",
        "source",
        "provisional",
        "ranking_value",
        "ranking_low",
        "ranking_high",
        "puzzles_solved",
        "puzzles_solved_share",
        "puzzles_solved_low",
        "puzzles_solved_high",
        "covered",
        "solved",
        "scored",
        "metrics",
        "wall_s",
        "statuses",
    ]
    assert good["metrics"] == {"share": 1.0, "error": 1.21e-14, "tau": None}
    assert bad["statuses"] == {"partial": 5, "timeout": 1}
    assert (new["place"], new["wall_s"], new["metrics"]["error"]) == (None, None, None)


def test_both_counts_are_exported(row: Callable[..., Row]) -> None:
    rankings = rank(
        [row("a", n, "partial" if n == seed else "solved", seed=seed) for n in range(4) for seed in range(2)]
    )
    (record,) = csv.DictReader(io.StringIO(to_csv(rankings)))
    assert [record[key] for key in ("puzzles", "puzzles_solved", "puzzles_solved_share")] == ["4", "2", "0.5"]
    assert [record[key] for key in ("cells", "covered", "solved")] == ["8", "8", "6"]
    (table,) = json.loads(to_json(rankings))["tables"]
    (found,) = table["rows"]
    assert (table["puzzles"], found["puzzles_solved"], found["puzzles_solved_share"]) == (4, 2, 0.5)
    assert (table["cells"], found["covered"], found["solved"]) == (8, 8, 6)
