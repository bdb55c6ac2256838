"""A family that the suite has never heard of goes the whole way: generate, run, leaderboard."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOY = Path(__file__).parents[1] / "docs" / "examples" / "families" / "sorting.py"
PACKAGES = ("netjigsaw", "generator", "solvers", "benchmark", "leaderboard")


def netjigsaw(*arguments: str, cwd: Path) -> str:
    command = [sys.executable, "-m", "netjigsaw", "--plugin", str(TOY), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_generate_run_and_leaderboard(tmp_path: Path) -> None:
    netjigsaw("generate", "sorting", "--size", "9", "--seed", "1", "--out", "s1", cwd=tmp_path)
    netjigsaw("run", "s1", "--results", "results", "--seeds", "2", cwd=tmp_path)
    table = json.loads(netjigsaw("leaderboard", "--results", "results", "--format", "json", cwd=tmp_path))
    (solver,) = table["tables"][0]["rows"]
    assert (solver["solver"], solver["solved"], solver["covered"]) == ("argsort", 2, 2)
    assert "picture in" in netjigsaw("show", "results", "--puzzle", "s1", cwd=tmp_path)
    answer = netjigsaw("solve", "s1", "--solver", "argsort", cwd=tmp_path).splitlines()[-1]
    assert sorted(map(int, answer.split(","))) == list(range(9))


def test_several_at_once_over_processes(tmp_path: Path) -> None:
    netjigsaw("generate", "sorting", "--count", "3", "--jobs", "2", "--seed", "1", "--out", "many", cwd=tmp_path)
    folders = sorted(path.name for path in (tmp_path / "many").iterdir())
    assert folders == ["answers", "sorting-0", "sorting-1", "sorting-2"]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_line_of_the_suite_knows_it(package: str) -> None:
    for path in (Path(__file__).parents[1] / package).rglob("*.py"):
        assert "sorting" not in path.read_text(encoding="utf-8"), path
