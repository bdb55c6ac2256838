"""Folders of puzzles on the command line: every command that takes puzzles takes the same arguments."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from generator.puzzle.storage import save_answer, save_puzzle
from generator.reassembly.making.generate import generate

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.puzzle.sealing import Made
    from generator.reassembly.spec import ReassemblySpec

PEEK = """
from pathlib import Path

def solve(puzzle, context):
    for path in {targets!r}:
        try:
            context.log("found " + Path(path).read_text()[:20])
        except OSError as error:
            context.log(f"refused {{type(error).__name__}}")
"""


@pytest.fixture(scope="module")
def other(tiny_spec: ReassemblySpec) -> Made:
    return generate(tiny_spec, name="tiny", seed=8)


@pytest.fixture
def q(tiny: Made, other: Made, tmp_path: Path) -> Path:
    """A folder of two puzzles and their answers, in the folder in which the command runs."""
    for number, made in enumerate((tiny, other)):
        save_puzzle(made.puzzle, tmp_path / "q" / f"tiny-{number}")
        save_answer(made.sealed, tmp_path / "q" / "answers")
    return tmp_path / "q"


def pattern(folder: Path) -> list[str]:
    """The arguments that a shell makes of `folder/*`."""
    found = sorted(f"{folder.name}/{path.name}" for path in folder.iterdir())
    assert any(name.endswith("/answers") for name in found)
    return found


def test_run_takes_a_folder_its_pattern_and_copies(q: Path, cli: Callable[..., tuple[int, str, str]]) -> None:
    shutil.copytree(q / "tiny-0", q / "tiny-2")
    code, out, err = cli("run", "q", "--solver", "random", "--results", "res")
    assert (code, out.splitlines()[0]) == (0, "2 trials: 2 partial")
    assert "no sealed answer" not in err
    assert all("exact_order" in row.metrics for row in Store(Path("res")).rows())  # known only with the answer
    code, _, err = cli("run", *pattern(q), "--solver", "random", "--results", "res")
    assert code == 0
    assert "2 trials planned, 2 held already" in err


@pytest.mark.parametrize("isolation", ["auto", "rlimits"])
def test_the_answers_of_a_folder_are_hidden_in_namespaces_only(
    q: Path, tiny: Made, tmp_path: Path, cli: Callable[..., tuple[int, str, str]], isolation: str
) -> None:
    (tmp_path / "open.txt").write_text("open to all", encoding="utf-8")
    targets = [str(tmp_path / "open.txt"), str(q / "answers" / f"{tiny.puzzle.digest}.json")]
    (tmp_path / "peek.py").write_text(PEEK.format(targets=targets), encoding="utf-8")
    for number, texts in enumerate((["q"], pattern(q))):
        assert (
            cli("run", *texts, "--solver", "peek.py:solve", "--results", f"res-{number}", "--isolation", isolation)[0]
            == 0
        )
        store = Store(tmp_path / f"res-{number}")
        (session,) = store.sessions().values()
        # Without namespaces, nothing keeps a solver that knows the path from the answers, and the run says so.
        second = "found {" if session.isolation.startswith("rlimits") else "refused FileNotFoundError"
        for outcome in (store.outcome(row) for row in store.rows()):
            assert outcome is not None
            assert outcome.log[0] == "found open to all"
            assert outcome.log[1].startswith(second)


@pytest.mark.usefixtures("q")
def test_commands_on_one_puzzle_name_the_found_ones(fails: Callable[..., str]) -> None:
    told = "q holds 2 puzzles; choose one: q/tiny-0, q/tiny-1"
    assert fails("solve", "q", "--solver", "random") == told
    assert fails("export", "janestreet", "q", "--out", "out") == told
    assert not Path("out").exists()


@pytest.mark.usefixtures("q")
def test_several_puzzles_are_shown_in_a_table(cli: Callable[..., tuple[int, str, str]]) -> None:
    code, out, told = cli("show", "q", "--out", "q.png")
    assert code == 0
    header, *rows = out.splitlines()
    assert header.split()[:2] == ["puzzle", "digest"]
    assert len(rows) == 2
    assert all(row.startswith("tiny ") for row in rows)
    assert told.endswith("has no picture of several puzzles; show one of them to draw it\n")
    assert not Path("q.png").exists()
    assert cli("show", "q/tiny-0", "q/tiny-1", "--text")[1] == out


@pytest.mark.usefixtures("q")
def test_commands_on_suites_say_that_a_folder_is_none(fails: Callable[..., str]) -> None:
    for command in ("show", "build", "verify"):
        assert fails("suite", command, "q").startswith("q holds 2 puzzles but no suite.toml, so it is no suite")
    assert fails("submit", "random", "--suite", "q").startswith("q holds 2 puzzles but is no suite")


def test_a_folder_of_one_puzzle_is_that_puzzle(q: Path, cli: Callable[..., tuple[int, str, str]]) -> None:
    shutil.rmtree(q / "tiny-1")
    code, out, _ = cli("solve", "q", "--solver", "random", "--json")
    assert code == 0
    assert "exact_order" in json.loads(out.splitlines()[-1])["metrics"]  # known only with the answer
    assert cli("show", "q", "--out", "one.png")[0] == 0
    assert Path("one.png").exists()
    assert cli("export", "janestreet", "q", "--out", "out")[0] == 0
    assert (Path("out") / "pieces").is_dir()


@pytest.mark.usefixtures("q")
def test_score_show_and_compare_take_a_folder(cli: Callable[..., tuple[int, str, str]]) -> None:
    assert cli("run", "q", "--solver", "random", "--results", "res")[0] == 0
    code, out, _ = cli("score", "q", "--results", "res")
    assert (code, out) == (0, "0 of 2 rows changed\n")
    assert cli("show", "res", "--puzzle", "q", "--out", "run.png")[0] == 0
    code, _, _ = cli(
        *("compare", "--rerun", "cosine", "random", "q", "--results", "twice", "--repeats", "1", "--fail-on", "none")
    )
    assert code == 0
    assert len(Store(Path("twice/repeat-1")).rows()) == 4


def test_wrong_entries_leave_nothing_behind(q: Path, fails: Callable[..., str]) -> None:
    (q / "notes.txt").touch()
    told = fails("run", *pattern(q), "--solver", "random")
    assert told.startswith("q/notes.txt is a file, no puzzle; a puzzle is a folder with manifest.json")
    Path("empty").mkdir()
    assert fails("run", "empty").startswith("no puzzle in empty, which holds nothing")
    assert not Path("results").exists()
