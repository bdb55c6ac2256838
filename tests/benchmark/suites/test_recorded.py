"""What a run planned of a suite is in the store, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.results.planned import LockState, PlannedPuzzle, SuiteUse
from benchmark.results.store import Store
from benchmark.running.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.running.planning.request import RunRequest
    from generator.puzzle.storage import LoadedPuzzle


def use_of(loaded: tuple[LoadedPuzzle, ...], name: str) -> SuiteUse:
    puzzles = [
        PlannedPuzzle(name=item.puzzle.manifest.name, digest=item.puzzle.digest, family="toy", state=LockState.LOCKED)
        for item in loaded
    ]
    return SuiteUse(name=name, seeds=(0,), puzzles=tuple(puzzles))


def test_what_is_held_already_is_recorded_once(ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...]) -> None:
    part, whole = use_of(toys[:2], "s"), use_of(toys, "s")
    results = run(ask("exact"))
    for uses in [(part,), (whole,), (part, whole), (whole,), ()]:
        assert run(ask("exact", suites=uses)) == results
    store = Store(ask("exact").results)
    assert [session.suites for _, session in sorted(store.sessions().items())] == [(), (part,), (whole,)]
    assert store.rows() == sorted(results, key=lambda row: row.session)
