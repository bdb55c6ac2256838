"""Scrambling keeps the function, hides the weights, and gives all networks the same widths and norms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from generator.errors import SpecError
from generator.modular.making.fold import folded
from generator.modular.making.scramble import scrambled
from generator.modular.measures.circles import isolate, knock_out
from tests.generator.modular.random_networks import centred, random_mlp, random_transformer

if TYPE_CHECKING:
    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer

NETWORKS: dict[str, MLP | Transformer] = {
    "relu": random_mlp(),
    "square": random_mlp(activation="square"),
    "gelu": random_mlp(activation="gelu"),
    "abs": random_mlp(activation="abs"),
    "three layers": random_mlp(layers=3),
    "separate": random_mlp(layers=2, separate=True),
    "transformer": random_transformer(),
    "two layers and a third token": random_transformer(layers=2, third=True),
    "constant attention": random_transformer(rate=0.0),
}
networks = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)


def scrambled_one(network: MLP | Transformer, width: int = 16, seed: int = 1) -> Any:
    return scrambled(folded(network), width, np.random.default_rng(seed))


@networks
def test_folding_keeps_every_logit(network: MLP | Transformer) -> None:
    torch.testing.assert_close(folded(network).logits(), network.logits(), rtol=0, atol=1e-10)


@networks
@pytest.mark.parametrize("seed", [1, 2])
def test_scrambling_keeps_the_function(network: MLP | Transformer, seed: int) -> None:
    torch.testing.assert_close(
        centred(scrambled_one(network, seed=seed)),
        centred(network),
        rtol=0,
        atol=1e-9 * float(network.logits().abs().max()),
    )


@networks
def test_scrambling_commutes_with_interventions(network: MLP | Transformer) -> None:
    hidden = scrambled_one(network)
    for change in (isolate, knock_out):
        torch.testing.assert_close(
            centred(change(hidden, (2,))),
            centred(change(folded(network), (2,))),
            rtol=0,
            atol=1e-9 * float(network.logits().abs().max()),
        )


@networks
def test_no_weight_stays_as_it_was(network: MLP | Transformer) -> None:
    before, after = folded(network), scrambled_one(network)
    for name in ("first", "second", "unembed"):
        kept = getattr(before, name).flatten()
        assert not torch.isin(getattr(after, name).flatten(), kept).any()


def test_separate_first_layers_need_another_layer() -> None:
    with pytest.raises(SpecError, match="further hidden layer"):
        folded(random_mlp(separate=True))


def test_layers_are_filled_up_to_one_width_with_dead_units_and_shared_ones() -> None:
    network = scrambled_one(random_mlp(layers=2), width=30)
    assert network.first.shape == (11, 30)
    assert network.hidden[0][0].shape == (30, 30)
    assert network.unembed.shape == (11, 30)
    before = network.first[:, None] + network.second[None] + network.bias
    assert int((before.amax(dim=(0, 1)) < 0).sum()) == 11  # half of the 23 that fill up 7 units


def test_dead_units_stay_dead_when_circles_are_removed() -> None:
    network = scrambled_one(random_mlp(), width=40)
    dead = (network.first[:, None] + network.second[None] + network.bias).amax(dim=(0, 1)) < 0
    assert dead.any()
    for frequency in range(1, 6):
        for change in (isolate, knock_out):
            other = change(network, (frequency,))
            inputs = other.first[:, None] + other.second[None] + other.bias
            assert float(inputs[..., dead].max()) < 0


def test_norms_of_units_follow_one_law_whatever_the_network() -> None:
    small, large = random_mlp(), random_mlp()
    large = replace(large, into_first=50 * large.into_first, into_second=50 * large.into_second)
    for network in (small, large):
        hidden = scrambled_one(network, width=200)
        tables = torch.cat([hidden.first - hidden.first.mean(dim=0), hidden.second - hidden.second.mean(dim=0)])
        bias = hidden.bias + hidden.first.mean(dim=0) + hidden.second.mean(dim=0)
        logarithms = torch.hypot(tables.norm(dim=0), bias).log()
        assert float(logarithms.mean()) == pytest.approx(0, abs=0.08)
        assert float(logarithms.std()) == pytest.approx(0.3, abs=0.05)


def test_a_unit_without_weights_does_no_harm() -> None:
    network = random_mlp()
    weights, bias = network.into_first.clone(), network.bias.clone()
    weights[0], bias[0] = 0, 0
    second = network.into_second.clone()
    second[0] = 0
    network = replace(network, into_first=weights, into_second=second, bias=bias)
    torch.testing.assert_close(centred(scrambled_one(network)), centred(network), rtol=0, atol=1e-9)
