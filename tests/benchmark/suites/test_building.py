"""Puzzles of a suite are made once, whole or not at all, and found again by what decides their bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.suites import cache as places
from benchmark.suites.building import Built, Failed
from benchmark.suites.reading import read_suite
from generator.errors import TrainingError
from generator.plugins import load_file
from generator.puzzle.storage import find_answer, load_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.suites.record import Suite

    Build = Callable[[Suite], list[Built | Failed]]

HEAD = 'format = 1\nname = "nets"\nfamily = "reassembly"\n'
SLOW = Path(__file__).with_name("slow.py")
WAIT = 'format = 1\nname = "waits"\nfamily = "slow"\n'
NET = (
    '[[puzzle]]\nname = "n{seed}"\nseed = {seed}\n'
    "spec = {{ depth = 3, width = 8, hidden = 8, rows = 50, steps = {steps} }}\n"
)


def stamps(home: Path) -> dict[str, int]:
    return {path.name: (path / "manifest.json").stat().st_mtime_ns for path in home.glob("[!.]*-*")}


def test_what_is_built_is_kept(write: Callable[..., Path], build_all: Build) -> None:
    first = build_all(read_suite(write()))
    assert [isinstance(end, Built) and end.made for end in first] == [True] * 3
    again = build_all(read_suite(write()))
    assert [isinstance(end, Built) and end.made for end in again] == [False] * 3
    suite = read_suite(write())
    assert suite.digest is not None
    for entry in suite.entries:
        puzzle = load_puzzle(entry.path)
        assert puzzle.digest == entry.digest
        assert find_answer(puzzle, entry.answers) is not None


def test_editing_one_entry_makes_it_alone(write: Callable[..., Path], build_all: Build) -> None:
    build_all(read_suite(write()))
    path = write()
    path.write_text(path.read_text().replace("size = 20", "size = 21"))
    ends = build_all(read_suite(path))
    assert {end.entry.name for end in ends if isinstance(end, Built) and end.made} == {"large"}


def test_renaming_and_tagging_make_nothing(write: Callable[..., Path], build_all: Build) -> None:
    build_all(read_suite(write()))
    path = write()
    path.write_text(path.read_text().replace('"large"', '"huge"').replace('"easy"', '"simple"'))
    assert not [end for end in build_all(read_suite(path)) if isinstance(end, Built) and end.made]


@pytest.mark.parametrize("what", ["generator", "library", "family"])
def test_a_change_of_the_bits_changes_the_folder(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    before = read_suite(write())
    if what == "generator":
        monkeypatch.setattr(places, "__version__", "9.9")
    elif what == "library":
        monkeypatch.setattr(places, "versions", lambda: {"torch": "9.9"})
    else:
        monkeypatch.setattr(places, "digest_of_family", lambda family: f"edited {family.name}")
    after = read_suite(write())
    moved = {old.name for old, new in zip(before.entries, after.entries, strict=True) if old.path != new.path}
    assert moved == {"small", "large", "net"}
    assert [entry.recipe.digest for entry in before.entries if entry.recipe] == [
        entry.recipe.digest for entry in after.entries if entry.recipe
    ]


def test_one_that_fails_is_named_and_the_others_are_built(write: Callable[..., Path], build_all: Build) -> None:
    bad = '[[puzzle]]\nname = "bad"\nseed = 1\nspec = {optimiser = "sgd", learning_rate = 10, input_scale = 100}\n'
    suite = read_suite(write(HEAD, bad + NET.format(seed=2, steps=5), "nets"))
    ends = {end.entry.name: end for end in build_all(suite)}
    failed = ends["bad"]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, TrainingError)
    assert isinstance(ends["n2"], Built)
    assert [entry.digest is None for entry in suite.refreshed().entries] == [True, False]


def test_a_damaged_puzzle_in_the_cache_is_named(built: Suite, build_all: Build) -> None:
    path = built.entry("net").path / "pieces.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    failed = [end for end in build_all(built) if isinstance(end, Failed)]
    assert [end.entry.name for end in failed] == ["net"]
    assert "is not the one in the manifest" in str(failed[0].error)


def start(path: Path) -> subprocess.Popen[str]:
    """Build a suite of the slow family in a process of its own."""
    command = [sys.executable, "-m", "netjigsaw", "--plugin", str(SLOW), "suite", "build", str(path), "--jobs", "1"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=path.parent, start_new_session=True, stdout=pipe, stderr=pipe, text=True)


def test_a_killed_build_leaves_whole_puzzles_and_goes_on(
    write: Callable[..., Path], tmp_path: Path, build_all: Build
) -> None:
    load_file(SLOW)
    path = write(WAIT, "".join(f'[[puzzle]]\nname = "w{seed}"\nseed = {seed}\n' for seed in range(8)), "waits")
    home = tmp_path / "netjigsaw-home" / "puzzles"
    for kill in range(1, 3):
        process = start(path)
        deadline = time.monotonic() + 60
        while len(stamps(home)) < 2 * kill and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert 2 * kill <= len(stamps(home)) < 8
        for name in stamps(home):
            puzzle = load_puzzle(home / name)
            assert find_answer(puzzle, home / "answers") is not None
    before = stamps(home)
    ends = build_all(read_suite(path))
    assert len(ends) == 8
    assert sum(isinstance(end, Built) and end.made for end in ends) == 8 - len(before)
    assert {name: stamp for name, stamp in stamps(home).items() if name in before} == before


def test_two_builds_at_once_take_turns(write: Callable[..., Path]) -> None:
    load_file(SLOW)
    path = write(WAIT, "".join(f'[[puzzle]]\nname = "w{seed}"\nseed = {seed}\n' for seed in range(4)), "waits")
    both = [start(path), start(path)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(out.partition(":")[2].partition(",")[0] for out, _ in said) != [" 4 puzzles built"] * 2
    suite = read_suite(path)
    assert suite.digest is not None
    for entry in suite.entries:
        assert find_answer(load_puzzle(entry.path), entry.answers) is not None


def test_a_waiting_build_is_reported() -> None:
    told: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with places.claim(lambda: None):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(10)
    timer = threading.Timer(0.1, leave.set)
    timer.start()
    with places.claim(lambda: told.append("waiting")):
        assert leave.is_set()
    thread.join()
    timer.join()
    assert told == ["waiting"]


def test_what_killed_builds_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    home = places.puzzle_home()
    old, new = home / ".reassembly-x-old", home / ".reassembly-x-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    with places.claim(lambda: None):
        pass
    assert not old.exists()
    assert new.exists()
    assert home.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"NETJIGSAW_HOME": "/there"}, "/there"),
        ({"XDG_CACHE_HOME": "/shared"}, "/shared/netjigsaw"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/people/me"}, "/people/me/.cache/netjigsaw"),
        ({"HOME": "/people/me"}, "/people/me/.cache/netjigsaw"),
    ],
)
def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: str) -> None:
    for name in ("NETJIGSAW_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(places.cache_home()) == wanted
