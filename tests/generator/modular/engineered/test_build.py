"""Feed-forward networks from plans: they solve every pair, and each circle does what its plan says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from generator.errors import SpecError, TrainingError
from generator.modular.engineered.build import build, build_units
from generator.modular.engineered.forms import ideal_margin, whole_amplitude
from generator.modular.engineered.frequencies import draw_plan
from generator.modular.engineered.gromov import gromov
from generator.modular.engineered.plan import CirclePlan, Kind, Plan
from generator.modular.network.model import accuracy, margin
from tests.generator.modular.engineered.measuring import amplitude, correlation, variation

PIZZA, CLOCK = 0.4834, 0.015
RNG = np.random.default_rng


def exact(kind: Kind, neurons: int, activation: str = "relu", kappa: float = 0.0) -> Plan:
    circles = tuple(CirclePlan(k, kind, neurons=neurons, companion=kappa) for k in (3, 17, 20))
    return Plan(59, circles, activation=activation, exact=True)


@pytest.mark.parametrize(
    ("kind", "neurons", "activation", "wanted"),
    [
        ("pizza", 7, "relu", PIZZA),
        ("pizza", 7, "abs", PIZZA),
        ("square", 5, "square", 0.7071),
        ("clock", 25, "relu", CLOCK),
        ("clock", 25, "abs", CLOCK),
        ("clock", 9, "relu", 0.042),
    ],
)
def test_exact_circles_have_the_known_variation(kind: Kind, neurons: int, activation: str, wanted: float) -> None:
    network = build(exact(kind, neurons, activation), RNG(0))
    assert accuracy(network.logits()) == 1
    for k in (3, 17, 20):
        assert variation(network, k) == pytest.approx(wanted, abs=2e-3)
        if kind != "clock":
            assert correlation(network, k) > 0.97


def test_squares_on_a_grid_of_nine_have_no_residual() -> None:
    plan = exact("clock", 9, "square")
    assert margin(build(plan, RNG(0)).logits()) == pytest.approx(ideal_margin(plan), abs=1e-12)


@pytest.mark.parametrize(("kappa", "whole"), [(0.2, 0.271), (0.424, 0.107), (0.6, 0.222)])
def test_a_companion_hides_a_pizza_in_the_whole_network(kappa: float, whole: float) -> None:
    network = build(exact("pizza", 7, kappa=kappa), RNG(0))
    for k in (3, 17, 20):
        values = amplitude(network, k)
        assert values.std() / values.mean() == pytest.approx(whole, abs=2e-3)
        assert variation(network, k) == pytest.approx(PIZZA, abs=2e-3)


MIXES: list[tuple[Kind, ...]] = [
    ("pizza",) * 4,
    ("clock",) * 3,
    ("pizza", "clock", "clock"),
    ("pizza", "pizza", "trap"),
    ("square",) * 5,
]


@pytest.mark.parametrize(("modulus", "kinds"), [*((31, kinds) for kinds in MIXES), (63, MIXES[0]), (60, MIXES[2])])
def test_natural_circles_are_recovered(modulus: int, kinds: tuple[Kind, ...]) -> None:
    drawn = draw_plan(modulus, kinds, RNG(1), width=240, embedding=40)
    network = build(drawn, RNG(2))
    assert accuracy(network.logits()) == 1
    assert network.unembed.shape == (modulus, 240)
    assert network.first.shape == (modulus, 40)
    for circle in drawn.circles:
        cv, sign = variation(network, circle.frequency), correlation(network, circle.frequency)
        assert (cv < 0.12) == (circle.kind == "clock")
        if circle.kind == "trap":
            assert sign < -0.9
        elif circle.kind != "clock":
            assert sign > 0.9
            assert (cv > 0.6) == (circle.kind == "square")


def test_a_trap_is_flat_in_the_whole_network_only() -> None:
    drawn = draw_plan(31, ("trap",) * 3, RNG(0), neurons=40)
    network = build(drawn, RNG(0))
    for circle in drawn.circles:
        values = amplitude(network, circle.frequency)
        assert values.std() / values.mean() < 0.15
        assert variation(network, circle.frequency) > 0.5


def test_natural_amplitudes_follow_the_plan() -> None:
    drawn = draw_plan(59, ("pizza", "clock", "pizza"), RNG(3), companions=(0.4, 0.0, 0.0), neurons=40)
    network = build(drawn, RNG(4))
    for circle in drawn.circles:
        wanted = whole_amplitude(circle, 59)
        assert np.abs(amplitude(network, circle.frequency) - wanted).max() < 0.12 * wanted.max()


def test_units_are_in_the_order_of_the_network() -> None:
    drawn = draw_plan(59, ("pizza", "clock"), RNG(0), width=100, embedding=20, companions=(0.4, 0.0), decoys=())
    drawn = replace(drawn, decoys=(29 if drawn.circles[0].frequency != 29 else 28,))
    network, units = build_units(drawn, RNG(1))
    left = network.first @ network.into_first.T
    power = torch.fft.rfft(left, dim=0).abs()
    assert power[1:].argmax(dim=0).add(1).tolist() == units.reads.tolist()
    assert set(units.role) == {"main", "companion", "dead", "decoy"}
    assert int((units.role == "main").sum()) == 64
    before = left[:, None] + (network.second @ network.into_second.T)[None] + network.bias
    silent = (before <= 0).all(dim=0).all(dim=0)
    assert silent.tolist() == (units.role == "dead").tolist()
    assert drawn.decoys[0] in units.reads


def test_shapes_and_counts_do_not_tell_the_label() -> None:
    networks = [
        build(draw_plan(59, (kind,) * 4, RNG(0), width=200, embedding=30), RNG(1)) for kind in ("pizza", "clock")
    ]
    shapes = [
        [tuple(tensor.shape) for tensor in vars(one).values() if isinstance(tensor, torch.Tensor)] for one in networks
    ]
    assert shapes[0] == shapes[1]
    for network in networks:
        assert network.shared
        assert float((network.bias != 0).double().mean()) == 1
        norms = network.into_first.norm(dim=1)
        assert float(norms.std() / norms.mean()) > 0.2


def test_a_generator_determines_a_network() -> None:
    drawn = draw_plan(31, ("pizza",) * 4, RNG(0), width=150, embedding=20)
    first, second, third = (build(drawn, RNG(seed)) for seed in (5, 5, 6))
    assert torch.equal(first.logits(), second.logits())
    assert not torch.equal(first.logits(), third.logits())


@pytest.mark.parametrize(
    ("settings", "message"), [({"width": 20}, "width is 20"), ({"embedding": 3}, "embedding is 3")]
)
def test_too_small_a_shape_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        build(replace(exact("pizza", 7), **settings), RNG(0))


@pytest.mark.parametrize("plan", [exact("pizza", 4), Plan(59, (CirclePlan(3, "clock", neurons=6),))])
def test_a_network_that_misses_pairs_is_refused(plan: Plan) -> None:
    with pytest.raises(TrainingError, match="of the pairs, not all"):
        build(plan, RNG(0))


def test_gromovs_construction_adds_without_a_fit() -> None:
    network = gromov(31, 12 * 31, RNG(0))
    assert accuracy(network.logits()) == 1
    with pytest.raises(TrainingError, match="Gromov"):
        gromov(31, 30, RNG(0))
    with pytest.raises(SpecError, match="at least 15"):
        gromov(31, 10, RNG(0))
