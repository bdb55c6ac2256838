from __future__ import annotations

import numpy as np

from generator.recovery.network.mlp import MLP
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.core.ensemble import Rows
from solvers.recovery.finishing.polish import polish, root_mean_square, solve_outputs
from solvers.recovery.hessian.growing import grown, refitted
from solvers.recovery.hessian.solver import HessianSpan
from tests.solvers.recovery.hidden import active_puzzle, teacher


def test_wrong_norms_and_biases_are_chosen_again() -> None:
    network = teacher(5, 6, 1, activation="g", seed=2)
    inputs = np.random.default_rng(0).standard_normal((300, 5))
    rows = Rows.of(inputs, network(inputs))
    weight, bias = network.weights[0].copy(), network.biases[0].copy()
    weight[1], bias[1] = 0.3 * weight[1], bias[1] + 2
    weight[4], bias[4] = -weight[4], bias[4] + 1
    wrong = solve_outputs(MLP((weight, network.weights[1]), (bias, network.biases[1]), "g"), rows, bypass=False)
    assert root_mean_square(polish(wrong, rows, lambda: False), rows) > 1e-3
    assert root_mean_square(refitted(wrong, rows, 1e-6, lambda: False), rows) < 1e-10


def test_a_missing_unit_is_grown() -> None:
    network = teacher(5, 6, 1, seed=2)
    inputs = np.random.default_rng(0).standard_normal((300, 5))
    rows = Rows.of(inputs, network(inputs))
    fewer = MLP((network.weights[0][1:], network.weights[1][:, 1:]), (network.biases[0][1:], network.biases[1]), "tanh")
    fewer = solve_outputs(fewer, rows, bypass=False)
    assert root_mean_square(fewer, rows) > 1e-2
    found = grown(fewer, rows, np.random.default_rng(1), lambda: False)
    assert found.widths == network.widths
    assert root_mean_square(found, rows) < 1e-10


def test_sharp_units_are_recovered_although_few_points_show_them() -> None:
    network = teacher(6, 8, 1, activation="g", norms=(3.0, 5.0), input_scale=2.0, seed=1)
    puzzle = active_puzzle(network, budget=6000, input_scale=2.0)
    answer = HessianSpan().solve(puzzle, Context(seed=0))
    assert answer.certified
    found = network_of(puzzle, answer.value)
    inputs = np.random.default_rng(0).standard_normal((50, 6))
    assert np.allclose(found(inputs), network(inputs), rtol=0, atol=1e-10)
