"""Head and trend alignment: symmetries, and planted signals that each of the two must find."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.core.evaluation import Rows
from solvers.reassembly.pairing.alignment import head_alignment, trend_alignment
from solvers.reassembly.pairing.statistics import match
from tests.solvers.reassembly.planting import DEPTH, INPUTS, PARTNERS, count_right, planted, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork


def test_scale_and_sign_of_the_head_change_nothing(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=8)
    for factor in (1e-3, 1e3, -1.0):
        scaled = dataclasses.replace(network, head=factor * network.head)
        torch.testing.assert_close(head_alignment(scaled), head_alignment(network), rtol=1e-3, atol=1e-3)
        # The predictions scale with the head.
        after, before = trend_alignment(scaled, rows_of(scaled)), trend_alignment(network, rows_of(network))
        torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)


def test_trend_alignment_knows_no_offset_of_the_predictions(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=DEPTH)
    rows = rows_of(network)
    shifted = Rows(rows.inputs + 2.0, 3.0 * rows.targets + 7.0, rows.variance)

    torch.testing.assert_close(trend_alignment(network, shifted), trend_alignment(network, rows), rtol=1e-3, atol=1e-3)


def test_head_alignment_finds_blocks_that_cancel_the_output_of_others(
    make_network: Callable[..., ResidualNetwork],
) -> None:
    network = make_network(0, depth=DEPTH)
    aligned = planted(network, PARTNERS, -network.head[0], 1.0)

    assert count_right(match(head_alignment(network)), PARTNERS) <= 4
    assert match(head_alignment(aligned)) == PARTNERS
    # With the sign turned round, the true pairs are the last to be matched.
    assert count_right(match(-head_alignment(aligned)), PARTNERS) == 0


def test_trend_alignment_finds_blocks_that_follow_the_trend(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=DEPTH)
    trend = torch.randn(12, generator=torch.Generator().manual_seed(6))
    bent = INPUTS @ trend[:, None] + INPUTS.square().mean(dim=1, keepdim=True)
    following = planted(network, PARTNERS, trend, 0.5)

    assert count_right(match(trend_alignment(network, Rows(INPUTS, bent, 1.0))), PARTNERS) <= 4
    assert match(trend_alignment(following, Rows(INPUTS, bent, 1.0))) == PARTNERS
    assert count_right(match(head_alignment(following)), PARTNERS) <= 4
