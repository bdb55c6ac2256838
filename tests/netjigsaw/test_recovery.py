"""Hidden networks through the command line: made, queried in the harness, scored, and bad queries refused for free."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from safetensors.numpy import load_file

from benchmark.results.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.trial import Row

    Cli = Callable[..., tuple[int, str, str]]

SOLVERS = """
import numpy as np
from netjigsaw import QueryError


def layer(units, inputs):
    return {"weight": np.zeros((units, inputs)), "bias": np.zeros(units)}


GUESS = {"layers": [layer(3, 4), layer(1, 3)]}


class Asks:
    family = "recovery"

    def solve(self, puzzle, context):
        oracle = context.oracle
        bad = [[[np.nan] * 4], [[0.0] * 3], [[11.0, 0, 0, 0]], np.zeros((5000, 4)), "text"]
        for query in [*bad, np.zeros((20, 4)), np.zeros((1, 4))]:
            try:
                oracle(query)
            except QueryError as error:
                context.log(f"refused, {oracle.left} left: {error}")
        return GUESS


class Hangs:
    family = "recovery"

    def solve(self, puzzle, context):
        context.report(GUESS)
        while True:
            try:
                context.oracle(np.zeros((1, 4)))
            except QueryError:
                pass


class Table:
    family = "recovery"

    def solve(self, puzzle, context):
        assert context.oracle is None and puzzle.oracle is None
        assert puzzle.table.inputs.shape == (50, 4)
        return GUESS
"""


@pytest.fixture(autouse=True)
def _solvers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.py").write_text(SOLVERS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def done(result: tuple[int, str, str]) -> str:
    """Return the output of a command that must succeed."""
    code, out, err = result
    assert code == 0, err
    return out


def rows_of(results: str) -> dict[str, Row]:
    return {row.solver.rpartition(":")[2]: row for row in Store(Path(results)).rows()}


def test_bad_queries_cost_nothing_and_the_budget_holds(cli: Cli) -> None:
    done(cli("generate", "recovery", "--budget", "20", "--seed", "1", "--out", "p"))
    done(cli("run", "p", "--solver", "s.py:Asks", "--solver", "s.py:Hangs", "--timeout", "1s", "--results", "r"))
    rows = rows_of("r")
    asks, hangs = rows["Asks"], rows["Hangs"]
    assert (asks.status, asks.queries, asks.query_calls) == ("partial", 20, 1)
    outcome = Store(Path("r")).outcome(asks)
    assert outcome is not None
    said = "\n".join(outcome.log)
    for fault in ("NaN", "wrong shape", "outside the box", "too many rows: 5000", "array of numbers"):
        assert fault in said
    assert said.count("refused, 20 left") == 5
    assert "refused, 0 left: budget spent: 1 rows asked, 0 of 20 are left" in said
    assert (hangs.status, hangs.queries) == ("timeout", 20)
    assert hangs.metrics["exact_size"] == 0
    assert "queries" in done(cli("leaderboard", "--results", "r"))


def test_a_passive_puzzle_has_a_table_and_no_oracle(cli: Cli) -> None:
    done(cli("generate", "recovery", "--mode", "passive", "--rows", "50", "--seed", "1", "--out", "p"))
    done(cli("run", "p", "--solver", "s.py:Table", "--results", "r"))
    row = rows_of("r")["Table"]
    assert (row.status, row.queries, row.limits.queries) == ("partial", None, None)


def test_the_right_network_is_solved_and_scored_again(cli: Cli) -> None:
    done(cli("generate", "recovery", "--seed", "1", "--out", "p"))
    (sealed,) = Path("answers").glob("*.json")
    arrays = load_file(sealed.with_suffix(".safetensors"))
    layers = [{part: arrays[f"{number}.{part}"].tolist() for part in ("weight", "bias")} for number in (1, 2)]
    answer = json.dumps({"layers": layers})
    source = f"class Knows:\n    def solve(self, puzzle, context):\n        return {answer}\n"
    Path("k.py").write_text(source, encoding="utf-8")
    done(cli("run", "p", "--solver", "k.py:Knows", "--results", "r"))
    row = rows_of("r")["Knows"]
    assert row.status == "solved"
    assert row.metrics["worst_weight_error"] == 0
    assert row.metrics["queries"] == 0
    done(cli("score", "p", "--results", "r"))
    assert rows_of("r")["Knows"].metrics == row.metrics
