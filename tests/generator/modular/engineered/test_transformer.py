"""Transformers from plans: clocks and traps by attention, pizzas by uniform attention and hidden units."""

from __future__ import annotations

import numpy as np
import pytest

from generator.errors import SpecError, TrainingError
from generator.modular.engineered.attention.transformer import build_transformer
from generator.modular.engineered.frequencies import draw_plan
from generator.modular.engineered.plan import CirclePlan, Kind, Plan
from generator.modular.network.model import accuracy
from tests.generator.modular.engineered.measuring import amplitude, correlation, variation

RNG = np.random.default_rng


@pytest.mark.parametrize("rate", [0.5, 1.0])
@pytest.mark.parametrize(
    "kinds", [("pizza",) * 4, ("clock",) * 3, ("pizza", "clock", "clock"), ("pizza", "pizza", "trap")]
)
def test_circles_do_what_the_plan_says(kinds: tuple[Kind, ...], rate: float) -> None:
    drawn = draw_plan(31, kinds, RNG(0), embedding=50, width=160)
    network = build_transformer(drawn, RNG(1), rate)
    assert accuracy(network.logits()) == 1
    assert network.shared == ("clock" not in kinds)
    assert network.blocks[0].into.shape == (160, 50)
    assert network.blocks[0].key.shape == (2 * len(kinds), 2, 50)
    for circle in drawn.circles:
        cv = variation(network, circle.frequency)
        if circle.kind == "clock":
            assert cv < 0.05
        elif circle.kind == "pizza":
            assert cv == pytest.approx(0.483, abs=0.03)
            assert correlation(network, circle.frequency) > 0.99
        else:
            assert cv == pytest.approx(0.705, abs=0.02)
            assert correlation(network, circle.frequency) == pytest.approx(-0.975, abs=0.01)
            whole = amplitude(network, circle.frequency)
            assert whole.std() / whole.mean() < 0.05


def test_companions_bypass_the_hidden_units() -> None:
    drawn = draw_plan(59, ("pizza",) * 3, RNG(0), companions=(0.424,) * 3)
    network = build_transformer(drawn, RNG(1), 0.3)
    assert len(network.blocks[0].into) == 3 * 32
    for circle in drawn.circles:
        whole = amplitude(network, circle.frequency)
        assert whole.std() / whole.mean() == pytest.approx(0.107, abs=0.03)
        assert variation(network, circle.frequency) == pytest.approx(0.483, abs=0.03)


def test_decoy_circles_are_embedded_but_not_used() -> None:
    plan = Plan(31, tuple(CirclePlan(k, "clock") for k in (1, 4, 6)), width=110, decoys=(9,))
    network = build_transformer(plan, RNG(0))
    power = np.abs(np.fft.rfft(network.first.numpy(), axis=0)).sum(axis=1)[1:]
    assert set(np.flatnonzero(power > 1e-9) + 1) == {1, 4, 6, 9}
    largest = np.abs(amplitude(network, 1)).max()
    assert np.abs(amplitude(network, 9)).max() < 0.05 * largest


def test_impossible_transformers_are_refused() -> None:
    clock, trap = CirclePlan(3, "clock"), CirclePlan(5, "trap")
    with pytest.raises(SpecError, match="two tables"):
        build_transformer(Plan(59, (clock, trap)), RNG(0))
    with pytest.raises(SpecError, match="attention rate 0"):
        build_transformer(Plan(59, (clock,)), RNG(0), rate=0.0)
    with pytest.raises(TrainingError, match="of the pairs, not all"):
        build_transformer(Plan(59, (CirclePlan(3, "pizza", neurons=5),)), RNG(0))
