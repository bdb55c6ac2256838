"""Puzzles on modular addition through the command line: made, shown, solved by a solver and a program, scored again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from generator.puzzle.answer import plain
from generator.puzzle.sealing import Made
from generator.puzzle.storage import find_answer, load_puzzle
from tests.generator.modular.made import SMALL, right_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.trial import Row

    Cli = Callable[..., tuple[int, str, str]]

OPTIONS = [f"--{name}={value}" for name, value in SMALL.items()]

PROGRAM = """
import json

known, network = json.load(open("puzzle.json")), json.load(open("network.json"))
assert len(network["first"][0]) == known["modulus"] == 23
if known["lookups"]:
    print(json.dumps({"query": [[0, 0], [1, 5]]}), flush=True)
    ((one,), (other,)) = json.loads(input())["outputs"]
    assert one == int(one) and 0 <= other < 23
print(json.dumps({"frequencies": [1, 2]}))
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def done(result: tuple[int, str, str]) -> str:
    """Return the output of a command that must succeed."""
    code, out, err = result
    assert code == 0, err
    return out


def row_of(results: str) -> Row:
    (row,) = Store(Path(results)).rows()
    return row


def test_a_puzzle_is_made_shown_solved_and_ranked(cli: Cli) -> None:
    done(cli("generate", "modular", *OPTIONS, "--seed", "1", "--out", "p"))
    told = done(cli("show", "p", "--text"))
    assert "modulus=23" in told
    done(cli("run", "p", "--solver", "majority", "--results", "r"))
    assert row_of("r").status == "partial"
    assert row_of("r").metrics["label"] == 1
    assert "relabelling" in done(cli("leaderboard", "--results", "r"))


def test_the_right_answer_is_solved_and_scored_again(cli: Cli) -> None:
    done(cli("generate", "modular", *OPTIONS, "--seed", "1", "--out", "p"))
    puzzle = load_puzzle(Path("p"))
    sealed = find_answer(puzzle, Path("answers"))
    assert sealed is not None
    value = plain(right_answer(Made(puzzle, sealed)))
    Path("k.py").write_text(f"class Knows:\n    def solve(self, puzzle, context):\n        return {value}\n", "utf-8")
    done(cli("run", "p", "--solver", "k.py:Knows", "--results", "r"))
    row = row_of("r")
    assert row.status == "solved"
    done(cli("score", "p", "--results", "r"))
    assert row_of("r").metrics == row.metrics


@pytest.mark.parametrize("lookups", [0, 4])
def test_a_program_reads_the_network_and_asks_the_oracle(cli: Cli, lookups: int) -> None:
    withheld = ["--withhold-unembedding", "true", "--lookups", str(lookups)] if lookups else []
    done(cli("generate", "modular", *OPTIONS, *withheld, "--seed", "1", "--out", "p"))
    Path("ask.py").write_text(PROGRAM, encoding="utf-8")
    done(cli("run", "p", "--solver-command", f"ask={sys.executable} ask.py", "--results", "r"))
    row = row_of("r")
    assert row.status == "partial", row.reason
    assert row.queries == (2 if lookups else None)
