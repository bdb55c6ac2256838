"""The families of the documents, which no line of the suite knows, go the whole way by the command line."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples" / "families"
PACKAGES = ("netjigsaw", "generator", "solvers", "benchmark", "leaderboard")
SEEDS = 4

SOLVER = """import numpy as np

class Solver:
    def solve(self, puzzle, context):
        {body}

class Weak:
    def solve(self, puzzle, context):
        {weak}
"""


@dataclass(frozen=True)
class Example:
    """A family of the documents, a solver that is as good as its own, and a weak one.

    Attributes:
        family: its name; the file is called the same.
        own: the solver that the file registers.
        good: body of a solver that gets its answers right, or nearly.
        weak: body of a solver that does not.
        status: of good answers.
        told: name of the metric that is forged, and the value claimed.
    """

    family: str
    own: str
    good: str
    weak: str
    status: str
    told: tuple[str, float]

    @property
    def plugin(self) -> Path:
        return EXAMPLES / f"{self.family}.py"

    def source(self, *, crippled: bool = False) -> str:
        """A file with two solvers, `Solver` and `Weak`."""
        return SOLVER.format(body=self.weak if crippled else self.good, weak=self.weak)

    @property
    def puzzles(self) -> list[str]:
        return [f"made/{self.family}-{number}" for number in range(3)]


SORTING = Example(
    "sorting",
    "argsort",
    'return np.argsort(puzzle.pieces["numbers"])',
    'return list(range(len(puzzle.pieces["numbers"])))',
    "solved",
    ("right", 1.0),
)
SPREAD = Example(
    "spread",
    "descent",
    'points = puzzle.data["start"].astype(float)\n'
    "        for _ in range(100):\n"
    "            points /= np.linalg.norm(points, axis=1, keepdims=True)\n"
    "            apart = points[:, None] - points\n"
    "            distance = np.linalg.norm(apart, axis=2, keepdims=True) + np.eye(len(points))[:, :, None]\n"
    "            points += 0.02 * (apart / distance**3).sum(axis=1)\n"
    "        return points",
    'return puzzle.data["start"]',
    "scored",
    ("loss", 0.1),
)
LINEAR = Example(
    "linear",
    "unit-vectors",
    "return context.oracle(np.eye(6)).T",
    "context.oracle(np.ones((2, 6))); return np.zeros((2, 6))",
    "solved",
    ("error", 0.0),
)
EXAMPLE_FAMILIES = (SORTING, SPREAD, LINEAR)
SUITE = """format = 1
name = "{family}s"
family = "{family}"
seeds = 2
[limits]
wall_s = 10
{limits}
[[puzzle]]
name = "a"
seed = 1
[[puzzle]]
name = "b"
seed = 2
"""


@dataclass(frozen=True)
class Place:
    """A folder in which commands of one family are typed."""

    example: Example
    folder: Path

    def type(self, *arguments: object, code: int = 0) -> str:
        """Run a command and give what it prints; its exit code must be the one that is expected."""
        words = [sys.executable, "-m", "netjigsaw", "--plugin", str(self.example.plugin), *map(str, arguments)]
        environment = {**os.environ, "NETJIGSAW_HOME": str(self.folder / "cache")}
        environment.pop("NETJIGSAW_PLUGINS", None)
        done = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout

    def run(self, results: str, *solvers: str) -> None:
        chosen = [word for solver in solvers for word in ("--solver", solver)]
        self.type("run", *self.example.puzzles, *chosen, "--results", results, "--seeds", SEEDS)

    def table(self) -> list[dict[str, Any]]:
        """The rows of the leaderboard, best first."""
        (table,) = json.loads(self.type("leaderboard", "--results", "results", "--format", "json"))["tables"]
        rows: list[dict[str, Any]] = table["rows"]
        return rows


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Example], Place]:
    """Per family three puzzles, and the results of its own solver and of two in a loose file."""

    @functools.cache
    def prepare(example: Example) -> Place:
        place = Place(example, tmp_path_factory.mktemp(example.family))
        (place.folder / "mine.py").write_text(example.source())
        place.type("generate", example.family, "--count", 3, "--jobs", 2, "--seed", 1, "--out", "made")
        place.run("results", example.own, "mine.py:Solver", "mine.py:Weak")
        return place

    return prepare


@pytest.fixture(params=EXAMPLE_FAMILIES, ids=lambda example: example.family)
def place(request: pytest.FixtureRequest, places: Callable[[Example], Place]) -> Place:
    return places(request.param)


@pytest.fixture
def linear(places: Callable[[Example], Place]) -> Place:
    return places(LINEAR)


@pytest.fixture
def spread(places: Callable[[Example], Place]) -> Place:
    return places(SPREAD)


def test_several_puzzles_lie_beside_their_answers(place: Place) -> None:
    names = sorted(path.name for path in (place.folder / "made").iterdir())
    assert names == ["answers", *(Path(puzzle).name for puzzle in place.example.puzzles)]


def test_every_cell_has_a_row(place: Place) -> None:
    rows = Store(place.folder / "results").rows()
    good, weak = place.example.status, "scored" if place.example.status == "scored" else "partial"
    assert Counter((row.solver, str(row.status)) for row in rows) == {
        (place.example.own, good): 3 * SEEDS,
        ("mine.py:Solver", good): 3 * SEEDS,
        ("mine.py:Weak", weak): 3 * SEEDS,
    }


def test_the_leaderboard_puts_the_weak_solver_last(place: Place) -> None:
    rows = place.table()
    solvers = [row["solver"] for row in rows]
    assert sorted(solvers[:2]) == sorted([place.example.own, "mine.py:Solver"])
    assert solvers[2] == "mine.py:Weak"
    assert {row["covered"] for row in rows} == {3 * SEEDS}
    assert rows[0]["statuses"] == {place.example.status: 3 * SEEDS}
    assert rows[0]["metrics"] != rows[2]["metrics"]
    lines = place.type("leaderboard", "--results", "results").splitlines()
    assert lines[0] == place.example.family
    names = "|".join(map(re.escape, solvers))
    assert re.findall(rf"^ .* ({names}) ", "\n".join(lines), flags=re.MULTILINE) == solvers


def test_the_page_names_both_solvers(place: Place) -> None:
    assert place.type("leaderboard", "--results", "results", "--html", "site/index.html").startswith("page in site/")
    page = (place.folder / "site" / "index.html").read_text(encoding="utf-8")
    for name in (
        place.example.family,
        place.example.own,
        "mine.py:Weak",
        *map(os.path.basename, place.example.puzzles),
    ):
        assert name in page


def test_a_puzzle_can_be_shown(place: Place) -> None:
    assert f"-0, {place.example.family}\n" in place.type("show", place.example.puzzles[0])
    assert "picture in" in place.type("show", "results", "--puzzle", place.example.puzzles[0])


def test_the_gate_passes_on_equal_results_and_closes_on_a_crippled_solver(place: Place) -> None:
    place.run("same", "mine.py:Solver")
    (place.folder / "mine.py").write_text(place.example.source(crippled=True))
    place.run("after", "mine.py:Solver")
    (place.folder / "mine.py").write_text(place.example.source())
    only = ("--solver", "mine.py:Solver")
    assert "verdict: no regression" in place.type("compare", "results", "same", *only)
    assert "verdict: REGRESSION: mine.py:Solver: " in place.type("compare", "results", "after", *only, code=1)


def test_rescoring_gives_the_same_rows_and_mends_others(place: Place) -> None:
    shutil.copytree(place.folder / "results", place.folder / "edited")
    honest = Store(place.folder / "results").rows()
    assert "0 of 36 rows changed" in place.type("score", *place.example.puzzles, "--results", "edited")
    name, _ = place.example.told
    for path in (place.folder / "edited").glob("rows-*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps({**row, "metrics": {name: 0.5}}) + "\n" for row in rows))
    assert "36 of 36 rows changed" in place.type("score", *place.example.puzzles, "--results", "edited")
    mended = Store(place.folder / "edited").rows()
    assert [row.metrics for row in mended] == [row.metrics for row in honest]
    assert [row.queries for row in mended] == [row.queries for row in honest]


@pytest.fixture(scope="module")
def bundle() -> Callable[[Place], Path]:
    """The weak solver on a small suite, submitted."""

    @functools.cache
    def submit(place: Place) -> Path:
        limits = "queries = 50" if place.example is LINEAR else ""
        (place.folder / "suite.toml").write_text(SUITE.format(family=place.example.family, limits=limits))
        options = ("--suite", "suite.toml", "--author", "Ada", "--with-source", "--results", "theirs", "--out", "a.njz")
        assert place.type("submit", "mine.py:Weak", *options).startswith(f"4 trials of {place.example.family}s: 4 ")
        return place.folder / "a.njz"

    return submit


def forge(bundle: Path, change: Callable[[dict[str, Any]], None]) -> str:
    """Change every row, and make all digests fit; gives the name of the new bundle."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    rows = [json.loads(line) for line in files["rows.jsonl"].splitlines()]
    for row in rows:
        change(row)
    files["rows.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows).encode()
    manifest = json.loads(files["bundle.json"])
    manifest["files"]["rows.jsonl"] = hashlib.sha256(files["rows.jsonl"]).hexdigest()
    files["bundle.json"] = json.dumps(manifest).encode()
    forged = bundle.with_name("forged.njz")
    with zipfile.ZipFile(forged, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return forged.name


def test_an_honest_bundle_verifies(place: Place, bundle: Callable[[Place], Path]) -> None:
    said = place.type(
        "verify", bundle(place).name, "--suite", "suite.toml", "--rerun", 1, "--draw", 0, "--isolation", "auto"
    )
    assert "verified: 4 trials scored again" in said
    assert "Ada/mine.py:Weak" in place.type("leaderboard", bundle(place).name, "--suite", "suite.toml")


def test_a_better_metric_in_a_bundle_is_caught(place: Place, bundle: Callable[[Place], Path]) -> None:
    name, value = place.example.told
    forged = forge(bundle(place), lambda row: row["metrics"].update({name: value}))
    said = place.type("verify", forged, "--suite", "suite.toml", code=1)
    assert said.count(f"metrics.{name} is {value} in the bundle, ") == 4


# The oracle


def test_solve_prints_the_queries(linear: Place) -> None:
    said = linear.type("solve", "made/linear-0", "--solver", "unit-vectors").splitlines()
    assert "6 queries in 6 calls" in said[1]
    record = json.loads(linear.type("solve", "made/linear-0", "--solver", "unit-vectors", "--json").splitlines()[-1])
    assert (record["status"], record["queries"], record["metrics"]["queries"]) == ("solved", 6, 6)


def test_too_few_queries_make_the_honest_solver_fail_cleanly(linear: Place) -> None:
    said = linear.type("solve", "made/linear-0", "--solver", "unit-vectors", "--queries", 3, code=1)
    assert "crashed (budget spent: 1 rows asked, 0 of 3 are left), after " in said
    assert "3 queries in 3 calls" in said
    options = ("--solver", "unit-vectors", "--queries", 3, "--results", "few")
    assert linear.type("run", "made/linear-0", *options).startswith("1 trial: 1 crashed")
    (row,) = Store(linear.folder / "few").rows()
    assert (row.queries, row.limits.queries, row.metrics) == (3, 3, {})


def test_rows_hold_what_was_asked(linear: Place) -> None:
    rows = Store(linear.folder / "results").rows()
    asked = {(row.solver, row.queries, row.query_calls) for row in rows}
    assert asked == {("unit-vectors", 6, 6), ("mine.py:Solver", 6, 1), ("mine.py:Weak", 2, 1)}
    assert {row.limits.queries for row in rows} == {100}
    assert all(0 < (row.query_s or 0) < (row.wall_s or 0) for row in rows)


def test_queries_that_the_score_belies_are_caught(linear: Place, bundle: Callable[[Place], Path]) -> None:
    forged = forge(bundle(linear), lambda row: row.update(queries=1))
    said = linear.type("verify", forged, "--suite", "suite.toml", code=1)
    assert said.count("metrics.queries is 2.0 in the bundle, 1.0 verified") == 4


def test_fewer_queries_as_a_metric_are_caught(linear: Place, bundle: Callable[[Place], Path]) -> None:
    forged = forge(bundle(linear), lambda row: row["metrics"].update(queries=0.0))
    said = linear.type("verify", forged, "--suite", "suite.toml", code=1)
    assert said.count("metrics.queries is 0.0 in the bundle, 2.0 verified") == 4


def test_a_suite_that_leaves_the_budget_to_its_puzzles_is_submitted(linear: Place) -> None:
    (linear.folder / "open.toml").write_text(SUITE.format(family="linear", limits="").replace("linears", "open"))
    linear.type("submit", "mine.py:Weak", "--suite", "open.toml", "--results", "open", "--out", "open.njz")
    assert "verified: 4 trials" in linear.type("verify", "open.njz", "--suite", "open.toml")


# A metric that ranks


def test_a_report_is_scored_when_time_runs_out(spread: Place) -> None:
    (spread.folder / "slow.py").write_text(
        "import time\n\nclass Slow:\n    def solve(self, puzzle, context):\n"
        '        context.report(puzzle.data["start"])\n        time.sleep(60)\n'
    )
    said = spread.type("solve", "made/spread-0", "--solver", "slow.py:Slow", "--timeout", "0.5s")
    assert "scored (no answer within 0.5 s), after 0.5" in said
    assert "loss 1" in said


@pytest.mark.parametrize("package", PACKAGES)
def test_no_line_of_the_suite_knows_an_example(package: str) -> None:
    words = re.compile(r"\b(SortingSpec|SpreadSpec|unit-vectors|LinearSpec)\b")
    for path in (Path(__file__).parents[1] / package).rglob("*.py"):
        assert not words.search(path.read_text(encoding="utf-8")), path
