"""Networks without circles, changes that keep the function, and damage."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from generator.errors import SpecError, TrainingError
from generator.modular.engineered.attention.transformer import build_transformer
from generator.modular.engineered.basis import widen
from generator.modular.engineered.build import build
from generator.modular.engineered.frequencies import draw_plan
from generator.modular.engineered.noise import plant_exceptions, with_noise
from generator.modular.engineered.other import carry, random_features, sum_table
from generator.modular.network.model import accuracy, margin, sums

RNG = np.random.default_rng


@pytest.mark.parametrize("modulus", [7, 31, 60])
def test_sums_on_a_line_are_exact(modulus: int) -> None:
    adder, table = carry(modulus), sum_table(modulus)
    assert len(adder.bias) == 3
    assert margin(adder.logits()) == pytest.approx(0.5)
    one_hot = torch.nn.functional.one_hot(sums(modulus), modulus).double()
    assert torch.allclose(table.logits(), one_hot, atol=1e-10)


def test_random_features_memorise() -> None:
    network = random_features(13, 80, RNG(0))
    assert accuracy(network.logits()) == 1
    assert network.unembed.shape == (13, 80)
    with pytest.raises(TrainingError, match="raise width, about 42"):
        random_features(7, 4, RNG(0))
    with pytest.raises(SpecError, match="between 1 and 49"):
        random_features(7, 60, RNG(0))


def test_widening_keeps_the_function() -> None:
    network = carry(13)
    wide = widen(network, 40, 9, RNG(0))
    assert torch.allclose(wide.logits(), network.logits(), atol=1e-9)
    assert (wide.first.shape, wide.into_second.shape, wide.unembed.shape) == ((13, 9), (40, 9), (13, 40))
    before = (wide.first @ wide.into_first.T)[:, None] + (wide.second @ wide.into_second.T)[None] + wide.bias
    assert int((before > 1e-9).any(dim=0).any(dim=0).sum()) == 3
    with pytest.raises(SpecError, match="width is 2"):
        widen(network, 2, 9, RNG(0))


def test_noise_harms_pizzas_first() -> None:
    def share(kind: str, sigma: float) -> float:
        drawn = draw_plan(59, (kind,) * 5, RNG(0), gain_spread=0.0)  # type: ignore[arg-type]
        return accuracy(with_noise(build(drawn, RNG(0)), sigma, RNG(1)).logits())

    assert share("pizza", 0.0) == 1
    assert share("clock", 0.05) == 1
    assert 0.3 < share("pizza", 0.2) < share("clock", 0.2)


def test_noise_keeps_a_shared_table_shared() -> None:
    drawn = draw_plan(31, ("pizza",) * 3, RNG(0))
    for network in (build(drawn, RNG(0)), build_transformer(drawn, RNG(0))):
        noisy = with_noise(network, 0.05, RNG(1))
        assert torch.equal(noisy.first, noisy.second)
        relative = (noisy.first - network.first).std() / network.first.std()
        assert float(relative) == pytest.approx(0.05, rel=0.2)


def test_planted_exceptions_are_the_only_wrong_pairs() -> None:
    network = build(draw_plan(31, ("pizza", "clock", "pizza"), RNG(0)), RNG(0))
    changed, exceptions = plant_exceptions(network, 6, RNG(1))
    logits = changed.logits()
    wrong = (logits.argmax(dim=2) != sums(31)).nonzero()
    found = torch.cat([wrong, logits.argmax(dim=2)[wrong[:, 0], wrong[:, 1]][:, None]], dim=1)
    assert sorted(found.tolist()) == sorted(exceptions.tolist())
    untouched = torch.ones(31, 31, dtype=torch.bool)
    untouched[exceptions[:, 0], exceptions[:, 1]] = False
    assert torch.allclose(logits[untouched], network.logits()[untouched], atol=1e-9)
