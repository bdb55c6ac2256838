from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.trial import Limits
from benchmark.running.planning.request import RunRequest
from generator.plugins import load_file
from generator.puzzle.storage import LoadedPuzzle
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


@pytest.fixture
def toys() -> tuple[LoadedPuzzle, ...]:
    """Three toy puzzles with their answers."""
    made = [load_file(HERE / "toy.py").make_toy(seed=seed, name=f"toy{seed}") for seed in range(3)]
    return tuple(LoadedPuzzle(one.puzzle, one.sealed) for one in made)


@pytest.fixture
def ask(toys: tuple[LoadedPuzzle, ...], tmp_path: Path) -> Callable[..., RunRequest]:
    """Make a request for toy solvers by name."""

    def make(*names: str, **changes: Any) -> RunRequest:
        defaults: dict[str, Any] = {
            "puzzles": toys,
            "references": tuple(parse_reference(f"{HERE}/toy_solvers.py:{name}") for name in names),
            "results": tmp_path / "results",
            "limits": Limits(wall_s=1),
            "plugins": (str(HERE / "toy.py"),),
        }
        return RunRequest(**{**defaults, **changes})

    return make
