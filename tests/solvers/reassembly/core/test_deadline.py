"""Deadlines: the share of the time for searching, the reserve, and the limit itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from solvers.api import Context
from solvers.reassembly.core.deadline import NEVER, RESERVE_S, RESERVE_SHARE, Deadline, reserve_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork


@dataclass
class HandClock(Context):
    """A context whose clock the test sets."""

    left_s: float = math.inf

    def time_left(self) -> float:
        return self.left_s


def after(seconds: float, *, reserved_s: float = 20.0, share: float = 1.0) -> Deadline:
    """Give a deadline with a limit of 100 seconds, of which some have passed."""
    return Deadline(HandClock(wall_s=100.0, left_s=100.0 - seconds), reserved_s, share)


def test_time_is_spent_on_searching_until_the_reserve() -> None:
    assert [after(seconds).spent() for seconds in (0.0, 40.0, 80.0)] == [0.0, 0.5, 1.0]
    assert after(40.0, reserved_s=0.0).spent() == 0.4


def test_a_deadline_passes_at_its_share() -> None:
    assert [after(seconds).passed() for seconds in (79.0, 80.0, 95.0)] == [False, True, True]
    assert [after(seconds, share=0.5).passed() for seconds in (39.0, 40.0)] == [False, True]


def test_an_earlier_deadline_runs_on_the_same_clock() -> None:
    clock = HandClock(wall_s=100.0, left_s=60.0)
    whole = Deadline(clock, 20.0)
    early = whole.at(0.6)

    assert early == Deadline(clock, 20.0, 0.6)
    assert early.context is clock
    assert early.spent() == whole.spent() == 0.5
    assert (early.passed(), whole.passed()) == (False, False)
    clock.left_s = 50.0
    assert (early.passed(), whole.passed()) == (True, False)


def test_what_is_left_includes_the_reserve() -> None:
    deadline = after(85.0)

    assert deadline.passed()
    assert deadline.leaves(15.0)
    assert not deadline.leaves(15.1)


def test_a_reserve_as_long_as_the_limit_leaves_no_time_to_search() -> None:
    assert after(0.0, reserved_s=100.0).passed()


def test_without_a_limit_no_deadline_passes() -> None:
    assert NEVER.spent() == 0.0
    assert not NEVER.passed()
    assert not NEVER.at(1e-9).passed()
    assert NEVER.leaves(1e9)


def test_the_reserve_grows_with_the_network_up_to_a_share_of_the_limit(
    make_network: Callable[..., ResidualNetwork],
) -> None:
    reserves = [reserve_s(make_network(0, depth=depth), 1e9) for depth in (2, 64, 256)]

    assert RESERVE_S < reserves[0] < reserves[1] < reserves[2]
    for wall_s in (0.1, 1.0, 10.0):
        assert reserve_s(make_network(0, depth=2), wall_s) == pytest.approx(RESERVE_SHARE * wall_s)
