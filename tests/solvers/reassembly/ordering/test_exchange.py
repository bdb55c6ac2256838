"""Exchanges of halves: features against the network, predicted changes against their definition, and a repair."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.core.band import Band
from solvers.reassembly.core.evaluation import split_rows
from solvers.reassembly.ordering.exchange import ExchangeSearch, exchange_features, exchange_model

if TYPE_CHECKING:
    from tests.solvers.reassembly.conftest import Dropped

PARTNERS = [0, 3, 2, 1, 4, 5, 6, 7]


@pytest.mark.parametrize("side", ["outgoing", "incoming"])
def test_features_of_the_last_block_are_exact(side: str, trained_logits: Dropped) -> None:
    network = trained_logits.network
    rows, _ = split_rows(trained_logits.puzzle, 100, np.random.default_rng(0))
    around = linearise(network, rows, range(8))
    features = exchange_features(network, around, side=side).view(8, 8, -1)
    changed = [0, 1, 2, 3, 4, 5, 6, 2]
    pair = (range(8), changed) if side == "outgoing" else (changed, range(8))
    change = (network.reordered(*pair)(rows.inputs) - network(rows.inputs)).T.reshape(-1)

    torch.testing.assert_close(features[7, 2] - features[7, 7], change, rtol=1e-3, atol=1e-4)


def test_predicted_changes_are_those_of_the_definition() -> None:
    rng = torch.Generator().manual_seed(0)
    root, linear = torch.randn(16, 16, generator=rng), torch.randn(16, generator=rng)
    gram = root @ root.T
    search = ExchangeSearch(gram, linear, 1.0, Band(4, 4))
    perm = np.array([2, 0, 3, 1])

    def error(order: np.ndarray) -> float:
        x = torch.zeros(16)
        x[torch.arange(4) * 4 + torch.from_numpy(order)] = 1.0
        return float(x @ gram @ x - 2.0 * linear @ x)

    x = torch.zeros(16)
    x[torch.arange(4) * 4 + torch.from_numpy(perm)] = 1.0
    changes = search._predicted_changes(perm, (2.0 * (gram @ x) - 2.0 * linear).double().numpy())
    for a, b in itertools.combinations(range(4), 2):
        other = perm.copy()
        other[[a, b]] = other[[b, a]]
        assert changes[a, b] == pytest.approx(error(other) - error(perm), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("side", ["outgoing", "incoming"])
def test_features_in_a_band_are_those_of_all_pairs(side: str, trained_logits: Dropped) -> None:
    rows, _ = split_rows(trained_logits.puzzle, 100, np.random.default_rng(0))
    around = linearise(trained_logits.network, rows, range(8))
    band = Band(8, 5)
    whole = exchange_features(trained_logits.network, around, side=side)
    near = exchange_features(trained_logits.network, around, side=side, band=band)
    inside = torch.from_numpy(band.numbers.reshape(-1) >= 0)

    torch.testing.assert_close(near, whole[inside], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("side", ["outgoing", "incoming"])
def test_a_band_finds_back_what_it_reaches_and_predicts_nothing_else(side: str, trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 600, np.random.default_rng(0))
    pair = (range(8), PARTNERS) if side == "outgoing" else (PARTNERS, range(8))
    network = trained.network.reordered(*pair)
    around = linearise(network, rows, range(8))
    found = [
        exchange_model(network, around, side=side, band=Band(8, 5)).descend(damping) for damping in (0.01, 0.1, 0.5)
    ]
    search = exchange_model(network, around, side=side, band=Band(8, 3))
    changes = search._predicted_changes(np.arange(8), np.zeros(24))

    assert PARTNERS in found
    assert np.isinf(changes[1, 3])
    assert np.isfinite(changes[1, 2])


@pytest.mark.parametrize("side", ["outgoing", "incoming"])
def test_exchanged_halves_find_back(side: str, trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 600, np.random.default_rng(0))
    pair = (range(8), PARTNERS) if side == "outgoing" else (PARTNERS, range(8))
    network = trained.network.reordered(*pair)
    search = exchange_model(network, linearise(network, rows, range(8)), side=side)

    assert PARTNERS in [search.descend(damping) for damping in (0.01, 0.1, 0.5)]
