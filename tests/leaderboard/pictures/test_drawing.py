from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from generator.errors import PluginError, StorageError
from leaderboard.pictures.drawing import new_figure, save_png

if TYPE_CHECKING:
    from pathlib import Path


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        save_png(new_figure(1.0, 1.0), blocked / "net.png")
    assert list(tmp_path.iterdir()) == [blocked]


def test_a_missing_matplotlib_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PluginError, match="pictures need matplotlib"):
        new_figure(1.0, 1.0)


def test_drawing_leaves_pyplot_alone() -> None:
    draw = "import sys; from leaderboard.pictures.drawing import new_figure; new_figure(1, 1).subplots()"
    code = f"{draw}; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
