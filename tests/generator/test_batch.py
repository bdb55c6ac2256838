from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

import generator.batch as module
from generator.batch import Order, child_seed, make_all
from generator.errors import NetjigsawError, StorageError, TrainingError
from generator.puzzle.storage import find_answer, load_puzzle
from generator.reassembly.spec import ReassemblySpec

if TYPE_CHECKING:
    from pathlib import Path

SPEC = ReassemblySpec.model_validate({"depth": 2, "width": 3, "hidden": 4, "rows": 30, "steps": 10, "batch": 10})


def order(home: Path, name: str = "p", seed: int = 1, **changes: Any) -> Order:
    spec = ReassemblySpec.model_validate({**SPEC.model_dump(), **changes})
    return Order("reassembly", name, spec, seed, home / name, home / "answers")


def unwatched(order: Order, step: int, steps: int, loss: float) -> None:
    """Watch nothing."""


def make(*orders: Order, jobs: int = 1) -> list[module.BatchResult]:
    return list(make_all(orders, jobs=jobs, plugins=(), watch=unwatched))


def test_two_processes_make_the_bits_that_one_makes(tmp_path: Path) -> None:
    one = make(*(order(tmp_path / "one", f"p{i}", child_seed(5, i)) for i in range(2)))
    watched: set[str] = set()

    def watch(order: Order, step: int, steps: int, loss: float) -> None:
        assert step <= steps == SPEC.steps
        assert loss > 0
        watched.add(order.name)

    orders = [order(tmp_path / "two", f"p{i}", child_seed(5, i)) for i in range(2)]
    two = list(make_all(orders, jobs=2, plugins=(), watch=watch))
    assert {o.order.name: o.puzzle.digest for o in one} == {o.order.name: o.puzzle.digest for o in two}
    assert len({o.puzzle.digest for o in one}) == 2
    for outcome in two:
        assert find_answer(load_puzzle(outcome.order.folder), outcome.order.answers) is not None
    assert watched <= {"p0", "p1"}


def test_an_existing_puzzle_is_kept(tmp_path: Path) -> None:
    (first,) = make(order(tmp_path))
    before = (tmp_path / "p/manifest.json").stat().st_mtime_ns
    (second,) = make(order(tmp_path))
    assert (first.kept, second.kept) == (False, True)
    assert second.puzzle.digest == first.puzzle.digest
    assert (tmp_path / "p/manifest.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("other", [{"seed": 2}, {"steps": 11}])
def test_another_puzzle_in_the_folder_is_an_error(tmp_path: Path, other: dict[str, Any]) -> None:
    make(order(tmp_path))
    with pytest.raises(StorageError, match="holds another puzzle"):
        make(order(tmp_path, **other))


def test_a_puzzle_without_its_answer_is_not_kept(tmp_path: Path) -> None:
    make(order(tmp_path))
    for path in (tmp_path / "answers").iterdir():
        path.unlink()
    with pytest.raises(StorageError, match="holds another puzzle"):
        make(order(tmp_path))


def test_a_folder_that_is_no_puzzle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    with pytest.raises(StorageError, match="no puzzle at"):
        make(order(tmp_path))


def test_a_failed_write_leaves_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("full")

    monkeypatch.setattr(module, "save_puzzle", refuse)
    with pytest.raises(StorageError, match="full"):
        make(order(tmp_path))
    assert list((tmp_path / "answers").iterdir()) == []


def test_a_failed_write_keeps_the_answer_of_the_same_puzzle_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = make(order(tmp_path))

    def refuse(*_: object) -> None:
        raise StorageError("full")

    monkeypatch.setattr(module, "save_puzzle", refuse)
    with pytest.raises(StorageError, match="full"):
        make(order(tmp_path, "copy"))
    assert find_answer(first.puzzle, tmp_path / "answers") == find_answer(
        load_puzzle(tmp_path / "p"), tmp_path / "answers"
    )
    assert find_answer(first.puzzle, tmp_path / "answers") is not None


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_failure_does_not_keep_the_others_from_being_made(tmp_path: Path, jobs: int) -> None:
    bad = order(tmp_path, "bad", optimiser="sgd", learning_rate=10.0, momentum=0.99, steps=300)
    with pytest.raises(TrainingError, match="diverged"):
        make(bad, order(tmp_path, "good"), jobs=jobs)
    assert {path.name for path in tmp_path.iterdir()} == {"good", "answers"}
    assert find_answer(load_puzzle(tmp_path / "good"), tmp_path / "answers") is not None


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] can't allocate memory: 10 bytes")])
def test_too_little_memory_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("generator.reassembly.making.generate.generate", refuse)
    with pytest.raises(TrainingError, match="p does not fit into memory"):
        make(order(tmp_path))


def test_a_bug_in_netjigsaw_is_raised_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("generator.reassembly.making.generate.generate", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        make(order(tmp_path))


def test_a_killed_process_is_one_line(tmp_path: Path) -> None:
    killer = tmp_path / "killer.py"
    killer.write_text(
        "import os, multiprocessing\nif multiprocessing.parent_process() is not None:\n    os.kill(os.getpid(), 9)\n",
        encoding="utf-8",
    )
    orders = [order(tmp_path / "out", f"p{i}", i) for i in range(2)]
    with pytest.raises(NetjigsawError, match="was killed"):
        list(make_all(orders, jobs=2, plugins=(os.fspath(killer)), watch=unwatched))


def test_child_seeds_are_all_different() -> None:
    seeds = {child_seed(seed, index) for seed in (0, 1, 2, 2**40) for index in range(200)}
    assert len(seeds) == 800
    assert max(seeds) < 2**53
    assert child_seed(3, 4) == child_seed(3, 4)
