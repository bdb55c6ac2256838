"""Frequencies and phases of the units of the first hidden layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from generator.modular.measures.cosets import replaced_logits
from generator.modular.measures.neurons import Neurons, describe, first_layer, merged
from generator.modular.network.model import accuracy
from tests.generator.modular.measures.networks import attention_clock, engineered, lookup, random_transformer

if TYPE_CHECKING:
    from generator.modular.network.mlp import MLP
    from generator.modular.network.model import ModularNetwork

KEYS = (3, 17, 25)


def described(network: MLP) -> Neurons:
    layer = first_layer(network)
    assert layer is not None
    found = describe(layer, network.activation)
    assert found is not None
    return found


@pytest.mark.parametrize("modulus", [59, 60])
def test_alignment_tells_pizzas_from_torus_clocks(modulus: int) -> None:
    pizza, clock = (described(engineered(modulus, dict.fromkeys(KEYS, kind))) for kind in ("pizza", "clock"))
    assert pizza.phase_alignment() == pytest.approx(1)
    assert clock.phase_alignment() == pytest.approx(0, abs=1e-9)
    assert clock.phase_coherence() == pytest.approx(0, abs=1e-9)
    for neurons, count in ((pizza, 7), (clock, 25)):
        assert neurons.output_alignment() == pytest.approx(1)
        assert neurons.per_frequency() == dict.fromkeys(KEYS, count)
        assert neurons.share.min() == pytest.approx(1)
        assert neurons.participation.min() == pytest.approx(1)


def test_phases_are_those_of_the_construction() -> None:
    neurons = described(engineered(59, {3: "pizza"}))
    assert torch.equal(neurons.frequency, torch.full((7,), 3))
    expected = torch.exp(-2j * torch.pi * torch.arange(7, dtype=torch.float64) / 7)  # the row is cos(w a - phi)
    assert (neurons.first - expected).abs().max() < 1e-12
    assert (neurons.second - expected).abs().max() < 1e-12
    assert (neurons.output / neurons.output.abs() - expected**2).abs().max() < 1e-9


def test_four_directions_do_not_cancel_and_seven_do() -> None:
    assert described(engineered(59, {3: "pizza"}, neurons=7)).phase_symmetry()[3] == pytest.approx(1)
    assert described(engineered(59, {3: "pizza"}, neurons=4)).phase_symmetry()[3] == pytest.approx(0)
    assert described(engineered(60, {30: "clock"})).phase_symmetry() == {}


def test_turned_circles_are_coherent_though_not_aligned() -> None:
    neurons = described(engineered(59, {3: "pizza"}, turned=1.1))
    assert neurons.phase_alignment() < 0.5
    assert neurons.phase_coherence() == pytest.approx(1)
    angle, agreement = neurons.offset(3)
    assert (angle, agreement) == pytest.approx((-1.1, 1))
    assert neurons.offset(4) == (0.0, 0.0)


def test_dead_units_and_decoys_are_left_out() -> None:
    network = engineered(59, {3: "pizza"})
    bias, unembed = network.bias.clone(), network.unembed.clone()
    bias[0], unembed[:, 1] = -5, 0
    neurons = described(replace(network, bias=bias, unembed=unembed))
    assert neurons.units.tolist() == [2, 3, 4, 5, 6]


def test_scaling_a_unit_up_and_down_changes_no_weight_in_the_means() -> None:
    network = engineered(59, {3: "pizza"})
    factors = torch.linspace(0.5, 3, 7, dtype=torch.float64)
    scaled = replace(
        network,
        into_first=factors[:, None] * network.into_first,
        into_second=factors[:, None] * network.into_second,
        unembed=network.unembed / factors,
    )
    assert (described(scaled).weight - described(network).weight).abs().max() < 1e-12


def test_cosets_replace_all_of_an_engineered_network_and_nothing_of_a_lookup() -> None:
    for network, expected in ((engineered(59, dict.fromkeys(KEYS, "clock")), 1.0), (lookup(13), 1 / 13)):
        layer = first_layer(network)
        assert layer is not None
        assert accuracy(replaced_logits(network, layer, described(network))) == pytest.approx(expected)


def test_replaced_units_of_a_transformer_are_the_last_tokens() -> None:
    network = random_transformer(11, 8, layers=2)
    layer = first_layer(network)
    assert layer is not None
    neurons = describe(layer, "relu")
    assert neurons is not None
    assert float(neurons.share.max()) < 1
    assert (replaced_logits(network, layer, neurons) - network.logits()).abs().max() > 1e-3
    whole = network.preactivations(network.first[:, None], network.second[None, :])
    again = network(network.first[:, None], network.second[None, :], whole)
    assert (again - network.logits()).abs().max() < 1e-12


def gamma() -> MLP:
    """Give an engineered pizza a separate first layer that passes the circles through: relu(x) and relu(-x)."""
    pizza = engineered(59, dict.fromkeys(KEYS, "pizza"))
    both = torch.cat([torch.eye(6), -torch.eye(6)]).double()
    second = torch.cat([pizza.into_first, -pizza.into_first], dim=1)
    hidden = ((second, pizza.bias),)
    return replace(
        pizza, into_first=both, into_second=both, bias=torch.zeros(12).double(), hidden=hidden, separate=True
    )


def test_the_layer_that_reads_both_residues_is_the_second_one_of_model_gamma() -> None:
    network = gamma()
    assert (merged(network).logits() - network.logits()).abs().max() < 1e-12
    neurons = described(network)
    assert neurons.phase_alignment() == pytest.approx(1)
    assert neurons.output_alignment() == pytest.approx(1)
    assert neurons.share.min() == pytest.approx(1)


def test_output_weights_pass_through_a_second_hidden_layer() -> None:
    network = engineered(59, dict.fromkeys(KEYS, "pizza"))
    units = len(network.bias)
    through = (torch.eye(units).double(), torch.zeros(units).double())
    assert (described(replace(network, hidden=(through,))).output.abs() > 0).all()
    assert described(replace(network, hidden=(through,))).output_alignment() == pytest.approx(1)


@pytest.mark.parametrize("network", [attention_clock(59, (17, 24)), replace(gamma(), hidden=())])
def test_networks_without_units_that_read_both_residues(network: ModularNetwork) -> None:
    assert first_layer(network) is None
