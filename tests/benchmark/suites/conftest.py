from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.suites.building import Built, Failed, build
from benchmark.suites.reading import read_suite
from generator.plugins import load_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.suites.record import Suite
    from generator.batch import Order

TOY = Path(__file__).parents[1] / "toy.py"

HEAD = """format = 1
name = "mine"
description = "Two toys and a network."
family = "toy"
seeds = 2

[limits]
wall_s = 5
memory_mib = "none"
"""
PUZZLES = """
[[puzzle]]
name = "small"
seed = 1
tags = ["easy", "D"]

[[puzzle]]
name = "large"
seed = 2
spec = { size = 20 }

[[puzzle]]
name = "net"
family = "reassembly"
seed = 3
[puzzle.spec]
depth = 2
width = 3
hidden = 4
rows = 30
steps = 10
batch = 10
"""


@pytest.fixture(autouse=True)
def _toy() -> None:
    load_file(TOY)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a suite's file."""

    def make(head: str = HEAD, puzzles: str = PUZZLES, name: str = "mine") -> Path:
        path = tmp_path / f"{name}.toml"
        path.write_text(head + puzzles, encoding="utf-8")
        return path

    return make


@pytest.fixture
def built(write: Callable[..., Path]) -> Suite:
    """The suite above, its puzzles made."""
    return make_built(read_suite(write()))


def make_all(suite: Suite) -> list[Built | Failed]:
    """Build what a suite lacks."""

    def unwatched(order: Order, step: int, steps: int, loss: float) -> None:
        pass

    return list(build(suite.entries, jobs=1, plugins=(), watch=unwatched, waiting=lambda: None))


def make_built(suite: Suite) -> Suite:
    ends = make_all(suite)
    assert not [end for end in ends if isinstance(end, Failed)]
    return suite.refreshed()


@pytest.fixture
def build_all() -> Callable[[Suite], list[Built | Failed]]:
    """Build what a suite lacks."""
    return make_all


@pytest.fixture
def rebuilt() -> Callable[[Suite], Suite]:
    """Build what a suite lacks, without a failure, and look at it again."""
    return make_built
