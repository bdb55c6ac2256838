from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.trial import Limits, Row
from leaderboard.frame import COLUMNS, frame_of, group_keys, limits_in_words

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_frame_has_a_column_for_every_metric_and_group(row: Callable[..., Row]) -> None:
    frame = frame_of([row("a", metrics={"x": 1.0}, groups={"depth": 8}), row("b", metrics={"y": 2.0}, wall_s=None)])
    assert set(frame.columns) == {*COLUMNS, "metrics.x", "metrics.y", "groups.depth"}
    assert group_keys(frame) == ("depth",)
    assert frame["metrics.x"].tolist()[0] == 1.0
    assert np.isnan(frame["metrics.x"].tolist()[1])
    assert np.isnan(frame["wall_s"].tolist()[1])
    assert frame["groups.depth"].tolist() == [8, None]


def test_a_frame_of_nothing_still_has_its_columns() -> None:
    assert set(frame_of([]).columns) == set(COLUMNS)


def test_limits_are_said_in_words() -> None:
    assert limits_in_words(Limits()) == "wall 60 s, memory 4096 MiB, output 16 MiB, 1 thread"
    unlimited = Limits(wall_s=None, memory_mib=None, cpu_s=1.5, threads=4)
    assert limits_in_words(unlimited) == "CPU 1.5 s, output 16 MiB, 4 threads"
