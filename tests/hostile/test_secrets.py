"""No solver finds the answer: not in memory, not in files, not in the environment, not outside."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Row, Status
from solvers.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.puzzle.storage import LoadedPuzzle

SOLVERS = Path(__file__).parent / "solvers"


def log_of(folder: Path, row: Row) -> tuple[str, ...]:
    outcome = Store(folder).outcome(row)
    assert outcome is not None
    return outcome.log


def test_memory_holds_no_answer(attack: Callable[..., dict[str, Row]], isolation: str, tmp_path: Path) -> None:
    row = attack(Reference(f"{SOLVERS}/search_memory.py:attack"), isolation=isolation, results=tmp_path)[
        "search_memory"
    ]
    assert row.status == Status.PARTIAL, row.reason
    assert [line for line in log_of(tmp_path, row) if "found" in line] == []
    assert f"opened {os.getpid()}" not in log_of(tmp_path, row)


def test_environment_holds_no_secret(
    attack: Callable[..., dict[str, Row]], isolation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "needle-0123456789abcdef")
    reference = Reference(f"{SOLVERS}/search_environment.py:attack")
    row = attack(reference, isolation=isolation, results=tmp_path)["search_environment"]
    (names,) = log_of(tmp_path, row)
    assert {"HOME", "PATH", "OMP_NUM_THREADS"} <= set(names.split())
    assert "SECRET" not in names


@pytest.mark.parametrize("where", ["answer", "store", "open"])
def test_hidden_files_cannot_be_reached(
    attack: Callable[..., dict[str, Row]], puzzle: LoadedPuzzle, strongest: str, tmp_path: Path, where: str
) -> None:
    assert puzzle.path is not None
    store = tmp_path / "results"
    store.mkdir()
    (store / "rows-earlier.part").write_text("needle-0123456789abcdef")
    outside = tmp_path / "open" / "place"
    outside.mkdir(parents=True)
    if where == "open":
        (outside / "file").write_text("needle-0123456789abcdef")
    target = {
        "answer": puzzle.path.parent / "answers" / f"{puzzle.puzzle.digest}.json",
        "store": store / "rows-earlier.part",
        "open": outside / "file",
    }[where]
    reference = Reference(f"{SOLVERS}/search_files.py:Attack", None, {"target": str(target)})
    row = attack(reference, isolation=strongest, results=store)["search_files"]
    found = [line for line in log_of(store, row) if "found" in line]
    # What nobody asked to hide is found: the search works. Without namespaces a path is the only cover.
    assert bool(found) == (where == "open" or strongest == "rlimits")


@pytest.mark.parametrize("name", ["search_disk", "deface", "leave_note"])
def test_nothing_but_the_scratch_folder_is_open(
    attack: Callable[..., dict[str, Row]], strongest: str, tmp_path: Path, name: str
) -> None:
    if strongest == "rlimits":
        return  # there, files are hidden by their names only
    reference = Reference(f"{SOLVERS}/{name}.py:attack")
    # The second trial runs on the same server, so that it would find what the first one left.
    attack(reference, isolation=strongest, results=tmp_path, seeds=(0, 1))
    rows = [row for row in Store(tmp_path).rows() if name in row.solver]
    assert len(rows) == 2
    for row in rows:
        assert row.status == Status.PARTIAL, row.reason
        assert [line for line in log_of(tmp_path, row) if "found" in line] == []


def test_there_is_no_network(attack: Callable[..., dict[str, Row]], strongest: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        reference = Reference(f"{SOLVERS}/network.py:Attack", None, {"port": port})
        row = attack(reference, isolation=strongest)["network"]
    assert row.status == (Status.CRASHED if strongest == "namespaces" else Status.PARTIAL), row.reason


def test_many_small_files_fill_the_scratch_folder_only(attack: Callable[..., dict[str, Row]], strongest: str) -> None:
    row = attack(Reference(f"{SOLVERS}/many_files.py:attack"), isolation=strongest)["many_files"]
    assert row.status == (Status.CRASHED if strongest == "namespaces" else Status.PARTIAL)
    assert strongest == "rlimits" or "No space left" in row.reason
