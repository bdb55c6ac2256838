"""What several tests share: a small trained puzzle, and the command line in-process."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import torch

from generator.puzzle.storage import save_answer, save_puzzle
from generator.reassembly.making.generate import generate
from generator.reassembly.puzzle import ReassemblyPuzzle, view_puzzle
from generator.reassembly.spec import PRESETS, ReassemblySpec
from netjigsaw.__main__ import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.puzzle.sealing import Made


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep suites' puzzles out of the user's cache, and the user's out of the tests."""
    monkeypatch.setenv("NETJIGSAW_HOME", str(tmp_path / "netjigsaw-home"))


@pytest.fixture(scope="session")
def tiny_spec() -> ReassemblySpec:
    """The preset `tiny`, trained more briefly."""
    return ReassemblySpec.model_validate(
        {**PRESETS["tiny"], "depth": 5, "rows": 300, "steps": 200, "warmup": 20, "batch": 64}
    )


@pytest.fixture(scope="session")
def tiny(tiny_spec: ReassemblySpec) -> Made:
    return generate(tiny_spec, name="tiny", seed=7)


@pytest.fixture(scope="session")
def tiny_view(tiny: Made) -> ReassemblyPuzzle:
    return view_puzzle(tiny.puzzle)


@pytest.fixture(scope="session")
def _stored_tiny(tiny: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stored")
    save_puzzle(tiny.puzzle, home / "p")
    save_answer(tiny.sealed, home / "answers")
    return home


@pytest.fixture
def stored(_stored_tiny: Path, tmp_path: Path) -> Path:
    """A folder of this test's own that holds the tiny puzzle `p` and `answers/`."""
    home = tmp_path / "stored"
    shutil.copytree(_stored_tiny, home)
    return home


@pytest.fixture
def cli(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in a folder of this test's own; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NETJIGSAW_PLUGINS", raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def fails(cli: Callable[..., tuple[int, str, str]]) -> Callable[..., str]:
    """Run a command that must fail, and give the one line that it says."""

    def call(*arguments: object) -> str:
        code, out, err = cli(*arguments)
        assert code in {1, 2}, (code, out, err)
        assert not out
        lines = err.splitlines()
        assert len(lines) == 1, err
        assert lines[0].startswith("netjigsaw: ")
        return lines[0].removeprefix("netjigsaw: ")

    return call
