"""A run that is killed at any moment loses at most what was in flight, and leaves nothing running."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from benchmark.results.store import Store
from benchmark.running.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.trial import Row
    from benchmark.running.planning.request import RunRequest

HERE = Path(__file__).parents[1]
NAMES = ("exact", "identity", "gives_up", "Needs[offset=2]")
SEEDS = tuple(range(8))
KILLS = 20

SCRIPT = """
import signal
import sys
from pathlib import Path
from benchmark.running.planning.request import RunRequest
from generator.puzzle.storage import LoadedPuzzle
from benchmark.running.events import Opened
from benchmark.running.runner import run
from benchmark.results.trial import Limits
from generator.plugins import load_file
from solvers.reference import parse_reference

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits it ignored
here, results, (jobs, seeds) = Path(sys.argv[1]), Path(sys.argv[2]), map(int, sys.argv[3:5])
isolation, *names = sys.argv[5:]
toy = load_file(here / "toy.py")
made = [toy.make_toy(seed=seed, name=f"toy{seed}") for seed in range(3)]
request = RunRequest(
    puzzles=tuple(LoadedPuzzle(one.puzzle, one.sealed) for one in made),
    references=tuple(parse_reference(f"{here}/toy_solvers.py:{name}") for name in names),
    results=results, seeds=tuple(range(seeds)), jobs=jobs, isolation=isolation,
    limits=Limits(wall_s=1), plugins=(str(here / "toy.py"),),
)
run(request, lambda event: isinstance(event, Opened) and print("open", flush=True))
"""


def start(results: Path, jobs: int, isolation: str = "auto") -> subprocess.Popen[bytes]:
    arguments = [str(HERE), str(results), str(jobs), str(len(SEEDS)), isolation, *NAMES]
    (results.parent / "tmp").mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(results.parent / "tmp")}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE, cwd=HERE.parent.parent, env=environment
    )


def left_by(pid: int) -> list[psutil.Process]:
    mark = f"NETJIGSAW_SERVER={pid}-".encode()
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            if mark in Path(f"/proc/{process.pid}/environ").read_bytes():
                found.append(process)
    return found


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60  # a busy machine is slow
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_none_is_left(pid: int) -> None:
    wait_until(lambda: not left_by(pid))


def written(results: Path) -> list[str]:
    """List the trials of all whole rows, in any order."""
    lines = [line for path in results.glob("rows-*") for line in path.read_bytes().split(b"\n")[:-1]]
    return [json.loads(line)["trial"] for line in lines]


def enough(results: Path, rows: int, process: subprocess.Popen[bytes]) -> bool:
    return len(written(results)) >= rows or process.poll() is not None


def key(row: Row) -> tuple[object, ...]:
    return row.trial, row.status, row.reason, row.metrics, row.solver, row.seed


def test_twenty_kills_lose_and_repeat_nothing(ask: Callable[..., RunRequest], tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    results = tmp_path / "killed"
    kept: set[str] = set()
    for kill in range(KILLS):
        process = start(results, jobs=1 + kill % 2, isolation="rlimits" if kill % 3 else "auto")
        assert process.stdout is not None
        with process.stdout:
            if kill % 5:
                process.stdout.readline()
                more = len(kept) + int(rng.integers(0, 6))  # rows, not seconds: machines differ in speed
                wait_until(partial(enough, results, more, process))
                time.sleep(rng.uniform(0, 0.03))
            else:
                time.sleep(rng.uniform(0, 0.6))
            process.send_signal(signal.SIGKILL)
            process.wait()
        wait_until_none_is_left(process.pid)
        now = written(results)
        assert len(now) == len(set(now)), "a trial was run twice"
        assert kept <= set(now), "a finished trial was lost"
        kept = set(now)
    # Scratch folders are gone too, but for those made in the blink before their server was started.
    assert len(list((tmp_path / "tmp").iterdir())) <= 2
    request = ask(*NAMES, seeds=SEEDS, results=results)
    assert 0 < len(kept) < len(SEEDS) * 3 * len(NAMES)
    resumed = run(request)
    undisturbed = run(ask(*NAMES, seeds=SEEDS, results=tmp_path / "undisturbed"))
    assert [key(row) for row in resumed] == [key(row) for row in undisturbed]
    assert sorted(written(results)) == sorted(row.trial for row in undisturbed)
    assert {key(row)[0] for row in Store(results).rows()} == {row.trial for row in undisturbed}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_resumes(ask: Callable[..., RunRequest], tmp_path: Path, number: signal.Signals) -> None:
    results = tmp_path / "stopped"
    with start(results, jobs=2) as process:
        assert process.stdout is not None
        process.stdout.readline()
        wait_until(lambda: len(written(results)) > 0)
        process.send_signal(number)
        assert process.wait(60) != 0
    wait_until_none_is_left(process.pid)
    before = written(results)
    rows = run(ask(*NAMES, seeds=SEEDS, results=results))
    assert 0 < len(before) < len(rows)
    assert len(written(results)) == len(set(written(results))) == len(rows)
