from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

import benchmark.running.executors
import benchmark.running.live
from benchmark.isolation.supervisor import Server, Settings
from benchmark.isolation.wire import Frame
from benchmark.results.trial import Limits, Status
from benchmark.running.events import Event, Opened, Progressed, Started
from benchmark.running.executors import LocalExecutor
from benchmark.running.live import Listener, Quiet
from benchmark.running.messages import Began, Ended, Message, Reported
from benchmark.running.planning.plan import plan
from benchmark.running.runner import run
from generator.errors import HarnessError, SpecError
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.running.planning.request import RunRequest
    from generator.puzzle.storage import LoadedPuzzle

HERE = Path(__file__).parents[1]
PLUGIN = str(HERE / "toy.py")
LIGHT = Settings(warm=("numpy",))


class Refusing(Server):
    """A server on a system that grants no namespaces."""

    def wait_until_ready(self) -> str:
        refused = super().wait_until_ready()
        return "unshare: Operation not permitted" if self.namespaces else refused


def test_auto_falls_back_and_says_so(ask: Callable[..., RunRequest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark.running.executors, "Server", Refusing)
    events: list[Event] = []
    rows = run(ask("exact"), events.append)
    assert {row.status for row in rows} == {Status.SOLVED}
    assert isinstance(events[0], Opened)
    assert events[0].session is not None
    assert events[0].session.isolation == "rlimits (namespaces were refused: unshare: Operation not permitted)"


def test_insisting_on_namespaces_is_an_error_where_there_are_none(
    ask: Callable[..., RunRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.running.executors, "Server", Refusing)
    with pytest.raises(HarnessError, match="not permitted"):
        run(ask("exact", isolation="namespaces"))


def test_a_server_that_cannot_start_says_why(ask: Callable[..., RunRequest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.running.planning.warming.BASE", ("no_such_module",))
    with pytest.raises(HarnessError, match="no_such_module"):
        run(ask("exact"))


@pytest.mark.parametrize("isolation", ["auto", "rlimits"])
def test_a_server_killed_from_outside_costs_one_trial(
    ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...], isolation: str
) -> None:
    before = set(psutil.Process().children())

    def kill_servers(event: Event) -> None:
        if isinstance(event, Started) and "sleeps" in event.cell.label:
            for child in set(psutil.Process().children()) - before:
                with contextlib.suppress(psutil.NoSuchProcess):
                    for process in (*child.children(recursive=True), child):
                        process.kill()

    request = ask("reports_then_sleeps", "exact", puzzles=toys[:2], limits=Limits(wall_s=10), isolation=isolation)
    rows = run(request, kill_servers)
    assert [row.status for row in rows] == [Status.CRASHED, Status.SOLVED] * 2
    assert rows[0].reason == "the fork server died under it"
    assert set(psutil.Process().children()) <= before


def test_an_order_that_is_longer_than_one_packet_of_the_socket_arrives(ask: Callable[..., RunRequest]) -> None:
    rows = run(ask("exact", plugins=(PLUGIN,) * 3000))
    assert {row.status for row in rows} == {Status.SOLVED}


def test_an_isolation_that_does_not_exist_is_refused(ask: Callable[..., RunRequest]) -> None:
    with pytest.raises(SpecError, match="no isolation 'namespace'; did you mean namespaces"):
        run(ask("exact", isolation="namespace"))


def test_reports_never_queue_behind_one_that_is_being_dealt_with(
    toys: tuple[LoadedPuzzle, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.running.live, "LISTEN_EVERY_S", 0.0)
    (cell,) = plan(toys[:1], [parse_reference(f"{HERE}/toy_solvers.py:exact")], [0], Limits())
    told: list[tuple[Message, threading.Event]] = []

    def tell(message: Message, *, wait: bool = False) -> threading.Event:
        assert not wait
        told.append((message, threading.Event()))
        return told[-1][1]

    listen = Listener(cell.work((PLUGIN,)), tell, Quiet())
    for time_s in (1.0, 2.0, 3.0):
        listen(time_s, Frame("report", b'{"value": [0]}'), 0)
    told[0][1].set()
    listen(4.0, Frame("report", b'{"value": [0]}'), 0)
    assert [message.time_s for message, _ in told if isinstance(message, Reported)] == [1.0, 4.0]


def test_after_a_report_that_took_long_the_display_rests_in_proportion(
    toys: tuple[LoadedPuzzle, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 100.5, *[109.0] * 3, *[111.0] * 3])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    (cell,) = plan(toys[:1], [parse_reference(f"{HERE}/toy_solvers.py:exact")], [0], Limits())
    told: list[Message] = []

    def tell(message: Message, *, wait: bool = False) -> threading.Event:
        assert not wait
        told.append(message)
        return threading.Event()

    quiet = Quiet()
    with quiet.timing():  # half a second, so none for ten
        pass
    listen = Listener(cell.work((PLUGIN,)), tell, quiet)
    listen(1.0, Frame("report", b'{"value": [0]}'), 0)
    listen(2.0, Frame("log", b'{"text": "words cost nothing"}'), 0)
    assert [type(message).__name__ for message in told] == ["Said"]
    listen(3.0, Frame("report", b'{"value": [0]}'), 0)
    assert [type(message).__name__ for message in told] == ["Said", "Reported"]


class Clock:
    """A clock that only its owner moves, in the place of `time` of a module."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_looking_takes_a_small_share_of_the_run(
    ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(benchmark.running.live, "time", clock)
    seen: list[float] = []

    def look(event: Event) -> None:
        if isinstance(event, Progressed):
            seen.append(event.time_s)
            clock.now += 0.1  # as slow scoring would; from here on the clock stands, so the rest of 2 s never ends

    run(ask("reports_three_times", puzzles=toys[:1]), look)
    assert len(seen) == 1


def test_a_quick_look_is_followed_by_others(
    ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.running.live, "time", Clock())  # looking takes no time at all
    monkeypatch.setattr(benchmark.running.live, "LISTEN_EVERY_S", 0.0)
    seen: list[Event] = []
    run(ask("reports_three_times", puzzles=toys[:1]), seen.append)
    assert 1 <= sum(isinstance(event, Progressed) for event in seen) <= 3


def test_who_does_not_look_is_told_of_no_reports(
    ask: Callable[..., RunRequest], toys: tuple[LoadedPuzzle, ...]
) -> None:
    events: list[Event] = []
    run(ask("reports_then_sleeps", puzzles=toys[:1]), events.append, live=False)
    assert [type(event).__name__ for event in events] == ["Opened", "Started", "Finished"]


def test_closing_the_iterator_ends_what_runs(toys: tuple[LoadedPuzzle, ...]) -> None:
    cells = plan(toys, [parse_reference(f"{HERE}/toy_solvers.py:reports_then_sleeps")], [0], Limits(wall_s=None))
    before = set(psutil.Process().children())
    executor = LocalExecutor(LIGHT, jobs=2)
    messages = executor.execute([cell.work((PLUGIN,)) for cell in cells])
    assert isinstance(next(messages), Began)
    began = time.monotonic()
    messages.close()  # while the servers of both jobs start
    assert time.monotonic() - began < 30  # the solver sleeps for a minute
    assert set(psutil.Process().children()) <= before


def test_without_a_wall_limit_a_trial_ends_by_itself(toys: tuple[LoadedPuzzle, ...]) -> None:
    limits = Limits(wall_s=None, memory_mib=None)
    (cell,) = plan(toys[:1], [parse_reference(f"{HERE}/toy_solvers.py:exact")], [0], limits)
    *_, last = LocalExecutor(LIGHT).execute([cell.work((PLUGIN,))])
    assert isinstance(last, Ended)
    assert last.outcome.status is None
    assert last.outcome.answer is not None


def test_a_plug_in_that_fails_in_the_child_makes_the_trial_unavailable(
    toys: tuple[LoadedPuzzle, ...], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module\n")
    (cell,) = plan(toys[:1], [parse_reference(f"{HERE}/toy_solvers.py:exact")], [0], Limits())
    *_, last = LocalExecutor(LIGHT).execute([cell.work((PLUGIN, str(broken)))])
    assert isinstance(last, Ended)
    assert last.outcome.status == Status.UNAVAILABLE
    assert "no_such_module" in last.outcome.reason


def test_what_lies_in_the_current_folder_does_not_get_in_the_way(
    ask: Callable[..., RunRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    for package in ("solvers", "benchmark", "generator"):
        (home / package).mkdir(parents=True)
        (home / package / "__init__.py").write_text("raise RuntimeError('not this one')\n")
    for module in ("json.py", "numpy.py", "psutil.py"):
        (home / module).write_text("raise RuntimeError('not this one')\n")
    monkeypatch.chdir(home)
    assert {row.status for row in run(ask("exact"))} == {Status.SOLVED}
