"""Every proxy of depth against its formula, the chain, the greedy walks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch.func import jacrev, vmap

from generator.errors import SpecError
from solvers.reassembly.core.evaluation import split_rows
from solvers.reassembly.ordering import seeding

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

INPUTS = torch.randn(40, 12, generator=torch.Generator().manual_seed(9))


def test_weight_proxies_agree_with_their_formulas(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(1)
    expected = {
        "frobenius": [float(V.norm()) for V in network.V],
        "l1": [sum(abs(float(v)) for v in V.flatten()) for V in network.V],
        "variance": [float(np.var(V.numpy())) for V in network.V],
    }

    for name, values in expected.items():
        assert seeding.PROXIES[name](network, INPUTS).tolist() == pytest.approx(values, rel=1e-4)


def test_delta_norm_is_the_mean_step_on_raw_inputs(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(1)
    steps = [[float((network.reordered([k], [k]).hidden(x) - x).norm()) for x in INPUTS[:, None]] for k in range(5)]

    assert seeding.delta_norm(network, INPUTS).tolist() == pytest.approx(np.mean(steps, axis=1).tolist(), rel=1e-4)


def test_jacobian_norm_agrees_with_autograd(make_network: Callable[..., ResidualNetwork], activation: str) -> None:
    network = make_network(1, activation=activation)
    expected = []
    for k in range(network.depth):
        jacobians = vmap(jacrev(lambda x, k=k: network.residual(k, x[None])[0]))(INPUTS)
        expected.append(float(jacobians.flatten(1).norm(dim=1).mean()))

    assert seeding.jacobian_norm(network, INPUTS).tolist() == pytest.approx(expected, rel=1e-4)


def test_both_directions_of_an_order(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(1)
    up = seeding.seed_order(network, INPUTS, "l1")

    assert seeding.seed_order(network, INPUTS, "l1", descending=True) == up[::-1]
    assert [float(network.V[k].abs().sum()) for k in up] == sorted(float(V.abs().sum()) for V in network.V)


def test_values_that_are_no_numbers_go_last_either_way() -> None:
    values = torch.tensor([math.nan, 2.0, 1.0])

    assert seeding.sorted_order(values) == [2, 1, 0]
    assert seeding.sorted_order(values, descending=True) == [1, 2, 0]


def test_unknown_proxy_is_named(make_network: Callable[..., ResidualNetwork]) -> None:
    with pytest.raises(SpecError, match="did you mean delta-norm"):
        seeding.seed_order(make_network(0), INPUTS, "delta_norm")


def test_chain_follows_the_nearest_bias(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    for k, position in enumerate([3.0, 0.0, 1.1, 7.0, 2.0]):
        network.e[k] = position

    assert seeding.bias_chain(network, 1) == [1, 2, 4, 0, 3]


def test_chain_without_biases_is_the_order_of_the_blocks(make_network: Callable[..., ResidualNetwork]) -> None:
    assert seeding.bias_chain(make_network(0, biases=False), 2) == [2, 0, 1, 3, 4]


def test_greedy_order_takes_the_smallest_step_each_time(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(2)
    h, left = INPUTS, set(range(5))
    for k in seeding.greedy_order(network, INPUTS):
        sizes = {j: float(network.residual(j, h).norm(dim=1).mean()) for j in left}
        assert sizes[k] == min(sizes.values())
        left.remove(k)
        h = h + network.residual(k, h)
    assert not left


def test_fitting_order_takes_the_nearest_output_each_time(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 100, np.random.default_rng(0))
    h, left = rows.inputs, set(range(trained.network.depth))
    for k in seeding.fitting_order(trained.network, rows):
        next_errors = {
            j: float((trained.network.read(h + trained.network.residual(j, h)) - rows.targets).square().mean())
            for j in left
        }
        assert next_errors[k] == pytest.approx(min(next_errors.values()), rel=1e-5)
        left.remove(k)
        h = h + trained.network.residual(k, h)
    assert not left


def test_random_order_depends_on_the_generator_alone() -> None:
    orders = [seeding.random_order(30, np.random.default_rng(seed)) for seed in (0, 0, 1)]

    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(30))
