"""`run`, `leaderboard`, `score`, `solve` and `show` from the command line, on a real puzzle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.puzzle.storage import save_answer, save_puzzle
from generator.reassembly.making.generate import generate
from generator.reassembly.scoring.score import solution_sha256
from generator.reassembly.spec import PRESETS, ReassemblySpec
from netjigsaw.__main__ import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.puzzle.sealing import Made


@pytest.fixture(scope="module")
def made() -> Made:
    return generate(ReassemblySpec(**PRESETS["tiny"]), name="p1", seed=1)


@pytest.fixture
def folder(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    save_puzzle(made.puzzle, tmp_path / "p1")
    save_answer(made.sealed, tmp_path / "answers")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def netjigsaw(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def answer_of(made: Made) -> list[int]:
    assert isinstance(made.sealed.answer, list)
    return [int(str(piece)) for piece in made.sealed.answer]


def test_solve_ends_with_the_pieces(folder: Path, made: Made, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = netjigsaw("solve", "p1", "--solver", "park", "--timeout", "30s")
    assert code == 0
    assert out.splitlines()[-1] == ",".join(map(str, answer_of(made)))
    assert not (folder / "results").exists()


@pytest.mark.usefixtures("folder")
def test_solve_as_json(made: Made, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = netjigsaw("solve", "p1", "--solver", "reassembly/adjoint[rows=500]", "--json")
    record = json.loads(out.splitlines()[-1])
    assert code == 0
    assert record["answer"] == answer_of(made)
    assert record["status"] == "solved"
    assert record["certified"] is True
    assert record["mse"] < 1e-10
    assert 0 < record["wall_s"] < 60


def test_solve_without_an_answer_fails(folder: Path, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    (folder / "mute.py").write_text("def solve(puzzle, context):\n    return None\n")
    code, out, _ = netjigsaw("solve", "p1", "--solver", "mute.py:solve")
    assert code == 1
    assert "gave-up" in out


def test_solve_knows_a_published_hash(folder: Path, made: Made, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    digest = solution_sha256(answer_of(made))
    assert netjigsaw("export", "janestreet", "p1", "--out", "layout")[0] == 0
    assert netjigsaw("import", "janestreet", "layout", "--out", "hit", "--hash", digest)[0] == 0
    assert netjigsaw("import", "janestreet", "layout", "--out", "miss", "--hash", "0" * 64)[0] == 0
    shutil.rmtree(folder / "answers")
    out = netjigsaw("solve", "hit", "--solver", "park", "--json")[1]
    assert "this is the solution with the published SHA-256" in out
    assert json.loads(out.splitlines()[-1])["status"] == "solved"
    miss = json.loads(netjigsaw("solve", "miss", "--solver", "park", "--json")[1].splitlines()[-1])
    assert miss["status"] == "partial"
    assert miss["metrics"]["exact_order"] == 0


def test_run_then_leaderboard_then_show(folder: Path, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    (folder / "mine.py").write_text(
        "class Mine:\n"
        "    def solve(self, puzzle, context):\n"
        "        return puzzle.answer(range(puzzle.depth), range(puzzle.depth))\n"
    )
    solvers = ["--solver", "park[seed=frobenius]", "--solver", "random", "--solver", "mine.py:Mine"]
    code, out, err = netjigsaw("run", "p1", *solvers, "--seeds", "2", "--results", "res")
    assert code == 0
    assert out.startswith("6 trials: ")
    assert "6 trials planned, 0 held already" in err
    assert "6 held already" in netjigsaw("run", "p1", *solvers, "--seeds", "2", "--results", "res")[2]

    table = json.loads(netjigsaw("leaderboard", "--results", "res", "--format", "json")[1])["tables"][0]
    first = table["rows"][0]
    assert (first["solver"], first["solved"], first["covered"]) == ("park[seed=frobenius]", 2, 2)
    for style in ("github", "plain", "csv"):
        for by in ("puzzle", "family", "depth", "regime"):
            code, out, _ = netjigsaw("leaderboard", "--results", "res", "--format", style, "--by", by)
            assert code == 0
            assert "mine.py:Mine" in out

    assert netjigsaw("score", "p1", "--results", "res")[1] == "0 of 6 rows changed\n"
    code, out, _ = netjigsaw("show", "res", "--puzzle", "p1", "--out", "run.png")
    assert code == 0
    assert (folder / "run.png").read_bytes().startswith(b"\x89PNG")


def test_show_a_puzzle(folder: Path, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = netjigsaw("show", "p1")
    assert code == 0
    assert "negative for 6 of 6 true pairs" in out
    assert (folder / "p1.png").read_bytes().startswith(b"\x89PNG")
    shutil.rmtree(folder / "answers")
    out = netjigsaw("show", "p1", "--out", "blind.png")[1]
    assert "true pairs" not in out


def test_solve_shows_the_traceback_of_a_crashed_solver(
    folder: Path, netjigsaw: Callable[..., tuple[int, str, str]]
) -> None:
    (folder / "crash.py").write_text("def solve(puzzle, context):\n    return puzzle.netwrok\n", encoding="utf-8")
    code, out, err = netjigsaw("solve", "p1", "--solver", "crash.py:solve")
    assert code == 1
    assert "crashed (AttributeError" in out
    assert "return puzzle.netwrok" in err


def test_show_text_draws_nothing(folder: Path, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    before = set(folder.iterdir())
    code, out, _ = netjigsaw("show", "p1", "--text")
    assert code == 0
    assert "6 residual blocks" in out
    assert "picture in" not in out
    assert set(folder.iterdir()) == before
    code, _, err = netjigsaw("show", "p1", "--text", "--out", "p1.png")
    assert code == 1
    assert "--text draws nothing" in err


def test_a_run_in_which_nothing_ran_has_failed(folder: Path, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    (folder / "mine.py").write_text("class Mine:\n    def solve(self, puzzle, context):\n        return None\n")
    for _ in range(2):  # what the store holds already does not make it fine
        code, out, err = netjigsaw("run", "p1", "--solver", "mine.py:Mien", "--results", "res")
        assert code == 1
        assert out.startswith("1 trial: 1 unavailable\n")
        assert "nothing was measured: mine.py:Mien is unavailable, " in err.splitlines()[-1]
        assert "has no 'Mien'; did you mean Mine?" in err.splitlines()[-1]
    code, out, _ = netjigsaw("run", "p1", "--solver", "mine.py:Mien", "--solver", "mine.py:Mine", "--results", "res")
    assert code == 0
    assert "1 unavailable" in out


@pytest.mark.usefixtures("folder")
def test_what_the_system_refuses_is_said_without_its_number(
    netjigsaw: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    Path("mine.py").write_text("class Mine:\n    def solve(self, puzzle, context): ...\n")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    code, _, err = netjigsaw("run", "p1", "--solver", "mine.py:Mine")
    assert code == 1
    assert err.splitlines()[-1].endswith("mine.py: Permission denied")
    assert "Errno" not in err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "nowhere"), "no puzzle at nowhere"),
        (("run", "p1", "--solver", "prak"), "did you mean park"),
        (("run", "p1", "--solver", "park[sede=1]"), "did you mean seed"),
        (("run", "p1", "--solver", "park[rows=many]"), "takes a int"),
        (("run", "p1", "--solver", "absent.py:Mine"), "absent.py"),
        (("run", "p1", "--solver", "mine.py"), "'mine.py' names a file but no solver in it; write mine.py:Name"),
        (("run", "p1", "--solver", "here/mine.py"), "write here/mine.py:Name"),
        (("run", "p1", "--solver", "random", "--results", "p1/manifest.json"), "manifest.json is not a folder"),
        (("leaderboard", "--results", "p1"), "p1 holds no results"),
        (("run", "p1", "--timeout", "soon"), "90s, 10m, 3h or none"),
        (("run", "p1", "--memory", "lots"), "512MiB, 4GiB or none"),
        (("run", "p1", "--retry", "sad"), "no status 'sad'"),
        (("leaderboard", "--results", "nowhere"), "no results at nowhere"),
        (("show", "nowhere"), "nowhere"),
        (("solve", "p1", "--solver", "park["), "cannot read solver"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_mistakes_get_one_line(
    arguments: tuple[str, ...], complaint: str, netjigsaw: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, err = netjigsaw(*arguments)
    assert code != 0
    assert complaint in err
    assert err.count("\n") == 1
    assert not Path("results").exists()


@pytest.mark.parametrize("command", ["run", "solve"])
def test_help_shows_how_parameters_are_written(command: str, netjigsaw: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = netjigsaw(command, "--help")
    assert code == 0
    assert "[key=value,...]" in out
