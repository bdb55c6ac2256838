"""`netjigsaw submit`, `verify`, and `leaderboard` of bundles: from a solver's file to a table."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.store import Store
from benchmark.suites.record import built_digest
from generator.puzzle.storage import load_puzzle
from netjigsaw.__main__ import run

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]

TOYS = Path(__file__).parents[1] / "benchmark"
TOY = ("--plugin", TOYS / "toy.py")
HALF = """class Half:
    def solve(self, keys, context):
        context.report(list(range(len(keys))))
        return keys.argsort() if keys[0] % 2 == 0 else list(range(len(keys)))
"""
TEXT = """format = 1
name = "toys"
family = "toy"
[limits]
wall_s = 5
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of three toy puzzles, a solver that solves two of them, its store and its bundle."""
    home = tmp_path_factory.mktemp("elsewhere")
    puzzles = "".join(f'[[puzzle]]\nname = "t{seed}"\nseed = {seed}\n' for seed in (0, 1, 2))
    (home / "toys.toml").write_text(TEXT + puzzles)
    (home / "half.py").write_text(HALF)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETJIGSAW_HOME", str(home / "cache"))
        patch.chdir(home)
        plugin = [str(part) for part in TOY]
        assert run([*plugin, "suite", "build", "toys.toml", "--jobs", "1", "--out", "toys"]) == 0
        submit = ["submit", "half.py:Half", "--suite", "toys", "--author", "Ada", "--with-source", "--out", "a.njz"]
        assert run([*plugin, *submit]) == 0
    return home


@pytest.fixture
def toys(home: Path) -> Path:
    """The suite, with its puzzles."""
    return home / "toys"


@pytest.fixture
def bundle(cli: Cli, home: Path) -> Path:
    """The honest bundle, in the folder where commands run, with the store it came from."""
    assert callable(cli)  # it changes into that folder
    shutil.copy(home / "a.njz", "a.njz")
    shutil.copytree(home / "results", "results")
    return Path("a.njz")


def forge(bundle: Path, out: str, change: Callable[[dict[str, Any], list[dict[str, Any]]], None]) -> Path:
    """Edit manifest and rows, and make every digest fit."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest, rows = json.loads(files["bundle.json"]), [json.loads(line) for line in files["rows.jsonl"].splitlines()]
    change(manifest, rows)
    files["rows.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows).encode()
    manifest["files"]["rows.jsonl"] = hashlib.sha256(files["rows.jsonl"]).hexdigest()
    files["bundle.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return Path(out)


def claim(manifest: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Say that everything was solved."""
    assert manifest["author"] == "Ada"
    for row in rows:
        row["status"], row["metrics"]["right"] = "solved", 1.0


def test_submit_says_what_it_wrote(cli: Cli, toys: Path) -> None:
    code, out, err = cli(*TOY, "submit", f"{TOYS}/toy_solvers.py:identity", "--suite", toys, "--author", "Ada L.")
    assert code == 0, err
    written = Path("toys-toy_solvers-identity-Ada-L.njz")
    assert out.startswith(f"3 trials of toys: 3 partial\nbundle in {written}, ")
    assert out.endswith(f"sha256 {hashlib.sha256(written.read_bytes()).hexdigest()}\n")


def test_an_honest_bundle(cli: Cli, toys: Path, bundle: Path) -> None:
    code, out, _ = cli(*TOY, "verify", bundle, "--suite", toys)
    assert code == 0
    assert out.startswith("a.njz: half.py:Half by Ada on suite toys\n")
    assert "only a rerun (--rerun) can confirm them" in out
    assert out.endswith("verified: 3 trials scored again, 2 solved\n")
    code, out, _ = cli(*TOY, "verify", bundle, "--suite", toys, "--json")
    (record,) = json.loads(out)
    assert code == 0
    assert (record["verified"], record["author"], record["findings"]) == (True, "Ada", [])
    assert len(record["rows"]) == 3


def test_what_is_wrong_is_named(cli: Cli, toys: Path, bundle: Path) -> None:
    forged = forge(bundle, "forged.njz", claim)
    code, out, _ = cli(*TOY, "verify", forged, "--suite", toys)
    assert code == 1
    wrong = [line for line in out.splitlines() if line.startswith("  wrong")]
    assert (
        wrong[0] == "  wrong  puzzle t1, solver half.py:Half, seed 0: status is solved in the bundle, partial verified"
    )
    assert wrong[1].startswith(
        "  wrong  puzzle t1, solver half.py:Half, seed 0: metrics.right is 1.0 in the bundle, 0."
    )
    assert out.endswith("not verified: 2 faults\n")
    code, out, _ = cli(*TOY, "verify", bundle, forged, "--suite", toys, "--json")
    good, bad = json.loads(out)
    assert (code, good["verified"], bad["verified"], bad["rows"]) == (1, True, False, [])
    place = "puzzle t1, solver half.py:Half, seed 0"
    difference = {"place": place, "field": "status", "problem": "differs", "bundle": "solved", "verified": "partial"}
    assert bad["findings"][0] == difference


def test_a_rerun(cli: Cli, toys: Path, bundle: Path) -> None:
    again = ("--suite", toys, "--rerun", 1, "--draw", 0, "--isolation", "auto")
    code, out, err = cli(*TOY, "verify", bundle, *again)
    assert code == 0, out
    assert sum(line.startswith("  rerun  puzzle t") for line in out.splitlines()) == 1
    assert "running 1 trial again, drawn with --draw 0" in err
    code, out, _ = cli(*TOY, "verify", bundle, *again, "--solver", f"{TOYS}/toy_solvers.py:identity")
    assert code == 1
    assert "status is solved in the bundle, partial here" in out


def test_usage(cli: Cli, home: Path, toys: Path, bundle: Path) -> None:
    for code, arguments, text in [
        (2, ("verify", bundle), "which is not built in; name its file with --suite"),
        (2, ("verify", bundle, "--suite", toys, "--solver", "x.py:X"), "give --rerun as well"),
        (2, ("verify", bundle, "--suite", f"{toys}/t0"), "a submission needs results on a whole suite"),
        (2, ("verify", "none.njz", "--suite", toys), "no bundle at none.njz; netjigsaw submit writes them"),
        (2, ("verify", bundle, "--suite", "nowhere"), "no puzzle at nowhere"),
        (1, ("leaderboard", "none.njz", "--suite", toys), "no bundle at none.njz"),
        (1, ("submit", "half.py:Half", "--suite", toys, "--out", home), "is a folder; name the file to write"),
        (1, ("submit", "half.py:Half", "--suite", toys, "--author", "a/b"), "--author 'a/b': use at most"),
        (1, ("submit", f"{home}/half.py:Half", "--suite", f"{toys}/t0"), "a submission needs results on a whole suite"),
        (1, ("leaderboard", "--suite", "mini"), "give bundles as well"),
        (1, ("submit", f"{TOYS}/toy_solvers.py:Elsewhere", "--suite", toys), "ran on no puzzle of suite toys: skipped"),
        (1, ("submit", f"{TOYS}/toy_solvers.py:exact", "--suite", toys, "--no-run"), "lacks 3 of the 3 trials"),
    ]:
        found, out, err = cli(*TOY, *arguments)
        assert (found, out) == (code, ""), (arguments, err)
        assert text in err.splitlines()[-1]


def test_a_name_in_a_bundle_leads_to_no_file(cli: Cli, toys: Path, bundle: Path) -> None:
    path = str(toys)
    forged = forge(bundle, "forged.njz", lambda manifest, _: manifest["suite"].update(name=path))
    code, _, err = cli(*TOY, "verify", forged)
    assert code == 2
    assert "is not built in" in err


def test_a_program_needs_a_label(cli: Cli, toys: Path) -> None:
    code, out, err = cli(*TOY, "submit", "--solver-command", f"cat {toys}/suite.toml", "--suite", toys)
    assert (code, out) == (1, "")
    assert "give the command a label for the tables" in err


def test_resuming_runs_nothing_twice(cli: Cli, home: Path, toys: Path, bundle: Path) -> None:
    before = bundle.read_bytes()
    count = len(list(Store(Path("results")).lines()))
    shutil.copy(home / "half.py", "half.py")  # the same solver from another folder has the same source
    arguments = ("submit", "./half.py:Half", "--suite", toys, "--author", "Ada", "--with-source")
    code, _, err = cli(*TOY, *arguments, "--out", "b.njz")
    assert code == 0
    assert "3 trials planned, 3 held already" in err
    assert len(list(Store(Path("results")).lines())) == count
    assert Path("b.njz").read_bytes() == before
    assert cli(*TOY, *arguments, "--no-run", "--out", "c.njz")[0] == 0
    assert Path("c.njz").read_bytes() == before


def test_a_source_that_is_not_covered_is_told_to_readers(cli: Cli, toys: Path) -> None:
    Path("part.py").write_text("def place(keys): return list(range(len(keys)))\n")
    Path("mine.py").write_text(
        "import importlib\nPART = importlib.import_module('pa' + 'rt')\n"
        "def solve(keys, context): return PART.place(keys)\n"
    )
    submit = (*TOY, "submit", "mine.py:solve", "--suite", toys, "--results", "mine", "--out", "m.njz")
    why = "mine.py imports a module whose name is computed"
    code, _, err = cli(*submit)
    assert code == 0
    assert f"the source of mine.py:solve is not covered by its digest ({why}); readers of the bundle are told" in err
    code, out, _ = cli(*TOY, "verify", "m.njz", "--suite", toys)
    assert code == 0
    assert f"  note   the source of mine.py:solve is not covered by its digest: {why}" in out
    assert cli(*submit, "--no-run")[0] == 0
    assert cli(*TOY, "run", f"{toys}/t0", "--solver", "mine.py:solve", "--results", "mine")[0] == 0
    code, _, err = cli(*submit, "--no-run")
    assert code == 1
    assert f"the source of mine.py:solve is not covered ({why}), and its rows come from 2 runs" in err
    code, _, err = cli(*submit)
    assert code == 0, err
    assert f"mine.py:solve: the store holds 3 trials, run again because the source is not covered ({why})" in err

    def split(_: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        rows[0]["session"] = "another"

    forged = forge(Path("m.njz"), "forged.njz", split)
    code, out, _ = cli(*TOY, "verify", forged, "--suite", toys)
    assert code == 1
    assert f"wrong  source: is not covered by its digest ({why}), and the rows come from 2 runs" in out


def test_a_table_of_bundles_and_a_store(cli: Cli, toys: Path, bundle: Path) -> None:
    exact = f"{TOYS}/toy_solvers.py:exact"
    assert cli(*TOY, "submit", exact, "--suite", toys, "--results", "theirs", "--out", "b.njz")[0] == 0
    assert cli(*TOY, "run", toys, "--solver", f"{TOYS}/toy_solvers.py:identity", "--results", "ours")[0] == 0
    forged = forge(bundle, "forged.njz", claim)
    both = (bundle, "b.njz", "--suite", toys)
    code, out, err = cli(*TOY, "leaderboard", *both, "--results", "ours", "--format", "csv")
    assert code == 0, err
    assert "Ada/half.py:Half" in out
    assert f"anonymous-{hashlib.sha256(Path('b.njz').read_bytes()).hexdigest()[:8]}/toy_solvers.py:exact" in out
    assert "toy_solvers.py:identity" in out
    code, out, err = cli(*TOY, "leaderboard", *both, forged)
    assert code == 1
    assert "Ada/half.py:Half" in out
    reason = (
        "refused forged.njz: puzzle t1, solver half.py:Half, seed 0: status is solved in the bundle, partial verified"
    )
    assert err.splitlines() == [f"{reason}; 1 more, see netjigsaw verify"]
    code, out, _ = cli(*TOY, "leaderboard", *both, "--html", "site/index.html")
    assert code == 0
    assert "Ada/half.py:Half" in Path("site/index.html").read_text()
    code, out, err = cli(*TOY, "leaderboard", forged, "--suite", toys)
    assert (code, out) == (1, "")
    assert "none of the 1 bundles verifies" in err
    code, _, err = cli(*TOY, "leaderboard", *both, bundle)
    assert code == 1
    assert "is the same bundle as" in err


def test_different_suites_make_no_table(cli: Cli, home: Path, toys: Path, bundle: Path) -> None:
    """With --suite, a bundle of another one does not verify on it."""
    other = Path("other.toml")
    other.write_text((home / "toys.toml").read_text().replace('"toys"', '"other"').replace("seed = 2", "seed = 7"))
    half = f"{home}/half.py:Half"
    assert cli(*TOY, "submit", half, "--suite", other, "--out", "other.njz")[0] == 0
    code, out, err = cli(*TOY, "leaderboard", bundle, "other.njz", "--suite", toys)
    assert code == 1
    assert "refused other.njz: suite toys: name is other in the bundle, toys verified" in err
    assert "3/3" not in out


def test_a_private_suite(cli: Cli, stored: Path, tmp_path: Path) -> None:
    """Who submits has no answers; its maker, who has, finds more in the same bundle."""
    makers, public = tmp_path / "makers", tmp_path / "public"
    digest = built_digest(stored / "p")
    puzzle = f'[[puzzle]]\nname = "p"\nfamily = "reassembly"\ndigest = "{digest}"\n'
    for folder in (makers, public):
        shutil.copytree(stored / "p", folder / "puzzles" / "p")
        (folder / "suite.toml").write_text(f'format = 1\nname = "private"\n{puzzle}')
    shutil.copytree(stored / "answers", makers / "puzzles" / "answers")
    told = "again.tar: 1 puzzles without answers, seeds and recipes\n"
    assert cli("suite", "pack", public, "again.tar")[1].startswith(told)
    assert cli("suite", "pack", makers, "again.tar", "--public")[1].startswith(told)
    assert cli("suite", "pack", makers, "again.tar")[1].startswith(
        "again.tar: 1 puzzles with 1 answers and 0 recipes\n"
    )
    (tmp_path / "mine.py").write_text(
        "def solve(puzzle, context):\n    return puzzle.answer(range(puzzle.depth), range(puzzle.depth))\n"
    )
    code, _, err = cli("submit", "mine.py:solve", "--suite", public, "--out", "x.njz")
    assert code == 0, err
    code, out, _ = cli("verify", "x.njz", "--suite", public)
    assert code == 0
    assert "some sealed answers are not on this machine" in out
    code, out, _ = cli("verify", "x.njz", "--suite", makers, "--json")
    (record,) = json.loads(out)
    assert code == 0, record["findings"]
    assert "exact_order" in record["rows"][0]["metrics"]
    assert load_puzzle(stored / "p").digest == record["rows"][0]["puzzle"]
    code, out, _ = cli("submit", "mine.py:solve", "--suite", makers, "--results", "other", "--out", "y.njz")
    assert code == 0
    code, out, _ = cli("verify", "y.njz", "--suite", public)
    assert code == 1
    assert "scored with the puzzle's sealed answer, which is not on this machine" in out


def test_a_built_in_suite_by_its_name(cli: Cli) -> None:
    """Thirteen small networks that come with the program."""
    code, out, err = cli("submit", "random", "--suite", "mini", "--author", "Ada")
    assert code == 0, err
    assert "bundle in mini-random-Ada.njz" in out
    code, out, _ = cli("verify", "mini-random-Ada.njz", "--rerun", 1)
    assert code == 0, out
    assert "solver random has the same source here" in out
    assert "verified: 13 trials scored again" in out
    code, out, _ = cli("leaderboard", "mini-random-Ada.njz")
    assert code == 0
    assert "Ada/random" in out
