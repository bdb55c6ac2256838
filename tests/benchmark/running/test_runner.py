from __future__ import annotations

import json
import resource
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Limits, Row, Status
from benchmark.running.events import Event, Finished, Logged, Opened, Progressed, Started
from benchmark.running.runner import run
from benchmark.running.single import solve_once
from generator.errors import HarnessError, SpecError, StorageError
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.running.planning.request import RunRequest
    from generator.puzzle.storage import LoadedPuzzle


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted(folder.glob("rows-*")) for line in path.read_text().splitlines()]


def test_every_cell_gets_one_row_with_its_status(ask: Callable[..., RunRequest]) -> None:
    request = ask("exact", "identity", "gives_up", "Needs[offset=1]", "Needs[offset=x]", "Elsewhere", "Nobody")
    rows = run(request)
    statuses = [row.status for row in rows[:7]]
    assert statuses == [
        Status.SOLVED,
        Status.PARTIAL,
        Status.GAVE_UP,
        Status.PARTIAL,
        Status.UNAVAILABLE,
        Status.SKIPPED,
        Status.UNAVAILABLE,
    ]
    assert len(lines(request.results)) == len(rows) == 21
    assert "did you mean" in rows[6].reason or "has no 'Nobody'" in rows[6].reason
    assert rows[0].metrics == {"right": 1.0}
    assert rows[0].groups == {"size": 8}
    for row in rows[:4]:
        assert row.wall_s is not None
        assert row.load_s is not None
        assert row.wall_s < 1
    assert Store(request.results).rows() == rows


def test_a_solver_whose_source_is_not_covered_runs_again(ask: Callable[..., RunRequest], tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text("import numpy as np\ndef place(keys): return np.argsort(keys).tolist()\n")
    code = "import importlib\nPART = importlib.import_module({})\ndef solve(keys, context): return PART.place(keys)\n"
    (tmp_path / "named.py").write_text(code.format("'one'"))
    (tmp_path / "computed.py").write_text(code.format("'t' + 'wo'"))
    references = tuple(parse_reference(f"{tmp_path}/{name}.py:solve") for name in ("named", "computed"))
    first = run(ask(references=references))
    assert {row.status for row in first} == {Status.SOLVED}
    assert [row.uncovered for row in first[:2]] == ["", "computed.py imports a module whose name is computed"]
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text("def place(keys): return list(range(len(keys)))\n")
    events: list[Event] = []
    second = run(ask(references=references), events.append)
    assert {row.status for row in second} == {Status.PARTIAL}
    assert [row.trial == before.trial for row, before in zip(second, first, strict=True)] == [False, True] * 3
    (opened,) = [event for event in events if isinstance(event, Opened)]
    assert (opened.kept, [cell.label for cell in opened.again]) == (0, [references[1].target] * 3)
    assert Store(tmp_path / "results").rows()[-1].status == Status.PARTIAL
    kept = run(ask(references=references[:1]))
    assert [row.session for row in kept] == [row.session for row in second[::2]]


def test_a_second_run_runs_nothing_and_returns_the_same_rows(ask: Callable[..., RunRequest]) -> None:
    request = ask("exact", "identity")
    first = run(request)
    events: list[Event] = []
    assert run(request, events.append) == first
    assert [type(event) for event in events] == [Opened]
    assert len(lines(request.results)) == 6


def test_retry_runs_again_what_ended_so(ask: Callable[..., RunRequest]) -> None:
    run(ask("exact", "gives_up"))
    retried = ask("exact", "gives_up", retry=frozenset({Status.GAVE_UP}))
    run(retried)
    assert len(lines(retried.results)) == 9
    assert len(Store(retried.results).rows()) == 6


def test_events_tell_the_story_in_order(ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...]) -> None:
    events: list[Event] = []
    (row,) = run(ask("reports_then_sleeps", puzzles=toys[:1]), events.append)
    assert [type(event) for event in events] == [Opened, Started, Logged, Progressed, Finished]
    assert isinstance(events[3], Progressed)
    assert events[3].score.solved
    assert row.status == Status.TIMEOUT
    assert row.from_report
    assert row.metrics == {"right": 1.0}
    assert row.wall_s is not None
    assert row.wall_s >= 1  # the limit; how late it is enforced depends on the machine


def test_jobs_change_nothing_but_times(ask: Callable[..., RunRequest], tmp_path: Path) -> None:
    def key(row: Row) -> tuple[object, ...]:
        return row.trial, row.status, row.metrics["right"]

    one = run(ask("exact", "identity", seeds=(0, 1), results=tmp_path / "one"))
    three = run(ask("exact", "identity", seeds=(0, 1), results=tmp_path / "three", jobs=3))
    assert [key(row) for row in one] == [key(row) for row in three]


def test_what_a_trial_left_is_kept(ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...]) -> None:
    request = ask("reports_then_sleeps", puzzles=toys[:1])
    (row,) = run(request)
    outcome = Store(request.results).outcome(row)
    assert outcome is not None
    assert outcome.log == ("sorting",)
    assert [report.answer.value for report in outcome.reports] == [toys[0].sealed.answer if toys[0].sealed else None]
    manifests = Store(request.results).manifests()
    assert list(manifests) == [toys[0].puzzle.digest]
    (session,) = Store(request.results).sessions().values()
    assert session.id == row.session
    assert session.threads == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"references": (parse_reference("no-such-solver"),)}, "no solver 'no-such-solver'"),
        ({"references": (parse_reference("missing/file.py:Solver"),)}, "no solver file"),
        ({"references": ()}, "no solvers"),
        ({"puzzles": ()}, "no puzzles"),
        ({"seeds": ()}, "no seeds"),
    ],
)
def test_a_senseless_request_is_refused_before_anything_runs(
    ask: Callable[..., RunRequest], changes: dict[str, object], message: str
) -> None:
    request = ask("exact", **changes)
    with pytest.raises(SpecError, match=message):
        run(request)
    assert not request.results.exists()


def test_a_hidden_folder_must_not_hold_the_solver(ask: Callable[..., RunRequest]) -> None:
    request = ask("exact")
    folder = request.references[0].target.rpartition("/")[0]
    with pytest.raises(SpecError, match="move one of them"):
        run(ask("exact", hidden=(request.results.__class__(folder),)))


def test_a_changed_solver_is_another_trial(
    ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...], tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    counts = []
    for offset in (0, 1):
        file.write_text(f"def solve(puzzle, context):\n    return [{offset}]\n")
        request = ask(puzzles=toys[:1], references=(parse_reference(f"{file}:solve"),))
        run(request)
        counts.append(len(lines(request.results)))
    assert counts == [1, 2]


def test_a_store_that_cannot_be_written_is_one_clear_line(ask: Callable[..., RunRequest], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="is not a folder; name another folder for the results"):
        run(ask("exact", results=tmp_path / "file" / "results"))


def test_a_full_disk_leaves_no_half_row(ask: Callable[..., RunRequest]) -> None:
    request = ask("exact", seeds=tuple(range(4)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
        with pytest.raises(StorageError, match=r"cannot write .*rows"):
            run(request)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    kept = Store(request.results).rows()
    assert 0 < len(kept) < 12
    (path,) = request.results.glob("rows-*")
    assert path.read_bytes().endswith(b"}\n")
    assert len(run(request)) == 12
    assert len(lines(request.results)) == 12


def test_a_fault_in_scoring_stops_the_run_and_keeps_the_answer(
    ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...]
) -> None:
    blind = type(toys[0])(toys[0].puzzle, None)  # this family cannot score without the answer
    request = ask("exact", puzzles=(blind,))
    with pytest.raises(HarnessError, match="scoring"):
        run(request)
    assert Store(request.results).rows() == []
    assert len(list(request.results.glob("raw/*.json"))) == 1
    assert len(run(ask("exact", puzzles=toys[:1]))) == 1


def test_solve_once_writes_nothing(ask: Callable[..., RunRequest]) -> None:
    request = ask("exact", limits=Limits(wall_s=5))
    solved = solve_once(request)
    assert solved.verdict.status == Status.SOLVED
    assert solved.verdict.metrics == {"right": 1.0}
    assert solved.outcome.wall_s is not None
    assert not request.results.exists()
