from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.results.session import describe_session
from benchmark.results.store import Store, Writer
from benchmark.results.trial import Limits, Row
from leaderboard.ranking.frame import (
    COLUMNS,
    DETAILS,
    QUERY_LIMIT,
    frame_of,
    frame_of_store,
    group_keys,
    limits_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_frame_has_a_column_for_every_metric_and_group(row: Callable[..., Row]) -> None:
    frame = frame_of([row("a", metrics={"x": 1.0}, groups={"depth": 8}), row("b", metrics={"y": 2.0}, wall_s=None)])
    assert set(frame.columns) == {*COLUMNS, QUERY_LIMIT, "uncovered", "metrics.x", "metrics.y", "groups.depth"}
    assert group_keys(frame) == ("depth",)
    assert frame["metrics.x"].tolist()[0] == 1.0
    assert np.isnan(frame["metrics.x"].tolist()[1])
    assert np.isnan(frame["wall_s"].tolist()[1])
    assert frame["groups.depth"].tolist() == [8, None]


def test_a_frame_of_nothing_still_has_its_columns() -> None:
    assert set(frame_of([]).columns) == {*COLUMNS, QUERY_LIMIT, "uncovered"}


def test_limits_are_written_in_words() -> None:
    assert limits_in_words(Limits()) == "wall 60 s, memory 4096 MiB, output 16 MiB, 1 thread"
    unlimited = Limits(wall_s=None, memory_mib=None, cpu_s=1.5, threads=4)
    assert limits_in_words(unlimited) == "CPU 1.5 s, output 16 MiB, 4 threads"


def test_details_are_given_where_asked_for(row: Callable[..., Row]) -> None:
    frame = frame_of([row("a", reason="so", session="t"), row("b")], details=True)
    assert set(frame.columns) == {*COLUMNS, *DETAILS, QUERY_LIMIT, "uncovered"}
    assert frame["reason"].tolist() == ["so", ""]
    assert frame["session"].tolist() == ["t", "s"]


def test_a_metric_or_a_group_may_be_missing_in_some_rows(row: Callable[..., Row]) -> None:
    frame = frame_of([row("a"), row("b", metrics={"x": 1.0}, groups={"k": "v"}), row("c")])
    assert frame["metrics.x"].isna().tolist() == [True, False, True]
    assert frame["groups.k"].tolist() == [None, "v", None]


def test_a_store_is_laid_out_as_its_rows_are(row: Callable[..., Row], tmp_path: Path) -> None:
    """Rows of a later file count instead of those they repeat, and stand where their own sessions do."""
    session = describe_session(jobs=1, threads=1, isolation="none")
    written = {
        "1": [row(name, session="2") for name in "abc"] + [row("d", session="1")],
        "2": [row("e", session="3"), row("b", session="2", status="crashed"), row("a", session="4", status="timeout")],
        "3": [row("f", session="1"), row("f", session="1", status="partial"), row("g", session="2")],
    }
    for name, rows in written.items():
        with Writer(tmp_path, session.model_copy(update={"id": name})) as writer:
            for one in rows:
                writer.append(one)
    store = Store(tmp_path)
    assert frame_of_store(store, details=True).equals(frame_of(store.rows(), details=True))
    assert [(one.solver, str(one.status)) for one in store.rows()] == list(
        frame_of_store(store)[["solver", "status"]].itertuples(index=False, name=None)
    )
    assert frame_of_store(Store(tmp_path / "nowhere")).empty
