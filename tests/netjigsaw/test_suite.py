"""`netjigsaw suite`, and suites as arguments of the other commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from benchmark.suites.cache import BUILT_IN
from benchmark.suites.finding import built_in_suites, resolve_suite
from benchmark.suites.reading import read_suite
from benchmark.suites.verifying import verify
from generator.plugins import load_file
from generator.puzzle.storage import load_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]

TOYS = Path(__file__).parents[1] / "benchmark"
TOY = ("--plugin", TOYS / "toy.py")
EXACT = ("--solver", f"{TOYS}/toy_solvers.py:exact")
IDENTITY = ("--solver", f"{TOYS}/toy_solvers.py:identity")
TEXT = """format = 1
name = "toys"
description = "Keys to sort."
family = "toy"
seeds = 2
[limits]
wall_s = 5
"""
KIB, MIB = 2**10, 2**20


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """A suite of three toy puzzles, outside of the repository."""
    load_file(TOYS / "toy.py")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    items = [f'[[puzzle]]\nname = "t{n}"\nseed = {n}\ntags = ["{"even" if n % 2 == 0 else "odd"}"]\n' for n in range(3)]
    (folder / "toys.toml").write_text(TEXT + "".join(items))
    return folder / "toys.toml"


def test_list_names_the_built_in_suites(cli: Cli) -> None:
    code, out, _ = cli("suite", "list")
    assert code == 0
    assert "mini" in out
    assert "13/13" in out


@pytest.mark.parametrize("name", sorted(built_in_suites()))
def test_built_in_suites_are_called_as_their_files_are(name: str) -> None:
    suite = resolve_suite(name)
    assert suite.name == name
    assert suite.description


def test_build_show_and_verify(cli: Cli, toys: Path) -> None:
    code, out, err = cli(*TOY, "suite", "build", toys, "--jobs", 1)
    assert (code, out) == (0, "toys: 3 puzzles built, 0 held already, 0 failed\n")
    assert err.count("built, not locked") == 3
    assert cli(*TOY, "suite", "build", toys)[1] == "toys: 0 puzzles built, 3 held already, 0 failed\n"
    assert "lock in" in cli(*TOY, "suite", "build", toys, "--lock")[1]
    code, out, _ = cli(*TOY, "suite", "show", toys, "--only", "odd", "--json")
    record = json.loads(out)
    assert (record["name"], record["seeds"], record["limits"]["wall_s"]) == ("toys", 2, 5)
    (puzzle,) = record["puzzles"]
    assert (puzzle["name"], puzzle["tags"], puzzle["state"]) == ("t1", ["odd"], "as locked")
    assert load_puzzle(Path(puzzle["path"])).digest == puzzle["digest"]
    assert record["digest"] in cli(*TOY, "suite", "show", toys)[1]
    code, out, _ = cli(*TOY, "suite", "verify", toys)
    assert code == 0
    assert out.endswith("toys: 3 of 3 verified\n")


def test_a_part_is_built_alone(cli: Cli, toys: Path) -> None:
    assert cli(*TOY, "suite", "build", toys, "--only", "even")[1].startswith("toys: 2 puzzles built")
    assert "not built" in cli(*TOY, "suite", "show", toys)[1]
    code, out, _ = cli(*TOY, "suite", "verify", toys)
    assert code == 1
    assert "wrong  t1" in out


def test_a_failure_is_named_and_counts(cli: Cli, toys: Path) -> None:
    with toys.open("a") as file:
        bad = 'spec = {optimiser = "sgd", learning_rate = 10, input_scale = 100, depth = 3}\n'
        file.write('[[puzzle]]\nname = "bad"\nfamily = "reassembly"\nseed = 1\n' + bad)
    code, out, err = cli(*TOY, "suite", "build", toys, "--jobs", 1)
    assert code == 1
    assert out.startswith("toys: 3 puzzles built, 0 held already, 1 failed")
    assert "bad: " in err
    code, _, err = cli(*TOY, "run", toys, *EXACT)
    assert code == 1
    assert "1 of the puzzles cannot be built (bad)" in err
    assert not Path("results").exists()


def test_run_builds_and_takes_seeds_and_limits_from_the_suite(cli: Cli, toys: Path) -> None:
    code, out, err = cli(*TOY, "run", toys, *EXACT, *IDENTITY)
    assert code == 0
    assert "3 puzzles are not built yet; building" in err
    assert out.startswith("12 trials: ")
    rows = Store(Path("results")).rows()
    assert {row.limits.wall_s for row in rows} == {5}
    assert {row.puzzle_name for row in rows} == {"t0", "t1", "t2"}
    assert {row.status for row in rows if row.solver.endswith("exact")} == {"solved"}
    (session,) = Store(Path("results")).sessions().values()
    (use,) = session.suites
    assert (use.name, use.seeds) == ("toys", (0, 1))
    assert use.digest == read_suite(toys).digest
    assert [(puzzle.name, puzzle.groups) for puzzle in use.puzzles] == [(f"t{n}", {"size": 8}) for n in range(3)]
    given = ("--seeds", 1, "--timeout", "2s", "--results", "other")
    assert cli(*TOY, "run", f"{toys}/odd", *EXACT, *given)[1].startswith("1 trial: 1 solved")
    (row,) = Store(Path("other")).rows()
    assert (row.puzzle_name, row.limits.wall_s, row.seed) == ("t1", 2, 0)


def test_a_puzzle_that_differs_from_the_lock_is_marked_in_the_run(cli: Cli, toys: Path) -> None:
    cli(*TOY, "suite", "build", toys, "--lock")
    lock = toys.with_suffix(".lock")
    digest = str(read_suite(toys).entry("t1").digest)
    lock.write_text(lock.read_text().replace(digest, "0" * 64))
    assert f"t1: digest {digest[:12]} here, 000000000000 in the lock" in cli(*TOY, "suite", "build", toys)[2]
    _, _, err = cli(*TOY, "run", toys, *EXACT)
    assert "suite toys: puzzles generated here differ from its lock: t1" in err
    (session,) = Store(Path("results")).sessions().values()
    assert [str(puzzle.state) for puzzle in session.suites[0].puzzles] == ["as locked", "differs", "as locked"]
    assert {row.puzzle_name for row in Store(Path("results")).rows()} == {"t0", "t1 (not as locked)", "t2"}
    table = cli(*TOY, "leaderboard")[1]
    assert "differ from their suite's lock: t1 (not as locked)." in " ".join(table.split())


def test_an_unpacked_suite_is_used_like_any(cli: Cli, toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli(*TOY, "suite", "build", toys)
    code, out, _ = cli(*TOY, "suite", "pack", toys, "toys.tar")
    digest = out.split()[-1]
    assert code == 0
    monkeypatch.setenv("NETJIGSAW_HOME", str(Path("another-machine").resolve()))
    assert cli(*TOY, "suite", "unpack", "toys.tar", "here", "--sha256", digest)[0] == 0
    assert cli(*TOY, "suite", "verify", "here")[0] == 0
    _, out, err = cli(*TOY, "run", "here", *EXACT)
    assert out.startswith("6 trials: 6 solved")
    assert "building" not in err
    assert cli(*TOY, "solve", "here/t1", "--solver", f"{TOYS}/toy_solvers.py:exact")[1].count("solved") == 1
    assert cli(*TOY, "score", "here")[1] == "0 of 6 rows changed\n"
    assert not Path("another-machine/puzzles").exists()


def test_a_suite_written_out_is_one(cli: Cli, toys: Path) -> None:
    assert "suite in out" in cli(*TOY, "suite", "build", toys, "--out", "out")[1]
    assert cli(*TOY, "suite", "verify", "out")[0] == 0


def test_solvers_cannot_read_what_suites_hold(cli: Cli, toys: Path) -> None:
    """Neither the puzzle, nor its answer, nor the file with the seeds, nor the puzzles that come with the program."""
    Path("spy.py").write_text(
        "from pathlib import Path\n\n\ndef spy(puzzle, context):\n"
        f"    places = [Path({str(toys)!r}), *Path({str(toys.parents[1] / 'netjigsaw-home')!r}).rglob('*.*')]\n"
        f"    places += Path({str(BUILT_IN)!r}).glob('*/puzzles/*')\n"
        "    for place in places:\n"
        "        if place.is_dir() or place.read_bytes():\n"
        "            context.log(f'spied on {place}')\n"
    )
    code, out, err = cli(*TOY, "solve", f"{toys}/t0", "--solver", "spy.py:spy")
    assert code == 1
    assert "gave-up" in out
    if "isolation: rlimits" not in err:
        assert "spied" not in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "minni"), "no puzzle at minni, and no suite of that name; did you mean mini?"),
        (("run", "mini/nothing"), "suite mini has no puzzle named or tagged 'nothing'"),
        (("solve", "mini", "--solver", "park"), "mini names 13 puzzles; choose one, as suite/name: tiny"),
        (("suite", "show", "nowhere.toml"), "no suite 'nowhere.toml'"),
        (("suite", "show", "minni"), "no TOML file or folder with suite.toml of that name; did you mean mini?"),
        (("suite", "build", "mini", "--only", "tiny", "--lock"), "--only builds a part"),
        (("suite", "pack", "mini", "out.tar", "--public"), "the seed 1 of puzzle tiny can be guessed"),
        (("suite", "unpack", "gone.tar", "out"), "cannot read gone.tar"),
        (("suite", "unpack", "gone.tar", "out", "--max-size", "none"), "--max-size needs a size"),
    ],
)
def test_mistakes_get_one_line(fails: Callable[..., str], arguments: tuple[str, ...], complaint: str) -> None:
    assert complaint in fails(*arguments)


def test_suites_with_different_limits_need_separate_commands(fails: Callable[..., str], toys: Path) -> None:
    assert "suites toys and mini have different" in fails(*TOY, "run", toys, "mini", "--seeds", 1)
    assert "different limits" in fails(*TOY, "run", toys, "mini", "--seeds", 1)
    assert "give --seeds" in fails(*TOY, "run", toys, "mini", "--timeout", "5s")


def test_mini_is_small_whole_and_identifiable() -> None:
    folder = BUILT_IN / "mini"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 3 * MIB
    suite = resolve_suite("mini")
    assert 10 <= len(suite.entries) <= 16
    for finding in verify(suite):
        assert not finding.problem
        assert finding.note.endswith("as locked, its answer opens the commitment")
    for entry in suite.entries:
        assert entry.supplied
        health = load_puzzle(entry.path).manifest.facts["health"]
        assert isinstance(health, dict)
        assert health["identifiable"] is True


def test_mini_separates_good_solvers_from_others(cli: Cli) -> None:
    solvers = ("--solver", "flagship", "--solver", "park")
    code, out, err = cli("run", "mini", *solvers)
    assert code == 0
    assert "building" not in err
    rows = Store(Path("results")).rows()
    solved = {
        name: {row.puzzle_name for row in rows if row.solver == name and row.status == "solved"}
        for name in solvers[1::2]
    }
    assert len(solved["flagship"]) == 13, out
    assert {"tiny", "rising-8x20"} <= solved["park"]
    assert len(solved["park"]) < 6
    assert sum(row.wall_s or 0 for row in rows if row.solver == "flagship") < 60
