from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmark.results.planned import LockState
from benchmark.suites.loading import differing, find_target, load_target, suite_use
from benchmark.suites.locking import lock_path, write_lock
from benchmark.suites.reading import read_suite
from generator.errors import PuzzleError, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.suites.record import Suite


def states(suite: Suite) -> dict[str, str]:
    return {entry.name: str(entry.state) for entry in suite.entries}


def forge(source: Path, name: str) -> None:
    path = lock_path(source)
    lock = json.loads(path.read_text())
    lock["puzzles"][name]["digest"] = "0" * 64
    path.write_text(json.dumps(lock))


def test_a_lock_holds_what_was_built(built: Suite) -> None:
    assert set(states(built).values()) == {LockState.UNLOCKED}
    lock = json.loads(write_lock(built).read_text())
    assert {name: puzzle["digest"] for name, puzzle in lock["puzzles"].items()} == {
        entry.name: entry.digest for entry in built.entries
    }
    assert lock["generator"].startswith("netjigsaw ")
    assert lock["definition"] == built.definition
    assert set(lock["versions"]) == {"torch", "numpy"}
    assert set(states(read_suite(built.source)).values()) == {LockState.LOCKED}


def test_only_a_whole_suite_is_locked(write: Callable[..., Path]) -> None:
    suite = read_suite(write())
    with pytest.raises(SpecError, match="puzzle small is not built"):
        write_lock(suite)
    assert not lock_path(suite.source).exists()


def test_another_digest_than_in_the_lock_is_marked_and_recorded(built: Suite) -> None:
    write_lock(built)
    forge(built.source, "large")
    assert states(read_suite(built.source)) == {"small": "as locked", "large": "differs", "net": "as locked"}
    target = find_target(str(built.source))
    use = suite_use(target, load_target(target), (0, 1))
    assert use is not None
    assert differing(use) == ["large"]
    assert {puzzle.name: str(puzzle.state) for puzzle in use.puzzles}["large"] == "differs"


def test_a_recipe_that_was_changed_is_not_held_to_the_lock(built: Suite, rebuilt: Callable[[Suite], Suite]) -> None:
    write_lock(built)
    built.source.write_text(built.source.read_text().replace("size = 20", "size = 21"))
    changed = read_suite(built.source)
    assert changed.definition != built.definition
    assert states(changed) == {"small": "as locked", "large": "not built", "net": "as locked"}
    assert states(rebuilt(changed))["large"] == LockState.OUTDATED


def test_a_damaged_lock_is_one_line(built: Suite) -> None:
    lock_path(built.source).write_text('{"format": 1, "suit": "mine"}')
    with pytest.raises(PuzzleError, match=r"mine\.lock: .*; fetch it again, or remove it and lock the suite anew"):
        read_suite(built.source)


def test_the_digest_of_a_suite_is_of_what_results_depend_on(built: Suite) -> None:
    text = built.source.read_text()
    digests = set()
    for old, new in (("", ""), ("Two toys", "Some toys"), ('"easy"', '"simple"')):
        built.source.write_text(text.replace(old, new))
        digests.add(read_suite(built.source).digest)
    assert digests == {built.digest}
    for old, new in (("wall_s = 5", "wall_s = 6"), ("seeds = 2", "seeds = 3"), ('"large"', '"huge"')):
        built.source.write_text(text.replace(old, new))
        digests.add(read_suite(built.source).digest)
    assert len(digests) == 4
