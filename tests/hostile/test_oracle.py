"""An oracle's budget cannot be exceeded, reset or shared; bad queries are free; nobody holds the harness up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Limits, Row, Status
from benchmark.running.planning.request import RunRequest
from benchmark.running.runner import run
from generator.plugins import load_file
from generator.puzzle.sealing import fresh_seed, silent
from generator.puzzle.storage import LoadedPuzzle, save_answer, save_puzzle
from solvers.reference import Reference
from tests.hostile.conftest import left_running

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
PLUGIN = HERE.parents[1] / "docs" / "examples" / "families" / "linear.py"
ASKING = HERE / "oracle" / "asking.py"
LIMITS = Limits(wall_s=1.5, memory_mib=256, output_mib=4)

Ask = "Callable[..., tuple[Row, str]]"


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> LoadedPuzzle:
    """A puzzle with an oracle on disk, its answer beside it."""
    family = load_file(PLUGIN)
    # A seed of its own: earlier runs of this test leave their answers in the temporary folder, for anyone to find.
    made = family.generate(family.LinearSpec(), name="hidden", seed=fresh_seed(), progress=silent)
    folder = tmp_path_factory.mktemp("puzzles") / "hidden"
    save_puzzle(made.puzzle, folder)
    save_answer(made.sealed, folder.parent / "answers")
    return LoadedPuzzle(made.puzzle, made.sealed, folder)


@pytest.fixture
def ask(hidden: LoadedPuzzle, isolation: str, tmp_path: Path) -> Callable[..., tuple[Row, str]]:
    """Run one hostile solver, then the honest one, which must not notice; gives the first's row and what it logged."""

    def start(name: str, limits: Limits = LIMITS) -> tuple[Row, str]:
        request = RunRequest(
            puzzles=(hidden,),
            references=(Reference(f"{ASKING}:{name}"), Reference(f"{ASKING}:honest")),
            results=tmp_path / "results",
            limits=limits,
            plugins=(str(PLUGIN),),
            isolation=isolation,
        )
        row, honest = run(request)
        assert (honest.status, honest.queries, honest.query_calls) == (Status.SOLVED, 6, 6)
        assert left_running() == []
        outcome = Store(tmp_path / "results").outcome(row)
        assert outcome is not None
        return row, "\n".join([*outcome.log, outcome.output])

    return start


def test_the_budget_cannot_be_exceeded(ask: Callable[..., tuple[Row, str]]) -> None:
    row, log = ask("asks_on")
    assert (row.status, row.queries, row.query_calls) == (Status.PARTIAL, 100, 100)
    assert "400 QueryError budget spent: 1 rows asked, 0 of 100 are left left 0" in log


def test_a_user_s_limit_is_smaller_than_the_puzzle_s_budget(ask: Callable[..., tuple[Row, str]]) -> None:
    row, log = ask("asks_on", LIMITS.model_copy(update={"queries": 7}))
    assert (row.queries, row.limits.queries) == (7, 7)
    assert "0 of 7 are left" in log


def test_no_limit_raises_the_puzzle_s_budget(ask: Callable[..., tuple[Row, str]]) -> None:
    row, _ = ask("asks_on", LIMITS.model_copy(update={"queries": 1_000_000}))
    assert (row.queries, row.limits.queries) == (100, 100)


def test_the_budget_cannot_be_reset_or_shared(ask: Callable[..., tuple[Row, str]]) -> None:
    row, log = ask("resets_itself")
    assert row.queries == 100
    assert log.count("budget spent") == 2  # once to the child process, once to the solver itself


def test_bad_queries_are_refused_by_name_and_cost_nothing(ask: Callable[..., tuple[Row, str]]) -> None:
    row, log = ask("bad_queries")
    assert (row.status, row.queries) == (Status.PARTIAL, 1)
    assert log.count("not finite") == 2
    for words in ("outside the box: 2 is above 1", "outside the box: -2 is below -1", "outside the box: 9 is above 1"):
        assert words in log
    assert log.count("wrong shape") == 5
    assert "too many rows: 5000 in one call; at most 4096" in log
    assert '"left":100' in log.replace(" ", "")


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("wrong_length", Status.CRASHED, "48 bytes for 3 rows of 6 numbers"),
        ("negative_rows", Status.CRASHED, "without a number of rows"),
        ("announces_gigabytes", Status.CRASHED, "'query' frame of 3072.0 MiB; at most"),
        ("never_reads", Status.CRASHED, "a query before the reply to the last one was read"),
        ("dies_in_mid_query", Status.CRASHED, "SIGKILL"),
        ("asks_for_ever", Status.TIMEOUT, "no answer within 1.5 s"),
    ],
)
def test_misuse_ends_the_trial_and_nothing_else(
    ask: Callable[..., tuple[Row, str]], name: str, status: Status, reason: str
) -> None:
    row, _ = ask(name)
    assert row.status is status
    assert reason in row.reason
    assert row.wall_s is None or row.wall_s < 2.5


def test_the_teacher_is_out_of_reach(ask: Callable[..., tuple[Row, str]], isolation: str) -> None:
    row, log = ask("looks_for_the_teacher", LIMITS.model_copy(update={"wall_s": 60.0}))
    assert row.status is Status.PARTIAL
    if isolation == "namespaces":  # without them files are hidden by their path only
        assert "seen 0" in log


def test_an_oracle_without_its_sealed_answer_is_not_run(hidden: LoadedPuzzle, tmp_path: Path) -> None:
    request = RunRequest(
        puzzles=(LoadedPuzzle(hidden.puzzle),),
        references=(Reference(f"{ASKING}:honest"),),
        results=tmp_path / "results",
        plugins=(str(PLUGIN),),
    )
    (row,) = run(request)
    assert row.status is Status.UNAVAILABLE
    assert "its oracle needs it" in row.reason
