"""Two solvers, and two puzzles, of one name in one store, from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from generator.puzzle.storage import save_answer, save_puzzle
from generator.reassembly.making.generate import generate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.puzzle.sealing import Made
    from generator.reassembly.spec import ReassemblySpec

MINE = "def solve(puzzle, context):\n    return puzzle.answer(range(puzzle.depth), range(puzzle.depth))  # {}\n"
PROGRAM = "import sys\nprint('{}')\nsys.exit(3)\n"


@pytest.fixture
def project(tmp_path: Path, tiny: Made, tiny_spec: ReassemblySpec) -> Path:
    """Two puzzles of one name, and two folders with files of equal names."""
    for folder, made in (("q1", tiny), ("q2", generate(tiny_spec, name="tiny", seed=9))):
        save_puzzle(made.puzzle, tmp_path / folder / "tiny")
        save_answer(made.sealed, tmp_path / folder / "answers")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.py").write_text(MINE.format(name), encoding="utf-8")
        (tmp_path / name / "p.py").write_text(PROGRAM.format(name), encoding="utf-8")
    return tmp_path


def test_equal_names_get_distinct_names(
    project: Path, cli: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_in(folder: str) -> str:
        monkeypatch.chdir(project / folder)
        solvers = ("--solver", "m.py:solve", "--solver-command", "mine=python p.py")
        code, _, err = cli("run", "../q1", "../q2", *solvers, "--results", "../results")
        monkeypatch.chdir(project)
        assert code == 0
        return err

    def table() -> tuple[dict[str, int], str]:
        record = json.loads(cli("leaderboard", "--results", "results", "--format", "json")[1])["tables"][0]
        return {row["solver"]: row["covered"] for row in record["rows"]}, record["caption"]

    first = run_in("a")
    assert first.count("tiny (") == 4  # each line names its puzzle with the digest
    assert table()[0] == {"m.py:solve": 2, "mine": 2}
    assert "4 trials planned, 0 held already" in run_in("b")
    names, caption = table()
    assert names == {"a/m.py:solve": 2, "b/m.py:solve": 2, "mine (a/p.py)": 2, "mine (b/p.py)": 2}
    assert "2 different solvers were run as m.py:solve: a/m.py:solve, b/m.py:solve." in caption
    assert "superseded" not in caption
    assert "stands for 2 different puzzles" in caption

    (project / "b" / "m.py").write_text(MINE.format("edited"), encoding="utf-8")
    run_in("b")
    names, caption = table()
    assert names == {"a/m.py:solve": 2, "b/m.py:solve": 2, "mine (a/p.py)": 2, "mine (b/p.py)": 2}
    assert "2 older rows are superseded: 2 of b/m.py:solve by a newer source" in caption

    compared = ("compare", "a/m.py:solve", "b/m.py:solve", "--results", "results", "--fail-on", "none")
    code, out, _ = cli(*compared)
    assert code == 0
    assert "2 puzzles, 2 trials" in out
    assert cli("leaderboard", "--results", "results", "--html", "page.html")[0] == 0
    page = (project / "page.html").read_text(encoding="utf-8")
    assert all(name in page for name in names)
    assert page.count("tiny (") >= 2
    assert str(project) not in page
    code, out, _ = cli("show", "results", "--puzzle", "q1", "--out", "run.png")
    assert code == 0
    assert all(name in out for name in names)
