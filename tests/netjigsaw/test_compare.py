"""`netjigsaw compare` from the command line, on results of real runs of the toy family."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.results.outcome import SERVER_DIED
from generator.plugins import load_file
from generator.puzzle.storage import save_answer, save_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable

TOYS = Path(__file__).parents[1] / "benchmark"
PUZZLES = [f"puzzles/toy-{n}" for n in range(8)]
RIGHT = "import numpy as np\n\ndef solve(puzzle, context):\n    order = [int(i) for i in np.argsort(puzzle)]\n"
SOURCES = {
    "base": RIGHT + "    return order\n",
    "same": RIGHT + "    return order  # tidied\n",
    # wrong wherever the first key is even
    "crippled": RIGHT + "    return order if puzzle[0] % 2 else order[::-1]\n",
    "broken": "import no_such_module\n",
}

Cli = "Callable[..., tuple[int, str, str]]"


def lost_puzzles() -> list[str]:
    made = [load_file(TOYS / "toy.py").make_toy(seed=n, name=f"toy-{n}").puzzle for n in range(8)]
    return [puzzle.manifest.name for puzzle in made if puzzle.pieces["keys"][0] % 2 == 0]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with toy puzzles, and a result folder for each version of one solver; nothing in it is changed."""
    from netjigsaw.__main__ import run  # noqa: PLC0415 - in one place with what uses it

    home = tmp_path_factory.mktemp("compare")
    for n in range(8):
        made = load_file(TOYS / "toy.py").make_toy(seed=n, name=f"toy-{n}")
        save_puzzle(made.puzzle, home / f"puzzles/toy-{n}")
        save_answer(made.sealed, home / "puzzles/answers")
    before = Path.cwd()
    os.chdir(home)
    try:
        for name, source in SOURCES.items():
            Path("mine.py").write_text(source, encoding="utf-8")
            asked = ["run", *PUZZLES, "--solver", "mine.py:solve", "--seeds", "2", "--results", name]
            assert run(["--plugin", str(TOYS / "toy.py"), *asked]) == (1 if name == "broken" else 0)
    finally:
        os.chdir(before)
    take_times(home / "base", home / "same")
    return home


def take_times(source: Path, target: Path) -> None:
    """Give rows the times of the same cells of another store, so that no test depends on the speed of the machine."""
    rows = [json.loads(line) for file in source.glob("rows-*.jsonl") for line in file.read_text().splitlines()]
    times = {(row["puzzle"], row["seed"]): row["wall_s"] for row in rows}
    for file in target.glob("rows-*.jsonl"):
        changed = [json.loads(line) for line in file.read_text().splitlines()]
        lines = [json.dumps(row | {"wall_s": times[row["puzzle"], row["seed"]]}) for row in changed]
        file.write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def compare(
    home: Path, tmp_path: Path, cli: Callable[..., tuple[int, str, str]]
) -> Callable[..., tuple[int, str, str]]:
    """Run `netjigsaw compare` in a copy of that folder."""
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)

    def call(*arguments: object) -> tuple[int, str, str]:
        return cli("--plugin", TOYS / "toy.py", "compare", *arguments)

    return call


def test_an_unchanged_solver_is_fine(compare: Callable[..., tuple[int, str, str]]) -> None:
    for strict in ([], ["--strict"]):
        code, out, err = compare("base", "same", *strict)
        assert (code, err) == (0, "")
        assert out.endswith("verdict: no regression; 0 of 3 measures differ\n")
        assert "puzzles lost: 0, won: 0" in out


def test_a_crippled_solver_closes_the_gate_and_the_lost_puzzles_are_named(
    compare: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    lost = lost_puzzles()
    assert 1 < len(lost) < 8
    code, out, err = compare("base", "crippled", "--json", "report.json")
    assert (code, err) == (1, "")
    named = [line.split()[1] for line in out.splitlines() if line.startswith("  lost ")]
    assert named == lost
    assert out.splitlines()[-1].endswith(f"(lost {', '.join(lost)})")
    record = json.loads((tmp_path / "report.json").read_text())
    assert record["exit"] == 1
    assert [swing["name"] for swing in record["solvers"][0]["lost"]] == lost
    assert compare("crippled", "base")[0] == 0
    assert compare("base", "base")[2] == "BASE and NEW are the same folder, so nothing can differ\n"
    assert compare("base", "crippled", "--fail-on", "none")[0] == 0
    assert compare("base", "crippled", "--fail-on", "right:-100%", "--strict")[0] == 0
    assert compare("base", "crippled", "--fail-on", "right:-0.02", "--format", "github")[0] == 1


def test_other_puzzles_are_not_comparable(compare: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    rows = next((tmp_path / "base").glob("rows-*.jsonl"))
    text = rows.read_text()
    for name, half in (("first", text.splitlines()[:8]), ("second", text.splitlines()[8:])):
        (tmp_path / name).mkdir()
        (tmp_path / name / rows.name).write_text("\n".join(half) + "\n")
    code, out, err = compare("first", "second", "--json", "report.json")
    assert (code, out) == (3, "")
    assert err == "netjigsaw: nothing comparable: mine.py:solve: BASE and NEW have no puzzle in common\n"
    assert json.loads((tmp_path / "report.json").read_text())["exit"] == 3


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nowhere", "base"), "no results at nowhere"),
        (("base", "puzzles"), "puzzles holds no results"),
        (("base", "same", "--fail-on", "right"), "cannot read the rule 'right'"),
        (("base", "same", "--fail-on", "right:+0.1"), "wrong sign"),
        (("base", "same", "--fail-on", "exact:-0.1"), "no measure 'exact'"),
        (("base", "same", "--solver", "nobody"), "no results of solver 'nobody'"),
        (("base", "same", "--format", "html"), "no table format 'html'"),
        (("base", "same", "puzzles/toy-0"), "with --rerun only"),
        (("base", "nobody", "--results", "base"), "no results of solver 'base'"),
        (("mine.py:solve", "mine.py:solve", "--results", "base"), "the same solver"),
        (("--rerun", "a", "b"), "needs puzzles"),
        (("--rerun", "mine.py:solve", "no-such", "puzzles/toy-0"), "--rerun cannot run 'no-such'"),
        (("--rerun", "python solve.py", "mine.py:solve", "puzzles/toy-0"), "programs are run with netjigsaw run"),
        (("--rerun", "mine.py:solve", "mine.py:other", "nowhere"), "nowhere"),
        (("--rerun", "mine.py:solve", "mine.py:solve", "puzzles/toy-0"), "on both sides"),
        (("base",), "Missing argument"),
    ],
)
def test_wrong_usage_is_two_and_one_line(
    arguments: tuple[str, ...], complaint: str, compare: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = compare(*arguments)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1


def test_infrastructure_is_four(compare: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, _ = compare("base", "broken")
    assert code == 4
    assert "16 trials are no evidence about the solver (unavailable: " in out.splitlines()[-1]
    shutil.copytree(tmp_path / "same", tmp_path / "died")
    rows = next((tmp_path / "died").glob("rows-*.jsonl"))
    died = rows.read_text().replace(
        '"status": "solved", "reason": ""', f'"status": "crashed", "reason": "{SERVER_DIED}"'
    )
    rows.write_text(died)
    assert compare("base", "died")[0] == 4
    rows.write_text(died[:200] + "\n")
    code, out, err = compare("base", "died")
    assert (code, out) == (4, "")
    assert "line 1 is damaged" in err


def test_a_bug_does_not_look_like_a_regression(
    compare: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("surprise")

    monkeypatch.setattr("benchmark.comparison.report.match", fail)
    code, _, err = compare("base", "same")
    assert code == 4
    assert "internal error, ValueError: surprise" in err


def test_missing_trials_are_no_pass(compare: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    rows = next((tmp_path / "same").glob("rows-*.jsonl"))
    rows.write_text("".join(rows.read_text().splitlines(keepends=True)[:-3]))
    code, out, _ = compare("base", "same")
    assert code == 4
    assert "NEW lacks 3 trials of BASE" in out.splitlines()[-1]
    assert compare("base", "same", "--allow-missing")[0] == 0


def test_two_solvers_of_one_folder_and_a_rerun(compare: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    toys = f"{TOYS}/toy_solvers.py"
    exact, identity = f"{toys}:exact", f"{toys}:identity"
    code, out, err = compare("--rerun", exact, identity, *PUZZLES, "--repeats", "2", "--results", "fresh")
    assert code == 1, err
    assert "not judged" not in out
    assert "results in fresh" in err
    assert sorted(path.name for path in (tmp_path / "fresh").iterdir()) == ["repeat-1", "repeat-2"]
    code, out, _ = compare(identity, exact, "--results", "fresh/repeat-1", "--fail-on", "solved:-0")
    assert code == 0
    assert "8 puzzles, 8 trials" in out
    assert "won: 8" in out
    assert compare("--rerun", exact, identity, PUZZLES[0], "--results", "fresh")[0] == 2
