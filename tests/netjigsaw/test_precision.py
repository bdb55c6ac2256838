"""`import --precision`, and what `import`, `show` and `solve` say of predictions in a low precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
import torch

from generator.puzzle.storage import load_puzzle
from generator.reassembly.layout.janestreet import export_layout
from generator.reassembly.layout.reading.folder import CSV
from generator.reassembly.puzzle import view_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.puzzle.sealing import Made

    Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def printed(tiny: Made, tmp_path: Path) -> Path:
    """Export a trained puzzle, and print its predictions with five digits."""
    export_layout(tiny.puzzle, tmp_path / "layout")
    table = pd.read_csv(tmp_path / "layout" / CSV)
    table["pred"] = [f"{value:.5g}" for value in table["pred"]]
    table.to_csv(tmp_path / "layout" / CSV, index=False)
    return tmp_path / "layout"


def test_stored_digits_are_measured_said_and_certified(cli: Cli, printed: Path) -> None:
    code, out, err = cli("import", "janestreet", printed, "--out", "p")
    assert (code, len(out.splitlines())) == (0, 1)
    said = "p: predictions were stored as 5 significant digits: an order is certified if all its predictions fit"
    assert " ".join(err.split()).startswith(said)
    code, out, _ = cli("show", "p")
    assert code == 0
    assert "predictions were stored as 5 significant digits" in out
    code, out, _ = cli("solve", "p", "--solver", "flagship", "--timeout", "60s", "--isolation", "rlimits")
    assert code == 0
    summary = out.splitlines()[-2]
    assert summary.startswith("solved (predictions were stored as 5 significant digits: all 300 predictions fit")
    assert summary.count("all 300 predictions fit") == 1
    assert "certified by the solver" in summary


def test_arithmetic_is_hinted_at_and_declared(cli: Cli, tiny: Made, tmp_path: Path) -> None:
    export_layout(tiny.puzzle, tmp_path / "layout")
    network = view_puzzle(tiny.puzzle).assembled(tiny.sealed.answer)
    table = pd.read_csv(tmp_path / "layout" / CSV)
    x = torch.from_numpy(tiny.puzzle.data["inputs"].copy())
    # float16 inside, float32 outside: the table does not show it.
    lower = network.to(torch.float16)
    table["pred"] = lower.hidden(x.half()).float().numpy() @ network.head.numpy().T[:, 0] + network.head_bias.numpy()
    table.to_csv(tmp_path / "layout" / CSV, index=False)

    assert cli("import", "janestreet", "layout", "--out", "plain")[2] == ""
    answer = ["--solver", "adjoint", "--isolation", "rlimits"]  # it ends by itself
    summary = cli("solve", "plain", *answer)[1].splitlines()[-2]
    assert summary.startswith("partial (")
    assert "times the assembly's float32 rounding" in summary
    assert "import with --precision tf32, bfloat16 or float16" in summary

    assert "computed in float16" in cli("import", "janestreet", "layout", "--precision", "fp16", "--out", "p")[2]
    assert load_puzzle(tmp_path / "p").manifest.spec == {"activation": "relu", "predictions_computed": "float16"}
    summary = cli("solve", "p", *answer)[1].splitlines()[-2]
    assert summary.startswith("solved (predictions were computed in float16: best order by likelihood")


@pytest.mark.parametrize(
    ("precision", "message"),
    [
        ("flaot16", "no precision 'flaot16'; did you mean"),
        ("12 decimals", "precision '12 decimals' is out of range"),
        ("3 digits", "has more than 3 digits; leave --precision out to measure it"),
    ],
)
def test_a_bad_precision_is_one_line(fails: Callable[..., str], printed: Path, precision: str, message: str) -> None:
    assert message in fails("import", "janestreet", printed, "--out", "p", "--precision", precision)
    assert not (printed.parent / "p").exists()
