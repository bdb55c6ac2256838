"""Strengths against the likelihood they maximise, and the ranking they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from solvers.reassembly.core.evaluation import Walk, order_mse, split_rows
from solvers.reassembly.published.search.bradley_terry import pairwise_tests, rank, strengths

if TYPE_CHECKING:
    from tests.solvers.reassembly.conftest import Dropped


def gradient_of_likelihood(wins: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    """Differentiate the log-likelihood, imagined games included, by the logarithms of the strengths."""
    logs = p.log().requires_grad_()
    margins = logs[:, None] - logs[None, :]
    likelihood = (wins * torch.nn.functional.logsigmoid(margins)).sum()
    likelihood = likelihood + (torch.nn.functional.logsigmoid(logs) + torch.nn.functional.logsigmoid(-logs)).sum()
    (gradient,) = torch.autograd.grad(likelihood, logs)
    return gradient


def test_strengths_are_where_the_likelihood_is_stationary() -> None:
    wins = torch.from_numpy(np.random.default_rng(0).integers(0, 5, size=(6, 6)).astype(float)).fill_diagonal_(0.0)

    assert gradient_of_likelihood(wins, strengths(wins)).abs().max() < 1e-6


def test_a_block_that_never_lost_is_the_strongest_and_finite() -> None:
    wins = torch.ones(4, 4, dtype=torch.float64).triu(1)
    fitted = strengths(wins)

    assert fitted.isfinite().all()
    assert fitted.argsort(descending=True).tolist() == [0, 1, 2, 3]


def test_no_games_make_all_equal() -> None:
    assert torch.allclose(strengths(torch.zeros(3, 3, dtype=torch.float64)), torch.ones(3, dtype=torch.float64))


def test_tests_measure_both_sides_of_every_pair(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 100, np.random.default_rng(0))
    order = [1, 0, 2, 3, 5, 4, 6, 7]
    walk = Walk(trained.network, rows, order)
    wins = pairwise_tests(walk)

    assert torch.equal(wins + wins.T, 1.0 - torch.eye(8, dtype=torch.float64))
    for a, b in ((0, 1), (4, 5), (2, 6)):
        swapped = [{a: b, b: a}.get(k, k) for k in order]
        first = a if order.index(a) < order.index(b) else b
        better_swapped = order_mse(trained.network, rows, swapped) < walk.mse
        assert bool(wins[a, b]) == ((first == a) != better_swapped)


def test_true_order_ranks_as_itself(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 200, np.random.default_rng(0))

    assert rank(Walk(trained.network, rows, range(8))) == list(range(8))


def test_ranking_improves_a_rough_order(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 200, np.random.default_rng(0))
    walk = Walk(trained.network, rows, [1, 0, 2, 4, 3, 5, 7, 6])

    assert order_mse(trained.network, rows, rank(walk)) < walk.mse
