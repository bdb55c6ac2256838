"""Circularity, isolation and knock-out."""

from __future__ import annotations

import math

import pytest
import torch

from generator.modular.measures.circles import (
    circle_power,
    circularity,
    isolate,
    isolate_components,
    knock_out,
    principal_components,
)
from tests.generator.modular.measures.networks import engineered, turns

MEAN = 0.7


def table(modulus: int, frequencies: tuple[int, ...]) -> torch.Tensor:
    """Circles of falling power around a mean that is not 0."""
    return MEAN + torch.cat([turns(k, modulus) / (n + 1) for n, k in enumerate(frequencies)], dim=1)


@pytest.mark.parametrize("modulus", [59, 60])
def test_tables_of_circles_are_circular_and_noise_is_not(modulus: int) -> None:
    noise = torch.randn((modulus, 30), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert circularity(table(modulus, (5, 8))) == pytest.approx(1)
    assert circularity(noise) < 0.5
    assert math.isnan(circularity(torch.ones(modulus, 3, dtype=torch.float64)))


def test_the_power_of_all_circles_is_that_of_the_centred_table() -> None:
    for modulus in (9, 10):
        values = torch.randn((modulus, 4), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        centred = values - values.mean(dim=0)
        assert circle_power(values).sum(dim=0).tolist() == pytest.approx((centred**2).sum(dim=0).tolist())


def test_isolation_and_knock_out_share_the_table_between_them() -> None:
    network = engineered(59, dict.fromkeys((3, 17, 25), "pizza"))
    network = network.with_tables(network.first + MEAN, network.second + MEAN)
    kept, rest = isolate(network, [17]), knock_out(network, [17])
    assert (kept.first + rest.first - network.first - MEAN).abs().max() < 1e-12
    assert circle_power(kept.second)[[2, 24]].max() < 1e-20
    assert circle_power(rest.second)[16].max() < 1e-20
    assert (knock_out(network, [0]).first == network.first).all()


def test_components_of_unequal_circles_are_circles() -> None:
    network = engineered(59, dict.fromkeys((3, 17), "pizza"))
    shown = network.with_tables(table(59, (3, 17)), table(59, (3, 17)))
    assert (isolate_components(shown, [0, 1]).first - isolate(shown, [3]).first).abs().max() < 1e-12
    assert (isolate_components(shown, [2, 3]).second - isolate(shown, [17]).second).abs().max() < 1e-12
    assert principal_components(shown.first).shape == (59, 4)
