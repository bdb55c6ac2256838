from __future__ import annotations

import math
import time

import pytest

from solvers.api import Context
from solvers.recovery.published.plan import RESERVE, Plan


def test_what_a_stage_leaves_goes_to_the_later_ones() -> None:
    plan = Plan(Context(wall_s=100.0), 10.0)
    first = plan.share(2.0)
    assert first == pytest.approx(0.2 * 100.0 * (1.0 - RESERVE))
    plan.spend(0.5 * first)
    assert plan.share(4.0) == pytest.approx(0.5 * (100.0 * (1.0 - RESERVE) - 0.5 * first))


def test_the_plan_does_not_depend_on_the_clock() -> None:
    early, late = (Context(wall_s=100.0, started=time.monotonic() - age) for age in (0.0, 99.0))
    assert Plan(early, 3.0).share(1.0) == Plan(late, 3.0).share(1.0)
    assert not Plan(early, 3.0).over()
    assert Plan(late, 3.0).over()


def test_without_a_limit_every_stage_has_all_the_time() -> None:
    plan = Plan(Context(), 3.0)
    plan.spend(1e9)
    assert plan.share(1.0) == math.inf
    assert not plan.over()
