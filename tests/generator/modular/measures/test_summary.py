"""All measures of networks whose algorithm is known, and of networks that have none."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from generator.modular.measures.label import label_of
from generator.modular.measures.summary import Measures, measure
from tests.generator.modular.measures.networks import (
    DOUBLED,
    attention_clock,
    engineered,
    lookup,
    random_features,
    random_transformer,
)

if TYPE_CHECKING:
    from generator.modular.network.model import ModularNetwork


def kinds(found: Measures) -> dict[int, str]:
    return {record.frequency: record.kind for record in found.frequencies}


def test_a_pizza_with_companions() -> None:
    found = measure(engineered(59, dict.fromkeys(DOUBLED, "pizza"), kappa=0.424))
    assert (found.label, found.withheld, found.accuracy) == ("pizza", "", 1)
    for record in found.frequencies:
        assert record.full_cv == pytest.approx(0.107, abs=2e-3)
        assert record.iso_cv == pytest.approx(0.4834, abs=2e-3)
        assert record.ko_cv == pytest.approx(0.4834, abs=2e-3)
        assert record.companion
        assert record.companion_strength == pytest.approx(0.424, abs=5e-3)
    assert found.embedded_companions == {3: 6, 17: 25, 15: 29}
    assert found.gradient_symmetricity == pytest.approx(1)
    assert found.neurons is not None
    assert found.neurons.phase_alignment == pytest.approx(1)


def test_a_torus_clock() -> None:
    found = measure(engineered(59, dict.fromkeys(DOUBLED, "clock")))
    assert found.label == "clock"
    assert not any(record.companion for record in found.frequencies)
    assert max(max(record.iso_cv, record.ko_cv) for record in found.frequencies) < 0.05
    assert abs(found.gradient_symmetricity) < 0.08
    assert found.neurons is not None
    assert found.neurons.phase_alignment == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("modulus", "plan"), [(59, {4: "pizza", 9: "clock", 20: "clock"}), (60, {7: "clock", 13: "pizza", 11: "pizza"})]
)
def test_a_hybrid_is_recovered_frequency_by_frequency(modulus: int, plan: dict[int, str]) -> None:
    found = measure(engineered(modulus, plan))
    assert found.label == "hybrid"
    assert kinds(found) == plan


def test_circles_of_few_points_of_a_composite_modulus() -> None:
    plan = {20: "pizza", 7: "pizza", 15: "pizza", 11: "pizza"}  # the double of 20 is 20 itself
    found = measure(engineered(60, plan))
    assert kinds(found) == plan
    assert all(abs(record.companion_strength) < 0.01 for record in found.frequencies)


def test_a_quadratic_pizza_is_another_kind() -> None:
    found = measure(engineered(59, dict.fromkeys(DOUBLED, "pizza"), neurons=5, activation="square"))
    assert set(kinds(found).values()) == {"square"}
    assert found.label == "other"


def test_attention_clocks_and_the_trap() -> None:
    assert measure(attention_clock(59, (17, 24))).label == "clock"
    trap = measure(attention_clock(59, (3, 8), trap=True))
    assert trap.label == "other"
    assert set(kinds(trap).values()) == {"mixed"}
    for record in trap.frequencies:
        assert record.iso_cv > 0.7
        assert record.ko_cv > 0.7
        assert record.correlation < -0.97
        assert not record.companion


def test_turned_circles_of_separate_tables_are_a_pizza_still() -> None:
    found = measure(engineered(59, dict.fromkeys(DOUBLED, "pizza"), kappa=0.3, turned=1.1))
    assert found.label == "pizza"
    assert all(record.companion_strength == pytest.approx(0.3, abs=5e-3) for record in found.frequencies)


@pytest.mark.parametrize(
    "network", [lookup(13), random_features(13, 400, tied=False), random_features(13, 400, tied=True)]
)
def test_networks_that_memorise_are_others(network: ModularNetwork) -> None:
    found = measure(network)
    assert found.accuracy == 1
    assert found.label == "other"


def test_a_network_with_a_wrong_answer_has_no_label() -> None:
    network = engineered(59, dict.fromkeys(DOUBLED, "pizza"))
    found = measure(replace(network, unembed_bias=torch.eye(59, dtype=torch.float64)[0] * 0.1))
    assert 0.9 < found.accuracy < 1
    assert found.label is None
    assert f"{found.accuracy:.2%}" in found.withheld


def test_unclear_frequencies_withhold_the_label() -> None:
    record = measure(engineered(59, {3: "pizza", 17: "pizza"})).frequencies[0]
    unclear = replace(record, frequency=7, kind="mixed")
    label, reason = label_of(1.0, 1.0, [record, unclear])
    assert label is None
    assert "7" in reason
    assert label_of(1.0, 1.0, [record, replace(unclear, relative=0.15)]) == ("pizza", "")
    assert label_of(1.0, math.nan, [record]) == ("other", "")
    assert label_of(1.0, 1.0, [unclear]) == ("other", "")


def test_a_random_transformer_of_the_papers_size_is_measured_in_five_seconds_and_not_labelled() -> None:
    start = time.process_time()
    found = measure(random_transformer(59, 128))
    assert time.process_time() - start < 5
    assert found.label is None


def test_the_record_is_json_without_nan() -> None:
    text = json.dumps(measure(lookup(13)).record(), allow_nan=False)
    record = json.loads(text)
    assert record["distance_irrelevance"] is None
    assert record["frequencies"][0]["frequency"] in range(1, 7)
    assert record["neurons"]["alive"] == 169
