"""A small puzzle in the published layout, and imports of it that keep the remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from generator.errors import LayoutError, NetjigsawError
from generator.reassembly.layout.janestreet import export_layout, import_layout
from tests.generator.reassembly.layout.test_janestreet import a_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.puzzle.content import Puzzle

    Read = Callable[[Path], tuple[Puzzle, list[str]]]
    Refused = Callable[..., str]


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Three blocks of width 4, seven pieces, five rows."""
    export_layout(a_puzzle().puzzle, tmp_path / "layout")
    return tmp_path / "layout"


@pytest.fixture
def digest(layout: Path) -> str:
    """Digest of the untouched layout."""
    return import_layout(layout, name="p").digest


@pytest.fixture
def read() -> Read:
    """Import a folder; gives the puzzle and the remarks."""

    def call(folder: Path) -> tuple[Puzzle, list[str]]:
        remarks: list[str] = []
        return import_layout(folder, name="p", remark=remarks.append), remarks

    return call


@pytest.fixture
def refused() -> Refused:
    """Import a folder that must be refused; gives the one line that it says."""

    def call(folder: Path, error: type[NetjigsawError] = LayoutError) -> str:
        with pytest.raises(error) as caught:
            import_layout(folder, name="p")
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return call


@pytest.fixture
def rewrite(layout: Path) -> Callable[..., None]:
    """Save every piece again, changed; the pieces' numbers are 0 to 6."""

    def call(change: Callable[[dict[str, torch.Tensor]], object]) -> None:
        paths = sorted((layout / "pieces").iterdir())
        assert len(paths) == 7
        for path in paths:
            torch.save(change(torch.load(path, weights_only=True)), path)

    return call
