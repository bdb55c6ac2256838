from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from leaderboard.ranking.rank import rank
from leaderboard.tables.columns import failures, measured

if TYPE_CHECKING:
    from benchmark.results.trial import Row

pytestmark = pytest.mark.usefixtures("toy")


def test_cells_have_text_a_value_to_sort_by_and_a_mark(rows: list[Row]) -> None:
    (ranking,) = rank(rows)
    solved, interval, share, error, wall_s = measured(ranking)
    assert solved.texts == ("6/6", "0/6", "1/6")
    assert solved.best == (True, False, False)
    assert ranking.standings[0].interval is not None
    assert interval.values[0] == pytest.approx(ranking.standings[0].interval[0])
    assert (share.header, share.texts[0], share.values[0]) == ("share found (%)", "100.0", 1.0)
    assert (error.header, error.better, error.texts[2]) == ("median error", "low", "∞")
    assert math.isinf(wall_s.values[2])
    assert failures(ranking.standings[1]) == "5 partial, 1 timeout"
