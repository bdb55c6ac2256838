"""Tangent planes of bent kink surfaces against the hyperplanes of a first layer."""

from __future__ import annotations

import numpy as np

from generator.recovery.network.mlp import MLP
from solvers.recovery.relu.hyperplanes.bending import without_bent
from solvers.recovery.relu.hyperplanes.planes import Planes
from solvers.recovery.relu.hyperplanes.probe import Probe
from solvers.recovery.relu.hyperplanes.spaces import input_space
from tests.solvers.recovery.hidden import active_puzzle


def test_the_tangent_plane_of_a_second_layer_unit_is_left_out() -> None:
    # h = relu(x_0), relu(x_1); the second layer's unit relu(h_0 + h_1 - 1) has the kink x_0 + x_1 = 1 where both are
    # on, and bends at x_0 = 0 and x_1 = 0.
    network = MLP.of(
        [(np.eye(2), np.zeros(2)), ([[1.0, 1.0], [1.0, -0.5]], [-1.0, 3.0]), ([[1.0, 0.7]], [0.0])], "relu"
    )
    puzzle = active_puzzle(network, box=4.0)
    assert puzzle.oracle is not None
    rng = np.random.default_rng(0)
    domain = input_space(Probe.of(puzzle, puzzle.oracle, rng))
    slant = np.array([1.0, 1.0]) / np.sqrt(2)
    planes = Planes(
        np.array([slant, [1.0, 0.0], [0.0, 1.0]]),
        np.array([-1 / np.sqrt(2), 0.0, 0.0]),
        np.array([[0.5, 0.5], [0.0, 0.7], [0.7, 0.0]]),
    )
    kept = without_bent(domain, planes, rng)
    assert np.array_equal(kept.normals, planes.normals[1:])
