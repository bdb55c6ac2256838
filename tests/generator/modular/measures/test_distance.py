"""Distance irrelevance against the definition, and the shares of the variance."""

from __future__ import annotations

import math

import pytest
import torch

from generator.modular.measures.distance import distance_irrelevance, irrelevance, relative_spread, shares
from generator.modular.measures.grid import by_difference, correct_logits, largest_wrong_logits
from generator.modular.network.circle import angles
from generator.modular.network.model import sums
from tests.generator.modular.measures.networks import engineered


def noise(modulus: int) -> torch.Tensor:
    return torch.randn((modulus,) * 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_value_is_that_of_the_definition() -> None:
    logits, p = noise(7), 7
    matrix = torch.zeros(p, p, dtype=torch.float64)
    wrong = torch.zeros(p, p, dtype=torch.float64)
    for a in range(p):
        for b in range(p):
            c = (a + b) % p
            matrix[c, (a - b) % p] = logits[a, b, c]
            wrong[c, (a - b) % p] = max(logits[a, b, other] for other in range(p) if other != c)
    expected = [float(m.std(dim=0, correction=0).mean() / m.std(correction=0)) for m in (matrix, wrong)]
    assert distance_irrelevance(logits) == pytest.approx(expected)


def test_engineered_networks_have_the_values_of_the_brief() -> None:
    pizza = engineered(59, dict.fromkeys((3, 17, 25), "pizza")).logits()
    clock = engineered(59, dict.fromkeys((3, 17, 25), "clock")).logits()
    assert distance_irrelevance(pizza)[0] == pytest.approx(0.054, abs=1e-3)
    assert 0.95 <= distance_irrelevance(clock)[0] <= 0.98
    assert relative_spread(clock) < 0.03
    assert relative_spread(pizza) > 0.2
    assert shares(pizza).difference > 0.99


def test_an_exact_clock_has_no_value() -> None:
    lag = (sums(59)[:, :, None] - torch.arange(59)) % 59
    assert all(math.isnan(value) for value in distance_irrelevance(angles(5, 59)[lag].cos()))
    assert math.isnan(shares(angles(5, 59)[lag].cos()).total)


@pytest.mark.parametrize("modulus", [11, 12])
def test_shares_of_known_effects(modulus: int) -> None:
    residues = torch.arange(modulus)
    difference = (residues[:, None] - residues) % modulus
    one, two = angles(1, modulus)[difference].cos(), angles(2, modulus)[sums(modulus)].cos()
    logits = noise(modulus)
    logits.scatter_(2, sums(modulus)[:, :, None], (3 * one + two)[:, :, None])
    assert (correct_logits(logits) - 3 * one - two).abs().max() < 1e-12
    found = shares(logits)
    assert found.difference == pytest.approx(0.9)
    assert found.total == pytest.approx(0.1)
    assert found.residual == pytest.approx(0, abs=1e-12)
    assert irrelevance(one) == pytest.approx(0, abs=1e-7)


def test_the_parity_of_an_even_modulus_is_counted_once() -> None:
    logits = noise(12)
    values = (sums(12) % 2).double()
    logits.scatter_(2, sums(12)[:, :, None], values[:, :, None])
    found = shares(logits)
    assert (found.difference, found.total, found.residual) == pytest.approx((0, 1, 0), abs=1e-12)


def test_views_of_the_grid() -> None:
    residues = torch.arange(6)
    difference = (residues[:, None] - residues) % 6
    assert (by_difference(difference) == residues).all()
    logits = noise(6)
    assert (torch.maximum(correct_logits(logits), largest_wrong_logits(logits)) == logits.amax(dim=2)).all()
