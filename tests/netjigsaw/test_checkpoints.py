"""Checkpoints that others trained go from the command line to puzzles, tables and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from tests.generator.modular.layout.checkpoints import one_layer_state, transformer_state

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("home")
def test_a_transformer_is_imported_with_its_configuration(cli: Callable[..., tuple[int, str, str]]) -> None:
    torch.save(transformer_state(11, 2), "model.pt")
    Path("config.json").write_text(json.dumps({"C": 11, "attn_coeff": 0.5, "act_fn": "ReLU"}))
    code, out, told = cli("import", "modular", "model.pt", "config.json")
    assert code == 0
    assert out.startswith("model-puzzle  ")
    assert "the label is withheld: " in told
    code, out, _ = cli("show", "model-puzzle", "--out", "one.png")
    assert code == 0
    assert "gradient symmetricity" in out
    assert "label" in out
    assert Path("one.png").stat().st_size > 10_000


@pytest.mark.usefixtures("home")
def test_a_run_of_checkpoints_becomes_a_table_and_a_picture(cli: Callable[..., tuple[int, str, str]]) -> None:
    Path("run").mkdir()
    for step in (0, 200, 1000):
        torch.save({"model": one_layer_state(11, seed=step), "epoch": step}, f"run/{step}.pth")
    code, out, _ = cli("import", "modular", "run", "--activation", "quad", "--out", "read")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["read/step-0", "read/step-200", "read/step-1000"]
    code, out, _ = cli("show", "read")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:4]] == ["step-0", "step-200", "step-1000"]
    assert out.splitlines()[-1] == "picture in read.png"
    assert Path("read.png").stat().st_size > 10_000


@pytest.mark.usefixtures("home")
def test_a_fault_is_one_line(fails: Callable[..., str]) -> None:
    torch.save(transformer_state(11, 2), "model.pt")
    told = fails("import", "modular", "model.pt")
    assert told == "model.pt is a transformer; give its CONFIG.json, which tells attn_coeff and C"
    assert not Path("model-puzzle").exists()
