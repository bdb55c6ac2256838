"""Puzzles with unknown roles from the command line: made, imported, exported, solved, run, ranked, shown, in suites."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Status
from generator.puzzle.storage import load_puzzle
from solvers.registry import list_solvers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., tuple[int, str, str]]
    Fails = Callable[..., str]

SMALL = ["--depth", "3", "--width", "4", "--hidden", "4", "--rows", "60", "--steps", "5", "--batch", "10"]
GENERATE = ["generate", "reassembly", *SMALL, "--seed", "2", "--roles", "unknown"]
REASON = "does not solve puzzles with unknown roles"
SOLVES = frozenset({"fast", "random"})
"""Built-in solvers that answer puzzles with unknown roles."""


@pytest.fixture
def puzzle(cli: Cli, tmp_path: Path) -> Path:
    assert cli(*GENERATE, "--out", "p")[0] == 0
    return tmp_path / "p"


def test_roles_of_oblong_halves_cannot_be_unknown(fails: Fails, tmp_path: Path) -> None:
    said = fails(*GENERATE, "--hidden", "5", "--out", "p")
    assert said == (
        "roles cannot be unknown with hidden 5 and width 4, because shapes tell the roles; make hidden equal to width"
    )
    assert not list(tmp_path.glob("p*"))


def test_export_and_import(cli: Cli, fails: Fails, puzzle: Path, tmp_path: Path) -> None:
    code, _, err = cli("export", "janestreet", puzzle, "--out", "e")
    assert code == 0
    assert "import with --roles unknown" in err
    assert {path.name for path in (tmp_path / "e").iterdir()} == {"pieces", "historical_data.csv"}
    assert fails("import", "janestreet", "e", "--out", "q").endswith("; add roles.json, or --roles unknown")
    assert not (tmp_path / "q").exists()
    assert cli("import", "janestreet", "e", "--out", "q", "--roles", "unknown")[0] == 0
    assert load_puzzle(tmp_path / "q").manifest.facts["roles"] == load_puzzle(puzzle).manifest.facts["roles"]
    assert cli("solve", "q", "--solver", "random")[0] == 0


def test_solvers_that_need_roles_give_up(cli: Cli, puzzle: Path) -> None:
    code, out, _ = cli("solve", puzzle, "--solver", "flagship", "--json")
    assert code == 1
    found = json.loads(out.splitlines()[-1])
    assert (found["status"], found["answer"]) == ("gave-up", None)
    assert found["reason"].startswith(REASON)


def test_random_draws_roles_too(cli: Cli, puzzle: Path) -> None:
    roles = set()
    for seed in range(6):
        code, out, _ = cli("solve", puzzle, "--solver", "random", "--seed", seed)
        assert code == 0
        assert "role_accuracy" in out
        *halves, head = map(int, out.splitlines()[-1].split(","))
        assert sorted([*halves, head]) == list(range(7))
        roles.add(frozenset(halves[::2]))
    assert len(roles) > 1


def test_every_solver_ends_cleanly_and_is_ranked(cli: Cli, puzzle: Path, tmp_path: Path) -> None:
    assert cli("run", puzzle, "--results", "r", "--timeout", "20s")[0] == 0
    rows = Store(tmp_path / "r").rows()
    assert {row.solver for row in rows} == {entry.name for entry in list_solvers("reassembly")}
    for row in rows:
        if row.solver in SOLVES:
            assert row.status in {Status.PARTIAL, Status.SOLVED}
            assert 0 <= row.metrics["role_accuracy"] <= 1
        else:
            assert row.status is Status.GAVE_UP
            assert row.reason.startswith(REASON)
            assert row.wall_s is not None
            assert row.wall_s < 10
    code, out, _ = cli("leaderboard", "--results", "r", "--by", "roles")
    assert code == 0
    assert "unknown" in out
    code, out, _ = cli("leaderboard", "--results", "r", "--format", "csv")
    assert code == 0
    table = {row["solver"]: row for row in csv.DictReader(io.StringIO(out))}
    held = next(row.metrics["role_accuracy"] for row in rows if row.solver == "random")
    assert float(table["random"]["role_accuracy"]) == pytest.approx(held)
    assert cli("leaderboard", "--results", "r", "--html", "page.html")[0] == 0


def test_a_program_gets_no_roles(cli: Cli, puzzle: Path) -> None:
    # It prints an answer only where no file states roles.
    finds = "find . -name roles.json | grep -q . || echo 0,1,2,3,4,5,6"
    head = load_puzzle(puzzle).manifest.facts["roles"]["head"]  # type: ignore[call-overload,index]
    numbers = ",".join(str(number) for number in range(7) if number != head)
    command = f"find=sh -c '{finds.replace('0,1,2,3,4,5,6', f'{numbers},{head}')}'"
    code, out, err = cli("solve", puzzle, "--solver-command", command)
    assert code == 0, (out, err)
    assert "role_accuracy" in out
    assert out.splitlines()[-1] == f"{numbers},{head}"


def test_show_with_and_without_the_answer(cli: Cli, puzzle: Path, tmp_path: Path) -> None:
    code, out, _ = cli("show", puzzle)
    assert code == 0
    assert "unknown to solvers; below, those of the sealed answer" in out
    assert "true pairs" in out
    (tmp_path / "none").mkdir()
    code, out, _ = cli("show", puzzle, "--answers", "none", "--out", "public.png")
    assert code == 0
    assert "unknown, part of the answer: which 3 of the 6 square halves are incoming" in out
    assert "true pairs" not in out
    assert (tmp_path / "public.png").stat().st_size > 10_000


def test_suites_hold_such_puzzles(cli: Cli, tmp_path: Path) -> None:
    recipe = "depth = 2\nwidth = 4\nhidden = 4\nrows = 20\nsteps = 2\nbatch = 10\nroles = 'unknown'\n"
    (tmp_path / "mine.toml").write_text(
        "format = 1\nname = 'mine'\nfamily = 'reassembly'\n[limits]\nwall_s = 5\n"
        f"[[puzzle]]\nname = 'hidden-roles'\nseed = 1\n[puzzle.spec]\n{recipe}",
        encoding="utf-8",
    )
    assert cli("suite", "build", "mine.toml", "--lock")[0] == 0
    code, out, _ = cli("suite", "show", "mine.toml")
    assert code == 0
    assert "roles=unknown" in out
    assert cli("suite", "verify", "mine.toml")[0] == 0


def test_check_reports_giving_up_as_a_note(cli: Cli) -> None:
    code, out, _ = cli("check", "asymmetry", "--json")
    assert code == 0
    findings = json.loads(out)["findings"]
    (found,) = (one for one in findings if one["subject"] == "unknown roles")
    assert found["verdict"] == "note"
    assert REASON in found["found"]
