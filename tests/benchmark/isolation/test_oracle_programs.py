"""Programs query an oracle by lines on standard input and output, in the real harness."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Limits, Row, Status
from benchmark.running.planning.request import RunRequest
from benchmark.running.runner import run
from generator.plugins import load_file
from generator.puzzle.storage import LoadedPuzzle
from solvers.command import find_command

if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGIN = Path(__file__).parents[1] / "oracle_programs.py"
BUDGET = 20

PRELUDE = """
import json, os, random, sys
terms = json.load(open("oracle.json"))
first = list(range(terms["inputs"]))

def send(query):
    print(query if isinstance(query, str) else json.dumps({"query": query}), flush=True)

def ask(query):
    send(query)
    return json.loads(sys.stdin.readline())

def tell(reply):
    print("column", int(reply["outputs"][0][0]), flush=True)
"""
HONEST = """
print("thinking", sorted(os.listdir(".")), terms, os.environ.get("NETJIGSAW_QUERIES"))
print("loudly", file=sys.stderr)
reply = ask([first])
print("told", reply)
tell(reply)
"""
FLAT = "tell(ask(first))"
REFUSED = """
bad = {
    "malformed": '{"query": [[0, 1, 2',
    "no query": '{"query"}',
    "NaN": '{"query": [[NaN, 0, 0, 0, 0]]}',
    "infinity": '{"query": [[1e999, 0, 0, 0, 0]]}',
    "short": [[1, 2]],
    "ragged": [[1, 2], [3]],
    "words": "{\\"query\\": \\"all of it\\"}",
    "nothing": [],
    "null": None,
    "deep": '{"query": ' + "[" * 100_000,
    "many": [first] * 4097,
    "long": '{"query": [[' + "0," * (1 << 20) + "0]]}",
}
for name, query in bad.items():
    reply = ask(query)
    print(name, "->", sorted(reply), reply["left"], reply["error"][:60])
tell(ask([first]))
"""
SPENDS = """
tell(ask([first] * 15))
print("too many", ask([first] * 6))
print("exactly", ask([first] * 5)["left"])
for _ in range(30):
    reply = ask([first])
print("none", reply)
"""
NEVER_READS_ONE = """
send([first])
print("column 1")
"""
UNFLUSHED_END = """
sys.stdout.write(json.dumps({"query": [first]}))
"""
LARGE = """
draw = random.Random(7)
rows = [[draw.random() for _ in first] for _ in range(terms["rows_per_call"])]
outputs = ask(rows)["outputs"]
fits = [column for column in first if all(row[column] == out[0] for row, out in zip(rows, outputs, strict=True))]
print(len(outputs), fits)
print("column", *fits)
"""
FLOODS = """
while True:
    send([first] * 10)
"""
FLOODS_REFUSED = """
while True:
    send('{"query": 1}')
"""
FLOODS_WITH_INPUT_CLOSED = """
os.close(0)
print("column 1", flush=True)
while True:
    send([first])
"""
WAITS = "sys.stdin.readline()"
POSIX = """
inputs=$(sed -n 's/.*"inputs": *\\([0-9]*\\).*/\\1/p' oracle.json)
awk -v n="$inputs" 'BEGIN { for (i = 0; i < n; i++) row = row (i ? "," : "") i; print "{\\"query\\": [[" row "]]}" }'
read -r reply
echo "$reply" | awk -F'[][]+' '{ print "column " int($2) }'
"""


def run_programs(
    programs: Mapping[str, str], folder: Path, limits: Limits, *, inputs: int = 5, budget: int | None = BUDGET
) -> dict[str, tuple[Row, str]]:
    """Run programs, given as source, on one puzzle: the row and the kept output of each, by name."""
    family = load_file(PLUGIN)
    made = family.make_column(family.ColumnSpec(inputs=inputs, budget=budget or 1_000_000), seed=3)
    references = []
    for name, source in programs.items():
        shell = source is POSIX
        script = folder / f"{name}{'.sh' if shell else '.py'}"
        script.write_text(source if shell else PRELUDE + source)
        words = ["/bin/sh" if shell else sys.executable, str(script)]
        references.append(find_command(f"{name}={shlex.join(words)}"))
    request = RunRequest(
        (LoadedPuzzle(made.puzzle, made.sealed),),
        tuple(references),
        folder / "results",
        limits=limits,
        plugins=(str(PLUGIN),),
    )
    store = Store(folder / "results")
    found = {}
    for row in run(request):
        outcome = store.outcome(row)
        assert outcome is not None
        found[row.solver] = (row, outcome.output)
    return found


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Row, str]]:
    programs = {
        "honest": HONEST,
        "flat": FLAT,
        "refused": REFUSED,
        "spends": SPENDS,
        "one": NEVER_READS_ONE,
        "end": UNFLUSHED_END,
        "posix": POSIX,
    }
    return run_programs(programs, tmp_path_factory.mktemp("programs"), Limits(wall_s=30, output_mib=1))


@pytest.mark.parametrize("name", ["honest", "flat", "posix"])
def test_a_program_asks_and_solves(ended: dict[str, tuple[Row, str]], name: str) -> None:
    row, _ = ended[name]
    assert (row.status, row.queries, row.query_calls) == (Status.SOLVED, 1, 1), row.reason
    assert row.metrics == {"queries": 1}
    assert row.limits.queries == BUDGET


def test_terms_lie_in_the_folder(ended: dict[str, tuple[Row, str]]) -> None:
    _, output = ended["honest"]
    assert "['oracle.json', 'puzzle', 'question.txt']" in output
    assert "'inputs': 5, 'outputs': 1, 'budget': 20, 'low': None, 'high': None, 'rows_per_call': 4096}" in output
    assert output.splitlines()[0].endswith("} 20")


def test_output_is_kept_and_queries_are_not(ended: dict[str, tuple[Row, str]]) -> None:
    _, output = ended["honest"]
    for line in ("thinking", "loudly", "told {'outputs': [[", "column "):
        assert line in output
    lines = [line for _row, found in ended.values() for line in found.splitlines()]
    assert len(lines) > 20
    assert not [line for line in lines if line.lstrip().startswith('{"query"')]


def test_what_is_refused_is_named_and_costs_nothing(ended: dict[str, tuple[Row, str]]) -> None:
    row, output = ended["refused"]
    lines = [line for line in output.splitlines() if "->" in line]
    assert len(lines) == 12
    assert all("-> ['error', 'left'] 20 " in line for line in lines)
    for name, words in {
        "malformed": "wrong shape: write one line of JSON",
        "no query": "wrong shape: write one line of JSON",
        "NaN": "not finite",
        "infinity": "not finite",
        "short": "wrong shape (1, 2)",
        "ragged": "wrong shape",
        "words": "wrong shape",
        "nothing": "wrong shape",
        "null": "wrong shape",
        "deep": "wrong shape",
        "many": "too many rows: 4097",
        "long": "wrong shape",
    }.items():
        (line,) = (line for line in lines if line.startswith(f"{name} ->"))
        assert words in line
    assert (row.status, row.queries, row.query_calls) == (Status.SOLVED, 1, 1)


def test_the_budget_is_spent_to_the_last_row(ended: dict[str, tuple[Row, str]]) -> None:
    row, output = ended["spends"]
    assert "too many {'error': 'budget spent: 6 rows asked, 5 of 20 are left', 'left': 5}" in output
    assert "exactly 0" in output
    assert "none {'error': 'budget spent: 1 rows asked, 0 of 20 are left', 'left': 0}" in output
    assert (row.status, row.queries, row.query_calls) == (Status.SOLVED, 20, 2)


def test_a_reply_that_is_never_read_does_no_harm(ended: dict[str, tuple[Row, str]]) -> None:
    row, _ = ended["one"]
    assert row.status in {Status.SOLVED, Status.PARTIAL}
    assert (row.queries, row.from_report) == (1, False)


def test_a_query_on_a_last_line_without_an_end_counts(ended: dict[str, tuple[Row, str]]) -> None:
    row, output = ended["end"]
    assert (row.status, row.queries, output) == (Status.GAVE_UP, 1, "")


def test_a_large_query_goes_through_as_text(tmp_path: Path) -> None:
    """A call of 4,096 rows x 784 inputs: 60 MB of text, more than a program may print, and exact to the last bit."""
    row, output = run_programs({"large": LARGE}, tmp_path, Limits(wall_s=60), inputs=784, budget=None)["large"]
    assert (row.status, row.queries, row.query_calls) == (Status.SOLVED, 4096, 1), row.reason
    assert output.startswith("4096 [")


def test_a_program_that_floods_or_never_reads_is_stopped_at_the_wall(tmp_path: Path) -> None:
    programs = {
        "floods": FLOODS,
        "refused": FLOODS_REFUSED,
        "closed": FLOODS_WITH_INPUT_CLOSED,
        "waits": WAITS,
        "honest": HONEST,
    }
    began = time.monotonic()
    found = run_programs(programs, tmp_path, Limits(wall_s=1.5, memory_mib=512))
    assert time.monotonic() - began < 25
    for name in ("floods", "refused", "closed", "waits"):
        row, output = found[name]
        answered = {Status.SOLVED, Status.PARTIAL} if name == "closed" else {Status.TIMEOUT}
        assert row.status in answered, (name, row.reason)
        assert row.wall_s is not None
        assert row.wall_s < 3, name
        assert '"query"' not in output
    spent = {name: found[name][0].queries for name in found}
    assert spent == {"floods": 20, "refused": 0, "closed": 20, "waits": 0, "honest": 1}
    assert "did not end within 1.5 s" in found["closed"][0].reason
    assert found["honest"][0].status is Status.SOLVED
