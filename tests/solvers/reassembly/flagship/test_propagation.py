"""Evidence of the data for pairs, the strength of scores, and networks whose weights alone show no pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.deadline import NEVER
from solvers.reassembly.core.evaluation import Rows, split_rows
from solvers.reassembly.core.mean_field import pairing_flow
from solvers.reassembly.core.monitor import SILENT
from solvers.reassembly.flagship import propagation
from solvers.reassembly.flagship.propagation import data_log_odds, propagate, strength
from solvers.reassembly.ordering.refine import Refiner
from solvers.reassembly.ordering.schedule import smeared_schedule
from solvers.reassembly.pairing.alignment import standard_scores
from solvers.reassembly.pairing.statistics import match, pair
from solvers.reassembly.pairing.views import pairing_views

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.assembly import Assembly
    from tests.solvers.reassembly.conftest import Dropped

TIME_STEPS = 12


def flat(depth: int) -> Tensor:
    return torch.full((depth, depth), 1.0 / depth)


def in_order(order: list[int]) -> Tensor:
    positions = torch.empty(len(order))
    positions[order] = torch.arange(len(order)).float()
    return smeared_schedule(positions, TIME_STEPS, 0.1)


def count_right(partners: list[int], truth: list[int]) -> int:
    return sum(found == true for found, true in zip(partners, truth, strict=True))


def planted_scores(level: float, depth: int, seed: int) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return standard_scores(torch.randn(depth, depth, generator=rng) + level * torch.eye(depth))


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_data_give_pairs_from_the_order_alone(
    kind: str,
    request: pytest.FixtureRequest,
    make_halves: Callable[..., tuple[ResidualNetwork, list[int], list[int]]],
) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    halves, order, partners = make_halves(dropped.network, 1)
    rows, _ = split_rows(dropped.puzzle, 800, np.random.default_rng(0))
    odds, mse = data_log_odds(halves, rows, flat(8), flat(8), in_order(order))
    true = odds[torch.arange(8), torch.tensor(partners)]
    others = odds.sum() - true.sum()

    assert mse > 0.1 * rows.variance  # far from the network, and yet:
    assert count_right(match(odds), partners) >= 5  # 1 by chance
    assert float(true.mean()) > 0.0 > float(others) / 56
    assert float(standard_scores(odds)[torch.arange(8), torch.tensor(partners)].mean()) > 1.2


def test_log_odds_follow_the_numbering_of_the_halves(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 400, np.random.default_rng(0))
    i, j = np.random.default_rng(3).permutation(8).tolist(), np.random.default_rng(4).permutation(8).tolist()
    schedule = in_order(list(range(8)))
    before, _ = data_log_odds(trained.network, rows, flat(8), flat(8), schedule)
    after, _ = data_log_odds(trained.network.reordered(i, j), rows, flat(8), flat(8), schedule[:, i])

    torch.testing.assert_close(after, before[i][:, j], rtol=1e-2, atol=1e-2)


def test_a_belief_that_explains_nothing_new_is_no_news_to_the_prior(trained: Dropped) -> None:
    # The true pairs, nearly certain: the data agree with them, whatever prior is divided out.
    rows, _ = split_rows(trained.puzzle, 800, np.random.default_rng(0))
    belief = 0.97 * torch.eye(8) + 0.03 / 8
    odds = [
        data_log_odds(trained.network, rows, belief, prior, in_order(list(range(8))))[0] for prior in (flat(8), belief)
    ]

    for one in odds:
        assert match(one) == list(range(8))


@pytest.mark.parametrize("depth", [5, 12])
def test_targets_that_are_noise_say_little_and_favour_no_pair(
    depth: int, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=depth, activation="tanh")
    rng = torch.Generator().manual_seed(2)
    inputs, schedule = torch.randn(600, 12, generator=rng), in_order(list(range(depth)))
    own, _ = pairing_flow(network, inputs, flat(depth), schedule)
    spread = float(own.std())
    largest = []
    for factor in (1.0, 10.0, 100.0):
        noisy = own + factor * spread * torch.randn(own.shape, generator=rng)
        odds, _ = data_log_odds(network, Rows(inputs, noisy, spread**2), flat(depth), flat(depth), schedule)
        largest.append(float(odds.abs().max()))
        assert count_right(match(odds), list(range(depth))) <= 4

    # Information falls with the variance of the noise, and log-odds at least with its standard deviation.
    assert largest == sorted(largest, reverse=True)
    assert largest[2] < 0.1 * largest[0]
    assert largest[2] < 0.2


def test_a_head_that_hears_nothing_gives_no_odds(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    deaf = replace(network, head=torch.zeros_like(network.head))
    inputs = torch.randn(300, 12, generator=torch.Generator().manual_seed(2))
    odds, _ = data_log_odds(deaf, Rows(inputs, network(inputs), 1.0), flat(5), flat(5), in_order(list(range(5))))

    assert float(odds.abs().max()) < 1e-3


@pytest.mark.parametrize("depth", [3, 8, 40])
def test_a_flow_that_fits_to_rounding_denies_all_pairs_alike(
    depth: int, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=depth)
    network = replace(network, V=depth**-0.5 * network.V)
    inputs = torch.randn(300, 12, generator=torch.Generator().manual_seed(2))
    schedule = in_order(list(range(depth)))
    own, _ = pairing_flow(network, inputs, flat(depth), schedule)
    odds, mse = data_log_odds(network, Rows(inputs, own, 1.0), flat(depth), flat(depth), schedule)
    asked = odds[odds != 0.0]  # of the widest networks not every pair is

    assert mse == 0.0
    assert bool(torch.isfinite(odds).all())
    # A share of 1 / K is nearer to no pair than to one.
    assert bool((asked < 0.0).all())


def test_a_flow_that_overflows_says_nothing(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    wild = replace(network, V=1e20 * network.V)
    inputs = torch.randn(300, 12, generator=torch.Generator().manual_seed(2))
    odds, mse = data_log_odds(wild, Rows(inputs, network(inputs), 1.0), flat(5), flat(5), in_order(list(range(5))))

    assert not np.isfinite(mse)
    assert not odds.any()


@pytest.mark.parametrize(("depth", "tolerance"), [(12, 0.5), (24, 0.3)])
def test_strength_recovers_planted_levels(depth: int, tolerance: float) -> None:
    found = {
        level: float(np.mean([strength(planted_scores(level, depth, 100 + seed)) for seed in range(10)]))
        for level in (0.0, 2.0, 3.0, 4.0, 5.0)
    }

    assert list(found.values()) == sorted(found.values())
    assert found[0.0] < 1.0
    for level in (3.0, 4.0, 5.0):
        assert found[level] == pytest.approx(0.8 * level, abs=0.8 * tolerance)


@pytest.mark.parametrize("depth", range(3, 25))
def test_strength_does_not_fall_as_pairs_stand_out_more(depth: int) -> None:
    levels, means = propagation._simulated(depth)
    found = np.interp(np.linspace(min(means) - 0.1, max(means) + 0.1, 300), means, levels)

    assert list(means) == sorted(means)
    assert (np.diff(found) >= 0.0).all()


def test_propagation_solves_what_the_trace_does_not(
    young: Dropped, make_halves: Callable[..., tuple[ResidualNetwork, list[int], list[int]]]
) -> None:
    halves, order, partners = make_halves(young.network, 1)
    rows, _ = split_rows(young.puzzle, 1_200, np.random.default_rng(0))
    evidence = {view.name: view.scores for view in pairing_views(halves, rows)}["combined"]
    reports: list[Assembly] = []
    refiner = Refiner(halves, rows, np.random.default_rng(0), NEVER, reports.append)
    found = propagate(refiner, evidence, SILENT)

    assert count_right(pair(halves, "trace"), partners) <= 2  # 1 by chance
    assert count_right(match(evidence), partners) <= 6
    assert refiner.solved(found)
    assert found.incoming == tuple(order)
    assert found.outgoing == tuple(partners[i] for i in order)


def test_propagation_without_rounds_pairs_by_the_evidence(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 400, np.random.default_rng(0))
    refiner = Refiner(trained.network, rows, np.random.default_rng(0), NEVER, lambda _: None)
    wrong = [3, 0, 1, 2, 7, 4, 5, 6]
    found = propagate(refiner, standard_scores(torch.eye(8)[wrong]), SILENT, rounds=0)

    assert found.incoming == tuple(range(8))
    assert list(found.outgoing) == wrong
