"""A program that knows nothing of netjigsaw solves hidden networks: a table, and an oracle that it queries."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., tuple[int, str, str]]

PROGRAM = """
import csv, json, math, os

known = json.load(open("puzzle.json"))
assert known["hidden_layers"] == 1 and known["activation"] == "tanh" and known["inputs"] == 1


def ask(rows):
    if os.path.exists("inputs.csv"):
        table = zip(*(list(csv.reader(open(name + ".csv")))[1:] for name in ("inputs", "outputs")))
        return [[float(x), float(y)] for (x,), (y,) in table]
    assert json.load(open("oracle.json"))["inputs"] == 1
    print(json.dumps({"query": rows}), flush=True)
    return [[x, y] for (x,), (y,) in zip(rows, json.loads(input())["outputs"])]


# f = a tanh(w x + b) + c, by Newton's method on the least squares of one unit
import numpy as np
from scipy.optimize import least_squares

x, y = np.array(ask([[t / 20] for t in range(-60, 61)])).T
fits = [
    least_squares(lambda p: p[0] * np.tanh(p[1] * x + p[2]) + p[3] - y, [1, slope, shift, 0], xtol=1e-15, ftol=1e-15)
    for slope in (1.0, 2.0) for shift in (-1.0, 0.0, 1.0)
]
a, w, b, c = min(fits, key=lambda fit: fit.cost).x.tolist()
answer = {"layers": [{"weight": [[w]], "bias": [b]}, {"weight": [[a]], "bias": [c]}]}
print(json.dumps(answer, indent=2))
"""


@pytest.mark.parametrize("mode", ["active", "passive"])
def test_a_program_recovers_a_unit(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fit.py").write_text(PROGRAM, encoding="utf-8")
    recipe = ["--inputs", "1", "--hidden", "1", "--mode", mode, "--rows", "200"]
    code, _, err = cli("generate", "recovery", *recipe, "--seed", "1", "--out", "p")
    assert code == 0, err
    command = f"fit={sys.executable} {tmp_path / 'fit.py'}"
    code, _, err = cli("run", "p", "--solver-command", command, "--results", "r", "--timeout", "60s")
    assert code == 0, err
    (row,) = Store(tmp_path / "r").rows()
    assert (row.status, row.metrics["units"]) == ("solved", 1.0), row
    assert row.queries == (121 if mode == "active" else None)
