"""The first layer of a deep tanh network is found where its units saturate."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.recovery.peeling.active import reduced
from solvers.recovery.peeling.hyperplanes import find_hyperplanes, tangent_points
from solvers.recovery.peeling.probing import Probe
from solvers.recovery.peeling.profiles import first_layer
from tests.solvers.recovery.hidden import active_puzzle, teacher


def probe_of(*widths: int, seed: int, activation: str = "tanh") -> tuple[Probe, np.ndarray, np.ndarray]:
    network = teacher(*widths, activation=activation, seed=seed, input_scale=1.5)
    puzzle = active_puzzle(network, budget=200_000)
    assert puzzle.oracle is not None
    return Probe.of(puzzle.oracle, np.random.default_rng(seed)), network.weights[0], network.biases[0]


@pytest.mark.parametrize("widths", [(4, 6, 6, 1), (6, 6, 6, 6, 1), (5, 4, 4, 2)])
def test_every_unit_of_the_first_layer_is_found(widths: tuple[int, ...]) -> None:
    probe, weight, _ = probe_of(*widths, seed=4)
    planes = find_hyperplanes(probe, np.random.default_rng(0))
    found = np.array([plane.direction for plane in planes])
    cosines = np.abs(found @ (weight / np.linalg.norm(weight, axis=1, keepdims=True)).T)
    assert (1 - cosines.max(axis=0)).max() < 1e-9


def test_norms_and_biases_start_the_fit_close_to_the_truth() -> None:
    probe, weight, bias = probe_of(6, 6, 6, 1, seed=2)
    rng = np.random.default_rng(0)
    found, offsets = first_layer(probe, find_hyperplanes(probe, rng), "tanh", rng)
    directions = found / np.linalg.norm(found, axis=1, keepdims=True)
    nearest = np.abs(directions @ weight.T).argmax(axis=0)
    signs = np.sign((found[nearest] * weight).sum(axis=1))
    assert np.abs(signs[:, None] * found[nearest] - weight).max() < 0.3
    assert np.abs(signs * offsets[nearest] - bias).max() < 0.5


def test_the_gradient_is_exact_to_many_digits() -> None:
    network = teacher(3, 5, 1, seed=0)
    probe = Probe.of(active_puzzle(network, budget=None).oracle, np.random.default_rng(0))  # type: ignore[arg-type]
    point = np.array([[0.3, -0.2, 0.5]])
    slopes = network.sigma.slope(network.preactivations(point, 1))
    expected = (network.weights[1] * slopes) @ network.weights[0]
    np.testing.assert_allclose(probe.gradients(point), expected, atol=1e-10)


def test_tangent_points_lie_on_the_hyperplane_and_in_the_box() -> None:
    probe, *_ = probe_of(4, 4, 4, 1, seed=1)
    rng = np.random.default_rng(0)
    plane = find_hyperplanes(probe, rng)[0]
    points = tangent_points(probe, plane, 50, 9.0, rng)
    np.testing.assert_allclose(points @ plane.direction, plane.offset, atol=1e-9)
    assert np.abs(points).max() <= 9.0 + 1e-9


def test_superfluous_inputs_are_dropped() -> None:
    network = teacher(40, 3, 3, 1, seed=0)
    probe = Probe.of(active_puzzle(network, budget=None).oracle, np.random.default_rng(0))  # type: ignore[arg-type]
    smaller = reduced(probe, 1.0, np.random.default_rng(1))
    assert smaller.inputs == 3
    outside = network.weights[0] - network.weights[0] @ smaller.basis @ smaller.basis.T
    assert np.abs(outside).max() < 1e-8
