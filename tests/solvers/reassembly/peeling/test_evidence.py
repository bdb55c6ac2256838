"""The evidence of the remaining halves, against autograd and on cases with a known preference."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import pytest
import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.peeling.evidence import evidence, evidence_slope
from tests.solvers.reassembly.planting import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

RATIO = 3.0


def plainly(network: ResidualNetwork, states: Tensor, targets: Tensor, log_ratio: Tensor) -> Tensor:
    """Compute the formula directly, for autograd."""
    rows, outputs = targets.shape
    units = activation_function(network.activation)(states @ network.U.flatten(0, 1).T + network.c.flatten())
    linear = torch.cat([torch.ones_like(states[:, :1]), states], dim=1)
    free = torch.eye(rows, dtype=states.dtype) - linear @ torch.linalg.solve(linear.T @ linear, linear.T)
    units, targets = free @ units, free @ targets
    ratio, identity = log_ratio.exp(), torch.eye(units.shape[1], dtype=states.dtype)
    weights = torch.linalg.solve(units.T @ units + ratio * identity, units.T @ targets)
    left = (targets - units @ weights).square().sum(dim=0) + ratio * weights.square().sum(dim=0)
    volume = torch.logdet(identity + units.T @ units / ratio)
    value: Tensor = 0.5 * rows * (left / rows).log().sum() + 0.5 * outputs * volume
    return value


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "tanh"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_value_and_slopes_are_those_of_the_formula(
    activation: str, outputs: int, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=4, outputs=outputs, activation=activation).to(torch.float64)
    targets = network(INPUTS.double())
    targets = targets - targets.mean(dim=0)
    states = INPUTS.double().requires_grad_()
    log_ratio = torch.tensor(math.log(RATIO), dtype=torch.float64, requires_grad=True)
    expected = plainly(network, states, targets, log_ratio)
    torch.autograd.backward(expected)
    with torch.no_grad():
        slope = evidence_slope(network, states, targets, RATIO)

    assert slope is not None
    assert slope.value == pytest.approx(float(expected.detach()), rel=1e-10)
    assert evidence(network, states.detach(), targets, RATIO) == slope.value
    assert states.grad is not None
    torch.testing.assert_close(slope.states, states.grad, rtol=1e-7, atol=1e-9)
    assert log_ratio.grad is not None
    assert slope.log_ratio == pytest.approx(float(log_ratio.grad), rel=1e-7)
    assert 0.0 < slope.unexplained < 1.0


def test_it_prefers_the_block_that_comes_first_and_its_own_half(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(3, depth=6)
    targets = network(INPUTS) - network(INPUTS).mean(dim=0)
    values = {}
    for i in range(6):
        for j in range(6):
            block = network.reordered([i], [j])
            others = [k for k in range(6) if k != i]
            rest = dataclasses.replace(network, U=network.U[others], c=network.c[others])
            values[i, j] = evidence(rest, INPUTS + block.residual(0, INPUTS), targets, RATIO)

    assert min(values, key=lambda pair: values[pair]) == (0, 0)


def test_states_that_overflow_are_worth_nothing(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=3)
    targets = network(INPUTS)

    assert evidence(network, INPUTS * math.inf, targets, RATIO) == math.inf
    assert evidence_slope(network, INPUTS * math.inf, targets, RATIO) is None


def test_units_that_are_copies_of_each_other_do_not_break_it(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=3)
    twins = dataclasses.replace(network, U=network.U[[0, 0, 0, 1]], c=network.c[[0, 0, 0, 1]])
    targets = network(INPUTS) - network(INPUTS).mean(dim=0)

    assert math.isfinite(evidence(twins, INPUTS, targets, 1e-6))
