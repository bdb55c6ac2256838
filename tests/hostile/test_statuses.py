"""Every hostile solver gets the right status, and the run goes on to the next one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import benchmark.isolation.conversation
from benchmark.results.trial import Limits, Row, Status
from solvers.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

SOLVERS = Path(__file__).parent / "solvers"

EXPECTED: dict[str, tuple[Status, str]] = {
    "loop_python": (Status.TIMEOUT, "no answer within 1.5 s"),
    "loop_c": (Status.TIMEOUT, "no answer within 1.5 s"),
    "stop_itself": (Status.TIMEOUT, "no answer within 1.5 s"),
    "ignore_signals": (Status.TIMEOUT, "no answer within 1.5 s"),
    "hold_in_child": (Status.TIMEOUT, "no answer within 1.5 s"),
    "half_frame": (Status.TIMEOUT, "no answer within 1.5 s"),
    "import_loops": (Status.TIMEOUT, "loading took more than 1.5 s"),
    "segfault": (Status.CRASHED, "SIGSEGV"),
    "recursion": (Status.CRASHED, "SIGSEGV"),
    "exit_at_once": (Status.CRASHED, "exit code 0"),
    "raise_exit": (Status.CRASHED, "SystemExit: bye"),
    "raise_interrupt": (Status.CRASHED, "KeyboardInterrupt"),
    "raise_unprintable": (Status.CRASHED, "exit code 1"),
    "fork_bomb": (Status.CRASHED, "too many processes"),
    "daemons": (Status.SOLVED, ""),
    "allocate": (Status.MEMORY, "Unable to allocate"),
    "allocate_slowly": (Status.MEMORY, ""),
    "allocate_in_children": (Status.MEMORY, "256"),
    "raise_limit": (Status.MEMORY, "Unable to allocate"),
    "print_gigabytes": (Status.CRASHED, "printed more than 4 MiB"),
    "huge_file": (Status.CRASHED, "a file of more than 4 MiB"),
    "huge_answer": (Status.WRONG_FORMAT, "at most 4 are read"),
    "deep_answer": (Status.WRONG_FORMAT, "nested too deep"),
    "nan_answer": (Status.WRONG_FORMAT, "NaN"),
    "odd_text_answer": (Status.WRONG_FORMAT, ""),
    "wrong_type": (Status.WRONG_FORMAT, "not plain data"),
    "wrong_word": (Status.WRONG_FORMAT, "not a list of places"),
    "repeated_piece": (Status.WRONG_FORMAT, "every place once"),
    "late_clock": (Status.SOLVED, ""),
    "garbage": (Status.CRASHED, "no frame"),
    "forged_done": (Status.CRASHED, "not a solver's to send"),
    "forged_early": (Status.CRASHED, "'answer' frame while building"),
    "forged_start": (Status.CRASHED, "'built' frame while solving"),
    "forged_key": (Status.WRONG_FORMAT, "not Unicode"),
    "object_array": (Status.WRONG_FORMAT, "arrays cannot be written"),
    "forged_length": (Status.CRASHED, "at most 4 are read"),
    "forged_json": (Status.CRASHED, "does not hold JSON"),
    "close_descriptors": (Status.CRASHED, "exit code 1"),
    "patch_harness": (Status.PARTIAL, ""),
    "patch_reading": (Status.SOLVED, ""),
    "report_million": (Status.TIMEOUT, "no answer within 1.5 s"),
    "log_million": (Status.TIMEOUT, "no answer within 1.5 s"),
    "import_fails": (Status.UNAVAILABLE, "no_such_module_anywhere"),
    "honest": (Status.SOLVED, ""),
}


@pytest.fixture(scope="module")
def rows(attack: Callable[..., dict[str, Row]], isolation: str) -> dict[str, Row]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmark.isolation.conversation, "LOAD_LIMIT_S", 1.5)
        references = [Reference(f"{SOLVERS / name}.py:attack") for name in EXPECTED]
        return attack(*references, isolation=isolation)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_attack_gets_its_status(rows: dict[str, Row], name: str) -> None:
    status, reason = EXPECTED[name]
    assert rows[name].status == status, rows[name].reason
    assert reason in rows[name].reason


def test_limits_are_enforced_soon(rows: dict[str, Row]) -> None:
    for row in rows.values():
        assert row.wall_s is None or row.wall_s < 2.5


def test_the_parents_clock_does_not_believe_the_childs(rows: dict[str, Row]) -> None:
    wall = rows["late_clock"].wall_s
    assert wall is not None
    assert wall >= 0.5


@pytest.mark.parametrize("name", ["patch_reading", "forged_start"])
def test_work_before_solve_is_called_counts(rows: dict[str, Row], name: str) -> None:
    wall, load = rows[name].wall_s, rows[name].load_s
    assert wall is not None
    assert load is not None
    assert wall >= 0.5
    assert load < 0.5


def test_ended_trials_are_measured(rows: dict[str, Row]) -> None:
    for row in rows.values():
        assert row.cpu_s is not None
        assert row.peak_mib is not None
        assert row.peak_mib > 10
    spent = rows["loop_c"].cpu_s
    assert spent is not None
    assert spent > 0.5


def test_the_peak_is_that_of_the_largest_process_also_when_it_was_killed(rows: dict[str, Row]) -> None:
    idle, held = rows["loop_python"].peak_mib, rows["hold_in_child"].peak_mib
    assert idle is not None
    assert held is not None
    assert idle + 90 < held < idle + 256


def test_reports_are_scored_when_time_runs_out(rows: dict[str, Row]) -> None:
    assert rows["report_million"].from_report
    assert 0 <= rows["report_million"].metrics["right"] < 1


def test_foreign_text_is_made_safe(rows: dict[str, Row]) -> None:
    for row in rows.values():
        assert row.reason.isprintable() or not row.reason


@pytest.mark.parametrize("name", ["kill_parent", "stop_parent"])
def test_attacking_the_server_costs_only_that_trial(
    attack: Callable[..., dict[str, Row]], isolation: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.isolation.conversation, "KILL_GRACE_S", 0.5)
    found = attack(Reference(f"{SOLVERS / name}.py:attack"), isolation=isolation)
    assert found[name].status == (
        Status.TIMEOUT if isolation == "namespaces" or name == "stop_parent" else Status.CRASHED
    )
    assert found["honest"].status == Status.SOLVED


def test_processor_time_counts_over_all_processes(attack: Callable[..., dict[str, Row]], isolation: str) -> None:
    limits = Limits(wall_s=20, cpu_s=0.5, memory_mib=256)
    found = attack(Reference(f"{SOLVERS}/burn_in_children.py:attack"), isolation=isolation, limits=limits)
    assert found["burn_in_children"].status == Status.TIMEOUT
    assert "processor time" in found["burn_in_children"].reason
