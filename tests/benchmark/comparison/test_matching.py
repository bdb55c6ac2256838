from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.comparison.conditions import why_times_differ
from benchmark.comparison.matching import Side, live_rows, match, names_of, why_unjudged
from benchmark.results.outcome import SERVER_DIED
from benchmark.results.trial import Limits, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.session import Session

MINE = {"mine": "mine"}


def test_trials_are_paired_whatever_the_source_is(row: Callable[..., Row], side: Callable[..., Side]) -> None:
    base = [row(0), row(1), row(1, seed=1), row(2)]
    new = [row(1, source="bbbb"), row(0, source="bbbb"), row(2, source="bbbb", limits=Limits(wall_s=5))]
    (contest,) = match(side(base), side(new), MINE)
    assert [(pair.base[0].puzzle, pair.new[0].puzzle) for pair in contest.pairs] == [
        (row(n).puzzle,) * 2 for n in (0, 1)
    ]
    assert contest.only_base == (base[2], base[3])
    assert contest.only_new == (new[2],)


def test_only_the_latest_source_and_the_last_row_count(row: Callable[..., Row]) -> None:
    old, again = row(0), row(1)
    new, last = row(1, "partial", source="bbbb"), row(1, "timeout", source="bbbb")
    skipped = row(2, "skipped", source="cccc")
    assert live_rows([old, again, new, last, skipped]) == [last]


def test_two_labels_of_one_folder(row: Callable[..., Row], side: Callable[..., Side]) -> None:
    both = side([row(0), row(0, "partial", solver="other")])
    (contest,) = match(both, both, {"mine": "other"})
    assert contest.label == "mine → other"
    assert [str(pair.new[0].status) for pair in contest.pairs] == ["partial"]


@pytest.mark.parametrize(
    ("status", "reason", "blameless"),
    [
        ("partial", "", False),
        ("wrong-format", "x", False),
        ("gave-up", "", False),
        ("timeout", "x", False),
        ("memory", "x", False),
        ("crashed", "ValueError: x", False),
        ("crashed", SERVER_DIED, True),
        ("unavailable", "no module x", True),
    ],
)
def test_which_endings_are_the_solvers_own(
    status: str, reason: str, *, blameless: bool, row: Callable[..., Row], side: Callable[..., Side]
) -> None:
    ended = row(0, status, reason=reason)
    assert bool(why_unjudged(ended)) == blameless
    (contest,) = match(side([row(0)]), side([ended]), MINE)
    assert len(contest.unjudged) == blameless
    assert len(contest.pairs) == (not blameless)


def test_repeats_are_paired_one_by_one(row: Callable[..., Row]) -> None:
    base = Side("a", ((row(0, wall_s=1),), (row(0, wall_s=2),), (row(0, wall_s=3),)))
    new = Side("b", ((row(0, wall_s=4),), (), (row(0, wall_s=6),)))
    (contest,) = match(base, new, MINE)
    (pair,) = contest.pairs
    assert [(a.wall_s, b.wall_s) for a, b in zip(pair.base, pair.new, strict=True)] == [(1, 4), (3, 6)]


def test_puzzles_of_one_name_are_told_apart(row: Callable[..., Row]) -> None:
    names = names_of([row(0), row(1, puzzle_name="net-0"), row(2)])
    assert names[row(0).puzzle] == "net-0 (000000000000)"
    assert names[row(2).puzzle] == "net-2"


def sessions(make: Callable[..., Session], **changes: object) -> dict[str, Session]:
    return {"a": make("a"), "b": make("b", **changes)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"host": "there"}, "differ in machine (here, there)"),
        ({"cpu": "Other"}, "differ in CPU"),
        ({"cores": 8}, "differ in cores"),
        ({"jobs": 2}, "differ in jobs (1, 2)"),
        ({"isolation": "rlimits (refused: why)"}, "differ in isolation (namespaces, rlimits)"),
        ({}, ""),
        ({"versions": {"torch": "2"}, "isolation": "namespaces"}, ""),
    ],
)
def test_times_of_other_machines_are_not_compared(
    changes: dict[str, object], reason: str, row: Callable[..., Row], session: Callable[..., Session]
) -> None:
    found = why_times_differ([row(session="a")], [row(session="b")], sessions(session, **changes))
    assert reason in found
    assert bool(found) == bool(reason)


@pytest.mark.parametrize(
    ("loads", "reason"),
    [
        ((0.2, 1.0), ""),  # the trial itself
        ((0.5, 1.4), ""),
        ((0.5, 2.6), "a load of 0.0 during BASE and 1.6 during NEW"),
        ((3.0, 1.0), "a load of 2.0 during BASE and 0.0 during NEW"),
        ((3.0, 3.2), ""),
        ((None, 0.5), "was not recorded"),
    ],
)
def test_times_under_other_loads_are_not_compared(
    loads: tuple[float | None, float], reason: str, row: Callable[..., Row], session: Callable[..., Session]
) -> None:
    base, new = ([row(session=name, load_average=load)] for name, load in zip("ab", loads, strict=True))
    found = why_times_differ(base, new, sessions(session))
    assert reason in found
    assert bool(found) == bool(reason)


def test_interleaved_runs_are_compared_under_any_load(row: Callable[..., Row], session: Callable[..., Session]) -> None:
    base, new = ([row(session="a", load_average=load)] for load in (0.5, 9.0))
    assert not why_times_differ(base, new, sessions(session))
    assert "session file is missing" in why_times_differ([row(session="z")], new, sessions(session))
