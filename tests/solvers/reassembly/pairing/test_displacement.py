"""Weight displacement at the edges of the initial distribution: the threshold, and the pairs that it finds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
import torch

from generator.reassembly.network.residual import ResidualNetwork
from solvers.reassembly.pairing.alignment import standard_scores
from solvers.reassembly.pairing.displacement import crossed, displacement_correlation, moved
from solvers.reassembly.pairing.filters import matched_filter
from solvers.reassembly.pairing.statistics import match
from tests.solvers.reassembly.planting import DEPTH, PARTNERS, count_right, noise

if TYPE_CHECKING:
    from torch import Tensor


@pytest.mark.parametrize("share", [0.03, 0.1, 1.0])
def test_only_the_part_beyond_the_threshold_is_kept(share: float) -> None:
    weights = torch.randn(7, 30, 11, generator=torch.Generator().manual_seed(0))
    left = moved(weights, share)
    past = left != 0
    distance = (weights - left)[past].abs()

    assert float(past.float().mean()) == pytest.approx(share, abs=1e-3)
    assert bool((left.sign() == weights.sign())[past].all())
    torch.testing.assert_close(distance, distance[:1].expand_as(distance))


def test_weights_that_are_all_alike_were_not_moved() -> None:
    assert bool((moved(torch.zeros(2, 3, 4), 0.1) == 0).all())
    assert bool((moved(torch.full((2, 3, 4), -2.0), 0.1) == 0).all())


def uniform(seed: int) -> ResidualNetwork:
    """Draw a network's weights uniformly, as torch's layers are."""
    rng = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(shape, generator=rng) * 2.0 - 1.0

    width, hidden = 24, 48
    return ResidualNetwork(
        U=draw(DEPTH, hidden, width),
        c=draw(DEPTH, hidden),
        V=draw(DEPTH, width, hidden),
        e=draw(DEPTH, width),
        head=draw(1, width),
        head_bias=draw(1),
        activation="relu",
    )


def test_units_that_moved_in_both_halves_are_found() -> None:
    network = uniform(1)
    rng = torch.Generator().manual_seed(2)
    reach = (
        0.5 * torch.rand(network.c.shape, generator=rng) ** 3
    )  # a few far, most hardly, of the units of incoming halves
    U = network.U + reach[:, :, None] * torch.randn(network.U.shape, generator=rng)
    V = network.V.clone()
    V[PARTNERS] += reach[:, None, :] * torch.randn(network.V.shape, generator=rng)

    assert count_right(match(displacement_correlation(network)), PARTNERS) <= 4
    found = match(displacement_correlation(dataclasses.replace(network, U=U, V=V)))
    assert count_right(found, PARTNERS) >= 12


def test_units_displaced_by_their_partner_are_found_where_products_show_nothing() -> None:
    network = uniform(3)
    common = torch.randn(24, 24, generator=torch.Generator().manual_seed(4)) / 24**0.5
    # As gradient descent does: U moves by what V holds, and V by what U holds.
    U = network.U + 0.06 * network.V[PARTNERS].transpose(1, 2) @ common
    V = network.V.clone()
    V[PARTNERS] += 0.06 * common @ network.U.transpose(1, 2)
    trained = dataclasses.replace(network, U=U, V=V)
    start, nothing = standard_scores(noise(8) + 1.5 * torch.eye(DEPTH)[PARTNERS]), torch.zeros(DEPTH, DEPTH)

    assert count_right(match(start), PARTNERS) <= DEPTH // 2
    assert match(matched_filter(crossed(trained), start, nothing)) == PARTNERS
    assert count_right(match(matched_filter([trained], start, nothing)), PARTNERS) <= DEPTH // 2
    assert count_right(match(matched_filter(crossed(network), start, nothing)), PARTNERS) <= DEPTH // 2
