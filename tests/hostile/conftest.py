"""Runs hostile solvers through the harness; each module shares one run per mode of isolation."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from benchmark.isolation.launch import Launcher
from benchmark.isolation.supervisor import Server, Settings
from benchmark.results.trial import Limits
from benchmark.running.planning.request import RunRequest
from benchmark.running.runner import run
from generator.plugins import load_file
from generator.puzzle.storage import LoadedPuzzle, save_answer, save_puzzle
from solvers.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.trial import Row
    from generator.puzzle.content import SealedAnswer

HERE = Path(__file__).parent
TOY = HERE.parent / "benchmark" / "toy.py"
LIMITS = Limits(wall_s=1.5, memory_mib=256, output_mib=4)
NEEDLE = "needle-0123456789abcdef"


@pytest.fixture(scope="session")
def strongest() -> str:
    """The strongest mode of isolation that this system allows."""
    launcher = Launcher(threads=1, warm=())
    server = Server(Settings(), launcher, namespaces=True)
    refused = server.wait_until_ready()
    server.close()
    launcher.close()
    return "rlimits" if refused else "namespaces"


@pytest.fixture(params=["namespaces", "rlimits"], scope="module")
def isolation(request: pytest.FixtureRequest, strongest: str) -> str:
    """Both modes; where the system has no namespaces, the second one twice."""
    return str(request.param) if strongest == "namespaces" else "rlimits"


@pytest.fixture(scope="module")
def puzzle(tmp_path_factory: pytest.TempPathFactory) -> LoadedPuzzle:
    """A toy on disk, its sealed answer, which holds a needle to look for, beside it."""
    made = load_file(TOY).make_toy(seed=3)
    folder = tmp_path_factory.mktemp("puzzles") / "toy"
    save_puzzle(made.puzzle, folder)
    sealed: SealedAnswer = made.sealed.model_copy(update={"notes": {"secret": NEEDLE}})
    save_answer(sealed, folder.parent / "answers")
    return LoadedPuzzle(made.puzzle, sealed, folder)


@pytest.fixture(scope="module")
def attack(puzzle: LoadedPuzzle, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Row]]:
    """Run solvers of this folder by name, `honest` last, and see that nothing is left running."""

    def start(
        *references: Reference,
        isolation: str,
        limits: Limits = LIMITS,
        results: Path | None = None,
        seeds: tuple[int, ...] = (0,),
    ) -> dict[str, Row]:
        honest = Reference(f"{HERE}/solvers/honest.py:attack")
        request = RunRequest(
            puzzles=(puzzle,),
            references=(*references, honest),
            results=results or tmp_path_factory.mktemp("store") / "results",
            seeds=seeds,
            limits=limits,
            plugins=(str(TOY),),
            isolation=isolation,
        )
        rows = run(request)
        assert left_running() == []
        return {Path(row.solver.rpartition(":")[0]).stem: row for row in rows}

    return start


def left_running() -> list[str]:
    """List processes that a fork server started, after a moment for those that are just ending."""
    for _ in range(50):
        found = [process for process in psutil.process_iter() if _is_ours(process)]
        if not found:
            return []
        time.sleep(0.05)
    return [str(process) for process in found]


def _is_ours(process: psutil.Process) -> bool:
    with contextlib.suppress(OSError, psutil.Error):
        if process.status() == psutil.STATUS_ZOMBIE:
            return process.ppid() == os.getpid()
        return f"NETJIGSAW_SERVER={os.getpid()}-".encode() in Path(f"/proc/{process.pid}/environ").read_bytes()
    return False
