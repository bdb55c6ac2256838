"""Derivatives of the mean-field flows against finite differences, and the ridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from solvers.reassembly.core.mean_field import pairing_flow, ridge_step, schedule_flow, schedule_predictions, sinkhorn

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork

STEP = 1e-2


@pytest.mark.parametrize("outputs", [1, 2])
def test_schedule_features_are_derivatives(outputs: int, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, outputs=outputs, activation="tanh")
    rng = torch.Generator().manual_seed(1)
    inputs, schedule = torch.randn(20, 12, generator=rng), 0.25 * torch.rand(4, 5, generator=rng)
    predictions, features = schedule_flow(network, inputs, schedule)

    assert torch.allclose(predictions, schedule_predictions(network, inputs, schedule), atol=1e-5)
    for step, block in ((0, 0), (2, 3), (3, 4)):
        nudge = torch.zeros_like(schedule)
        nudge[step, block] = STEP
        ahead = schedule_predictions(network, inputs, schedule + nudge)
        behind = schedule_predictions(network, inputs, schedule - nudge)
        expected = ((ahead - behind) / (2 * STEP)).T.reshape(-1)
        torch.testing.assert_close(features[step, block], expected, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("outputs", [1, 2])
def test_pairing_features_are_derivatives(outputs: int, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, outputs=outputs, activation="tanh")
    rng = torch.Generator().manual_seed(1)
    inputs, schedule = torch.randn(20, 12, generator=rng), 0.25 * torch.rand(4, 5, generator=rng)
    belief = sinkhorn(torch.randn(5, 5, generator=rng))
    _, features = pairing_flow(network, inputs, belief, schedule)
    for i, j in ((0, 0), (1, 4), (3, 2)):
        nudge = torch.zeros_like(belief)
        nudge[i, j] = STEP
        ahead, _ = pairing_flow(network, inputs, belief + nudge, schedule)
        behind, _ = pairing_flow(network, inputs, belief - nudge, schedule)
        expected = ((ahead - behind) / (2 * STEP)).T.reshape(-1)
        torch.testing.assert_close(features[:, 5 * i + j], expected, rtol=2e-2, atol=2e-3)


def test_ridge_finds_coefficients_and_says_what_is_left() -> None:
    rng = torch.Generator().manual_seed(0)
    features, truth = torch.randn(400, 10, generator=rng), torch.randn(10, generator=rng)
    noise = torch.randn(400, generator=rng)
    found, left = ridge_step(features, features @ truth, torch.ones(10))
    _, useless = ridge_step(features, noise, torch.ones(10))

    torch.testing.assert_close(found, truth, rtol=1e-2, atol=1e-2)
    assert left < 1e-3
    assert useless > 0.9
