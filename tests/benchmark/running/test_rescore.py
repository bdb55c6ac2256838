from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

import generator.family.record
from benchmark.results.store import Store
from benchmark.results.trial import Status
from benchmark.running.rescore import rescore
from benchmark.running.runner import run
from generator.errors import SpecError
from generator.family.metric import Score
from generator.family.registry import find_family

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.running.planning.request import RunRequest
    from generator.puzzle.storage import LoadedPuzzle


def test_a_new_metric_needs_no_new_run(
    ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask("exact", "gives_up", "reports_then_sleeps", puzzles=toys[:1])
    before = run(request)
    assert rescore(request.results, toys) == before
    assert len(list(request.results.glob("rows-*"))) == 1

    def strict(view: object, answer: object, sealed: object) -> Score:
        del view, answer, sealed
        return Score(False, {"right": 0.5, "new": float("inf")})

    changed = dataclasses.replace(find_family("toy"), score=strict)
    monkeypatch.setitem(generator.family.registry._FAMILIES, "toy", changed)
    after = rescore(request.results, toys)
    assert [row.status for row in after] == [Status.PARTIAL, Status.GAVE_UP, Status.TIMEOUT]
    assert after[0].metrics["right"] == after[2].metrics["right"] == 0.5
    assert after[0].metrics["new"] > 1e300
    assert after[2].from_report
    assert [row.wall_s for row in after] == [row.wall_s for row in before]
    assert [row.session for row in after] == [row.session for row in before]
    assert {row.trial: row for row in Store(request.results).rows()} == {row.trial: row for row in after}
    monkeypatch.undo()
    assert rescore(request.results, toys) == before
    assert {row.trial: row.metrics for row in Store(request.results).rows()} == {r.trial: r.metrics for r in before}


def test_a_missing_puzzle_is_named(ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...]) -> None:
    request = ask("exact")
    run(request)
    with pytest.raises(SpecError, match="'toy2'"):
        rescore(request.results, toys[:2])
