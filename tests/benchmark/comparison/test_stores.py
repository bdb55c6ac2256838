"""Interleaved runs, on the toy family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.comparison.report import Exit, compare_sides
from benchmark.comparison.rules import parse_rules
from benchmark.comparison.stores import load_side, run_interleaved, same_solvers, two_solvers
from benchmark.running.events import Event, Finished
from generator.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.comparison.matching import Side
    from benchmark.results.trial import Row
    from benchmark.running.planning.request import RunRequest


def test_solvers_take_turns(ask: Callable[..., RunRequest]) -> None:
    request = ask("exact", "identity", seeds=(0, 1))
    order: list[str] = []

    def watch(event: Event) -> None:
        if isinstance(event, Finished):
            order.append(event.row.solver.rpartition(":")[2])

    side, solvers = run_interleaved(request, 2, watch)
    turns = ["exact", "identity", "identity", "exact"] * 3
    assert order == turns + turns[2:] + turns[:2]
    assert [len(rows) for rows in side.repeats] == [12, 12]
    assert sorted(path.name for path in request.results.iterdir()) == ["repeat-1", "repeat-2"]
    report = compare_sides(side, side, solvers, parse_rules("solved:-0"))
    assert report.exit == Exit.REGRESSION  # two seeds on each of three puzzles
    assert report.results[0].contest.pairs[0].base[0].session != report.results[0].contest.pairs[0].base[1].session
    assert not report.obstacles
    assert all(row.load_average is not None for rows in side.repeats for row in rows)


def test_an_interleaved_run_needs_two_solvers_and_a_folder_of_its_own(ask: Callable[..., RunRequest]) -> None:
    with pytest.raises(SpecError, match="is on both sides"):
        run_interleaved(ask("exact", "exact"), 1)
    request = ask("exact", "identity")
    request.results.mkdir()
    with pytest.raises(SpecError, match="a folder of its own"):
        run_interleaved(request, 1)


def test_folders_without_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no results at .*missing"):
        load_side(tmp_path / "missing")
    with pytest.raises(SpecError, match="holds no results"):
        load_side(tmp_path)


def test_solvers_are_chosen_by_label(row: Callable[..., Row], side: Callable[..., Side]) -> None:
    both = side([row(solver="park[rows=5,seed=x]"), row(solver="./mine.py:A"), row(solver="fast")])
    assert same_solvers(both, both, ["reassembly/park[seed=x,rows=5]"]) == {
        "park[rows=5,seed=x]": "park[rows=5,seed=x]"
    }
    assert list(same_solvers(both, both)) == ["park[rows=5,seed=x]", "./mine.py:A", "fast"]
    assert two_solvers(both, "fast", "./mine.py:A") == {"fast": "./mine.py:A"}
    with pytest.raises(SpecError, match="did you mean fast"):
        two_solvers(both, "fsat", "fast")
    with pytest.raises(SpecError, match="the same solver"):
        two_solvers(both, "fast", "reassembly/fast")
