"""Plans: contradictions are refused; frequencies are chosen by their worst-case margin."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from generator.errors import SpecError
from generator.modular.engineered.build import build
from generator.modular.engineered.forms import ideal_margin
from generator.modular.engineered.frequencies import choose_frequencies, draw_plan, eligible
from generator.modular.engineered.plan import CirclePlan, Kind, Plan
from generator.modular.network.circle import companion


def plan(*keys: int, kind: Kind = "clock", modulus: int = 59, **settings: Any) -> Plan:
    return Plan(modulus, tuple(CirclePlan(key, kind) for key in keys), **settings)


@pytest.mark.parametrize(
    ("kind", "keys", "margin"),
    [
        ("clock", (17, 24), 0.168),
        ("clock", (4, 9, 20), 0.402),
        ("clock", (5, 9, 12, 20), 0.540),
        ("pizza", (8, 9), 0.013),
        ("pizza", (1, 6, 14), 0.059),
        ("pizza", (8, 14, 21, 27), 0.109),
    ],
)
def test_margins_are_the_published_ones(kind: Kind, keys: tuple[int, ...], margin: float) -> None:
    assert ideal_margin(plan(*keys, kind=kind)) / len(keys) == pytest.approx(margin, abs=6e-4)


def test_the_best_pair_of_clocks_is_the_best_of_all_pairs() -> None:
    assert max(combinations(range(1, 30), 2), key=lambda keys: ideal_margin(plan(*keys))) in {
        tuple(sorted(min(u * k % 59, -u * k % 59) for k in (17, 24))) for u in range(1, 59)
    }


def test_more_draws_give_a_larger_margin() -> None:
    circles = [CirclePlan(0, "pizza")] * 4

    def median(draws: int) -> float:
        chosen = [choose_frequencies(59, circles, np.random.default_rng(seed), draws) for seed in range(15)]
        return float(np.median([ideal_margin(Plan(59, circles)) for circles in chosen]))

    assert median(64) > 1.5 * median(1)


@pytest.mark.parametrize("modulus", [31, 60, 66, 113])
def test_chosen_circles_keep_apart(modulus: int) -> None:
    for seed in range(5):
        drawn = draw_plan(modulus, ("pizza",) * 3, np.random.default_rng(seed), companions=(0.4, 0.4, 0.0))
        keys = [circle.frequency for circle in drawn.circles]
        assert len(set(keys)) == 3
        assert not {companion(key, modulus) for key in keys} & set(keys)
        assert ideal_margin(drawn) > 0


@pytest.mark.parametrize("kind", ["pizza", "square"])
def test_pizzas_alone_cannot_add_modulo_an_even_number(kind: Kind) -> None:
    with pytest.raises(SpecError, match="ideal logits tie for some pairs modulo 60"):
        choose_frequencies(60, [CirclePlan(0, kind)] * 5, np.random.default_rng(0))
    with pytest.raises(SpecError, match="tie"):
        build(plan(1, 2, 7, 11, kind=kind, modulus=60), np.random.default_rng(0))
    circles = [CirclePlan(0, kind)] * 3
    assert choose_frequencies(60, [*circles, CirclePlan(0, kind, companion=0.4)], np.random.default_rng(0))
    assert choose_frequencies(60, [*circles, CirclePlan(0, "clock")], np.random.default_rng(0))


def test_circles_of_few_points_are_left_out() -> None:
    assert {12, 15, 20, 24, 30} & set(eligible(60)) == {12, 24}
    assert 15 not in eligible(60, with_companion=True)
    assert len(eligible(59)) == 29


def test_a_modulus_with_too_few_circles_is_refused() -> None:
    with pytest.raises(SpecError, match="modulo 7 there are 3 circles"):
        choose_frequencies(7, [CirclePlan(0, "clock")] * 4, np.random.default_rng(0))
    with pytest.raises(SpecError, match="room for the companions"):
        choose_frequencies(7, [CirclePlan(0, "pizza", companion=0.4)] * 3, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("circles", "settings", "message"),
    [
        ((), {}, "circles is empty"),
        ((CirclePlan(30, "clock"),), {}, "frequency 30 is not between 1 and 29"),
        ((CirclePlan(3, "clock"), CirclePlan(3, "pizza")), {}, "repeat"),
        ((CirclePlan(3, "pizza"),), {"activation": "square"}, "cannot make a pizza"),
        ((CirclePlan(3, "pizza", companion=0.4), CirclePlan(6, "clock")), {}, "companion 6 is a key circle"),
        ((CirclePlan(3, "clock", neurons=8),), {"exact": True}, "8 is no square number"),
        ((CirclePlan(3, "square"),), {"exact": True}, "no closed form"),
        ((CirclePlan(3, "trap", companion=0.4),), {}, "leave companion at 0"),
        ((CirclePlan(3, "square", companion=0.4),), {"activation": "square"}, "needs activation relu"),
        ((CirclePlan(3, "clock", gain=0.0),), {}, "must be positive"),
        ((CirclePlan(3, "clock"),), {"activation": "tanh"}, "unknown"),
        ((CirclePlan(3, "clock"),), {"dead": 1.5}, "share from 0 to 1"),
        ((CirclePlan(3, "clock"),), {"decoys": (40,)}, "frequency 40"),
    ],
)
def test_contradictions_are_refused(circles: tuple[CirclePlan, ...], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Plan(59, circles, **settings)
