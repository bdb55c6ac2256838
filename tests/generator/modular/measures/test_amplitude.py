"""Amplitudes over a - b, and the kinds they show."""

from __future__ import annotations

import math

import pytest
import torch

from generator.modular.measures.amplitude import (
    amplitude_curve,
    amplitude_curves,
    kind_of,
    pizza_correlation,
    pizza_factor,
    spectrum,
    square_cv,
    variation,
)
from generator.modular.measures.circles import isolate
from generator.modular.network.circle import angles
from tests.generator.modular.measures.networks import DOUBLED, attention_clock, engineered


def test_the_batched_amplitude_is_that_of_the_definition() -> None:
    p, k, d = 7, 2, 3
    logits = torch.randn((p, p, p), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w, total = 2 * math.pi * k / p, 0j
    for b in range(p):
        a = (b + d) % p
        total += sum(
            complex(logits[a, b, c]) * complex(math.cos(w * (c - a - b)), math.sin(w * (c - a - b))) for c in range(p)
        )
    assert complex(spectrum(logits)[k - 1, d]) == pytest.approx(total * 2 / p / p)


def test_variations_of_the_brief() -> None:
    pizza = engineered(59, dict.fromkeys(DOUBLED, "pizza")).logits()
    clock = engineered(59, dict.fromkeys(DOUBLED, "clock")).logits()
    square = engineered(59, dict.fromkeys(DOUBLED, "pizza"), neurons=5, activation="square").logits()
    for k in DOUBLED:
        assert variation(amplitude_curve(pizza, k)) == pytest.approx(0.4834, abs=2e-3)
        assert variation(amplitude_curve(clock, k)) < 0.05
        assert variation(amplitude_curve(square, k)) == pytest.approx(math.sqrt(0.5))
        assert pizza_correlation(amplitude_curve(pizza, k), k) > 0.999
    for kappa, expected in ((0.2, 0.271), (0.424, 0.107), (0.6, 0.222)):
        hidden = engineered(59, dict.fromkeys(DOUBLED, "pizza"), kappa=kappa).logits()
        assert variation(amplitude_curve(hidden, 3)) == pytest.approx(expected, abs=2e-3)


def test_the_trap_has_a_negative_correlation() -> None:
    network = attention_clock(59, (3, 8), trap=True)
    curve = amplitude_curve(isolate(network, [3]).logits(), 3)
    assert variation(curve) == pytest.approx(0.705, abs=2e-3)
    assert pizza_correlation(curve, 3) == pytest.approx(-0.975, abs=2e-3)


def test_a_turned_circle_shifts_the_factor() -> None:
    network = engineered(59, {3: "pizza"}, turned=1.1)
    curve = amplitude_curve(network.logits(), 3)
    assert pizza_correlation(curve, 3, -1.1) > 0.999
    assert pizza_correlation(curve, 3) < 0.8


def test_kinds_follow_the_rule() -> None:
    assert kind_of(0.48, 0.48, 1.0) == "pizza"
    assert kind_of(0.01, 0.02, math.nan) == "clock"
    assert kind_of(0.71, 0.5, 0.98) == "square"
    assert kind_of(0.705, 0.705, -0.975) == "mixed"
    assert kind_of(0.24, 0.41, 0.9) == "mixed"
    assert kind_of(0.48, 0.48, math.nan) == "mixed"
    assert kind_of(math.nan, 0.0, math.nan) == "mixed"


def test_circles_of_few_points_have_other_thresholds() -> None:
    assert square_cv(17, 59) == pytest.approx(0.595, abs=2e-3)
    assert square_cv(30, 60) == math.inf
    for k in (15, 20):  # four points, three points
        base = pizza_factor(k, 60)
        assert variation(base) < square_cv(k, 60) < variation(base**2)


def test_a_constant_amplitude_has_no_correlation_and_none_no_variation() -> None:
    assert math.isnan(pizza_correlation(torch.ones(59, dtype=torch.float64), 3))
    assert math.isnan(variation(torch.zeros(59, dtype=torch.float64)))


def test_amplitudes_are_upright_whatever_the_phase() -> None:
    lag = (torch.arange(60)[:, None, None] + torch.arange(60)[:, None] - torch.arange(60)) % 60
    logits = 3 * (angles(7, 60)[lag] + 2.0).cos()
    curves = amplitude_curves(logits)
    assert curves[6].tolist() == pytest.approx([3.0] * 60)
    assert curves[[0, 29]].abs().max() < 1e-12
