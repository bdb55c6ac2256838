"""No solver finds the answer: not in memory, not in files, not in the environment, not outside."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.store import Store
from benchmark.trial import Row, Status
from solvers.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.request import LoadedPuzzle

SOLVERS = Path(__file__).parent / "solvers"
Attack = "Callable[..., dict[str, Row]]"


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
    attack: Callable[..., dict[str, Row]], puzzle: LoadedPuzzle, namespaces: bool, tmp_path: Path, where: str
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
    mode = "namespaces" if namespaces else "rlimits"
    row = attack(reference, isolation=mode, results=store)["search_files"]
    found = [line for line in log_of(store, row) if "found" in line]
    # What nobody asked to hide is found: the search works. Without namespaces a path is the only cover.
    assert bool(found) == (where == "open" or not namespaces)


@pytest.mark.parametrize("name", ["search_disk", "deface", "leave_note", "leave_note_again"])
def test_nothing_but_the_scratch_folder_is_open(
    attack: Callable[..., dict[str, Row]], namespaces: bool, tmp_path: Path, name: str
) -> None:
    if not namespaces:
        return
    references = [Reference(f"{SOLVERS}/{name.removesuffix('_again')}.py:attack")] * 1
    for round_ in range(2):
        folder = tmp_path / str(round_)
        row = attack(*references, isolation="namespaces", results=folder)[name.removesuffix("_again")]
        assert row.status == Status.PARTIAL, row.reason
        assert [line for line in log_of(folder, row) if "found" in line] == []


def test_there_is_no_network(attack: Callable[..., dict[str, Row]], namespaces: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        reference = Reference(f"{SOLVERS}/network.py:Attack", None, {"port": port})
        row = attack(reference, isolation="namespaces" if namespaces else "rlimits")["network"]
    assert row.status == (Status.CRASHED if namespaces else Status.PARTIAL), row.reason


def test_many_small_files_fill_the_scratch_folder_only(attack: Callable[..., dict[str, Row]], namespaces: bool) -> None:
    row = attack(Reference(f"{SOLVERS}/many_files.py:attack"), isolation="namespaces" if namespaces else "rlimits")[
        "many_files"
    ]
    assert row.status == (Status.CRASHED if namespaces else Status.PARTIAL)
    assert not namespaces or "No space left" in row.reason
