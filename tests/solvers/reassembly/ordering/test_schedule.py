"""Shares of time: polynomials, their derivatives, steps that never raise the error, and the orders of the shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from generator.reassembly.scoring.certificate import squared_error
from solvers.reassembly.core.evaluation import Rows, split_rows
from solvers.reassembly.core.mean_field import schedule_flow, schedule_predictions
from solvers.reassembly.ordering.schedule import (
    improve_shares,
    legendre,
    mean_field_order,
    order_of,
    shares_of,
    smeared_schedule,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

STEP = 1e-2
INPUTS = torch.randn(300, 12, generator=torch.Generator().manual_seed(1))


def draw_coefficients(seed: int, scale: float, degree: int = 3, depth: int = 5) -> Tensor:
    return scale * torch.randn(degree, depth, generator=torch.Generator().manual_seed(seed))


def projected(schedule: Tensor, basis: Tensor) -> Tensor:
    """Expand shares in Legendre polynomials: a_b = (2 b + 1) times the mean over time steps of (L W - 1) P_b."""
    degrees = torch.arange(1, len(basis) + 1)
    return (2.0 * degrees[:, None] + 1.0) * (basis @ (len(schedule) * schedule - 1.0)) / len(schedule)


def test_legendre_polynomials_are_orthogonal_and_schedules_whole() -> None:
    basis = legendre(2_000, 4)
    expected = torch.diag(1.0 / (2.0 * torch.arange(1, 5) + 1.0))

    torch.testing.assert_close(basis @ basis.T / 2_000, expected, rtol=1e-3, atol=1e-4)
    assert torch.allclose(smeared_schedule(torch.arange(6.0), 10, 0.1).sum(dim=0), torch.ones(6))


def test_blocks_act_at_the_mean_time_that_the_order_is_read_from() -> None:
    basis, coefficients = legendre(2_000, 3), draw_coefficients(0, 0.3)
    shares = shares_of(basis, coefficients)
    middles = (torch.arange(2_000) + 0.5) / 1_000 - 1.0

    torch.testing.assert_close(shares.sum(dim=0), torch.ones(5), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(middles @ shares, coefficients[0] / 3.0, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("width", [0.3, 0.1, 0.03])
def test_order_of_a_schedule_is_that_of_its_positions(width: float) -> None:
    positions = torch.from_numpy(np.random.default_rng(0).permutation(12)).float()
    coefficients = projected(smeared_schedule(positions, 24, width), legendre(24, 4))

    assert order_of(coefficients) == positions.argsort().tolist()


def test_blocks_that_act_alike_keep_their_order() -> None:
    assert order_of(torch.zeros(2, 4)) == [0, 1, 2, 3]


@pytest.mark.parametrize("outputs", [1, 2])
def test_polynomials_carry_the_derivatives_of_the_flow(
    outputs: int, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, outputs=outputs, activation="tanh")
    basis, coefficients = legendre(8, 3), draw_coefficients(1, 0.2)
    _, features = schedule_flow(network, INPUTS, shares_of(basis, coefficients))
    used = torch.einsum("bl,lkn->bkn", basis, features) / 8
    for degree, block in ((0, 0), (1, 3), (2, 4)):
        nudge = torch.zeros(3, 5)
        nudge[degree, block] = STEP
        ahead = schedule_predictions(network, INPUTS, shares_of(basis, coefficients + nudge))
        behind = schedule_predictions(network, INPUTS, shares_of(basis, coefficients - nudge))
        expected = ((ahead - behind) / (2.0 * STEP)).T.reshape(-1)
        torch.testing.assert_close(used[degree, block], expected, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("outputs", [1, 2])
def test_steps_find_the_shares_that_made_the_predictions(
    outputs: int, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, outputs=outputs, activation="tanh")
    basis, truth = legendre(8, 3), draw_coefficients(1, 0.05)
    targets = schedule_predictions(network, INPUTS, shares_of(basis, truth))
    rows = Rows(INPUTS, targets, float(targets.var()))
    first = improve_shares(network, rows, basis, torch.zeros(3, 5), 3)
    second = improve_shares(network, rows, basis, first.coefficients, 3)

    assert first.after < 0.01 * first.before
    assert second.after <= first.after
    # If all blocks act later alike nothing changes, and higher degrees hardly matter: the order is what is found.
    found, wanted = (one[0] - one[0].mean() for one in (second.coefficients, truth))
    assert float((found - wanted).norm()) < 0.15 * float(wanted.norm())


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0, 5.0])
def test_a_step_never_raises_the_error_and_reports_it_exactly(scale: float, trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 200, np.random.default_rng(0))
    few, basis = rows.head(100), legendre(10, 4)
    for seed in range(5):
        start = draw_coefficients(seed, scale, 4, 8)
        for degree in (2, 4):
            fit = improve_shares(trained.network, rows, basis, start, degree)
            errors = [
                squared_error(schedule_predictions(trained.network, few.inputs, shares_of(basis, one)), few.targets)
                for one in (start, fit.coefficients)
            ]
            assert errors == pytest.approx([fit.before, fit.after], rel=1e-3)
            assert fit.after <= fit.before
            assert torch.equal(fit.coefficients[degree:], start[degree:])


def test_a_step_from_elsewhere_goes_to_where_it_is_better(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, activation="tanh")
    basis, truth = legendre(8, 3), draw_coefficients(1, 0.5)
    targets = schedule_predictions(network, INPUTS, shares_of(basis, truth))
    start = truth + draw_coefficients(2, 0.1)
    fit = improve_shares(network, Rows(INPUTS, targets, float(targets.var())), basis, start, 3)

    # The prior draws the whole coefficients to zero, not the step: from near the truth the step is nearly right.
    assert fit.after < 0.1 * fit.before


def test_a_step_without_gain_on_the_deciding_rows_is_not_made(make_network: Callable[..., ResidualNetwork]) -> None:
    network, basis, start = make_network(0, activation="tanh"), legendre(8, 3), draw_coefficients(1, 0.2)
    targets = schedule_predictions(network, INPUTS, shares_of(basis, start))
    targets[150:] += INPUTS[150:, :1]  # there is something to fit, but the half that decides is fitted already
    fit = improve_shares(network, Rows(INPUTS, targets, float(targets.var())), basis, start, 3)

    assert torch.equal(fit.coefficients, start)
    assert fit.after == fit.before < 1e-10


def test_nothing_moves_where_predictions_are_no_numbers(make_network: Callable[..., ResidualNetwork]) -> None:
    rows, start = Rows(INPUTS, torch.full((300, 1), torch.nan), 1.0), draw_coefficients(0, 0.1)
    fit = improve_shares(make_network(0), rows, legendre(8, 3), start, 3)

    assert torch.equal(fit.coefficients, start)
    assert fit.after == fit.before == float("inf")


def test_mean_field_order_needs_no_first_order(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 600, np.random.default_rng(0))
    shuffle = np.random.default_rng(1).permutation(8).tolist()
    order = mean_field_order(trained.network.reordered(shuffle, shuffle), rows)

    assert kendalltau([shuffle[k] for k in order], range(8)).statistic > 0.5
