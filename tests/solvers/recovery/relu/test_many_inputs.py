"""Hyperplanes of networks with many inputs: few queries, exact normals, little memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.relu.deep_relu import DeepRelu
from solvers.recovery.relu.hyperplanes.crossing import Crossings, cross
from solvers.recovery.relu.hyperplanes.flatness import flat
from solvers.recovery.relu.hyperplanes.planes import Planes, gradients
from solvers.recovery.relu.hyperplanes.points import fit_planes
from solvers.recovery.relu.hyperplanes.probe import Probe
from solvers.recovery.relu.hyperplanes.scanning import Lines
from solvers.recovery.relu.hyperplanes.search import find_planes
from solvers.recovery.relu.hyperplanes.spaces import input_space, state_space
from solvers.recovery.relu.prefix import Prefix
from tests.solvers.recovery.hidden import LocalOracle, active_puzzle, teacher
from tests.solvers.recovery.relu.comparing import weight_error

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

NETWORK = teacher(300, 10, 10, 1, activation="relu", seed=3, worst_condition=None)
PUZZLE = active_puzzle(NETWORK, box=1000.0)


def _probe() -> Probe:
    assert PUZZLE.oracle is not None
    return Probe.of(PUZZLE, PUZZLE.oracle, np.random.default_rng(0))


def test_three_hundred_inputs_take_few_queries() -> None:
    puzzle = active_puzzle(NETWORK, box=1000.0)
    answer = DeepRelu().solve(puzzle, Context(seed=1, oracle=puzzle.oracle))
    assert answer.certified
    assert weight_error(NETWORK, network_of(puzzle, answer.value)) < 1e-9
    assert isinstance(puzzle.oracle, LocalOracle)
    assert puzzle.oracle.queries < 60_000


def test_bent_surfaces_far_from_the_origin_are_no_planes() -> None:
    rng = np.random.default_rng(1)
    domain = input_space(_probe())
    starts, ends = 100 * rng.standard_normal((2, 12, domain.dimensions))
    kinks = domain.scan(Lines.between(starts, ends))
    first = np.abs(NETWORK.preactivations(kinks.points, 1)).min(axis=1)
    deeper = first > 1e-6 * np.abs(NETWORK.preactivations(kinks.points, 1)).max(axis=1)
    told = flat(domain, kinks, rng)
    assert told[~deeper].mean() > 0.6
    assert deeper.sum() > 20
    assert told[deeper].mean() < 0.1


def test_checks_of_a_gradient_go_no_farther_than_its_steps() -> None:
    # A move along an axis goes a sixth of the way to the kink; one of 0.1 along every axis would cross it.
    size = 400
    normal = np.full(size, 1 / np.sqrt(size))
    domain = replace(
        input_space(_probe()),
        dimensions=size,
        function=lambda points: np.maximum(points @ normal - 0.03, 0)[:, None],
        noise=lambda points, _: np.full(len(points), 1e-15),
    )
    found, linear = gradients(domain, np.zeros((20, size)), np.full(20, 0.1), np.random.default_rng(0))
    assert linear.all()
    assert not found.any()


def test_a_point_of_another_plane_does_not_spoil_a_fit() -> None:
    rng = np.random.default_rng(0)
    size, count = 100, 130
    normal = rng.standard_normal(size)
    normal /= np.linalg.norm(normal)
    points = rng.standard_normal((count, size))
    points -= np.outer(points @ normal, normal)
    rough = normal + 1e-9 * rng.standard_normal(size)
    rough /= np.linalg.norm(rough)
    points[7] += 1e-8 * normal
    offset = -points @ rough
    every = np.ones(count, dtype=bool)
    slopes = np.ones((count, 1))
    found = Crossings(every, ~every, points, offset, slopes, 2 * slopes, np.full(count, 1e-13))
    planes, counts, errors = fit_planes(
        Planes(rough[None], np.zeros(1), points[:1]), np.zeros(count, dtype=np.intp), found
    )
    assert np.abs(planes.normals[0] - normal).max() < 1e-13
    assert counts[0] == count - 1
    assert 3e-9 < errors[0] < 3e-8


def test_places_tested_in_blocks_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(2)
    domain = input_space(_probe())
    points, directions = rng.standard_normal((2, 200, domain.dimensions))
    rows: list[int] = []

    def counted(inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        rows.append(len(inputs))
        return domain.function(inputs)

    together = cross(replace(domain, function=counted), points, directions, np.full(200, 0.01))
    assert max(rows) < 5 * len(points)
    for at in (0, 63, 64, 199):
        one = cross(domain, points[at : at + 1], directions[at : at + 1], np.full(1, 0.01))
        assert np.allclose(one.before, together.before[at], rtol=1e-9)
        assert one.kink[0] == together.kink[at]


def test_far_segments_are_scanned_by_the_second_search() -> None:
    # No random line reaches the kink at u_0 = 1e5; the segment does.
    size = 2
    domain = replace(
        input_space(_probe()),
        dimensions=size,
        function=lambda points: np.maximum(points[:, :1] - 1e5, 0) + points[:, 1:],
        noise=lambda points, _: 1e-15 * np.linalg.norm(points, axis=1),
        reach=1.0,
        limits=np.empty(0),
        box=None,
        centre=np.zeros(size),
        draw=lambda count, rng: rng.standard_normal((count, size)),
        first=Lines.between(np.zeros((1, size)), np.array([[3e5, 0.0]])),
    )
    rng = np.random.default_rng(0)
    planes = find_planes(domain, rng, deep=False, quiet=3)
    assert not len(planes)
    planes = find_planes(domain, rng, deep=False, quiet=3, known=planes)
    assert np.allclose(np.abs(planes.normals), [[1, 0]])


def test_states_are_measured_a_part_at_a_time() -> None:
    probe = _probe()
    sizes: list[int] = []
    prefix = Prefix(300, "relu").extended(NETWORK.weights[0], NETWORK.biases[0])
    hidden = probe.oracle

    class Counting:
        terms, left = hidden.terms, None

        def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
            sizes.append(len(np.asarray(inputs)))
            return hidden(inputs)

    probe.oracle = Counting()
    rng = np.random.default_rng(0)
    domain = state_space(probe, prefix, rng)
    assert domain is not None
    states = domain.sample(1000, rng)
    values = domain.function(states)
    inputs = (states - prefix.biases[0]) @ np.linalg.pinv(prefix.weights[0]).T
    assert np.allclose(values, NETWORK(inputs))
    assert np.allclose(domain.noise(states, values), probe.noise(inputs, values))
    assert max(sizes) < 500
    directions = rng.standard_normal(states.shape)
    low, high = domain.stretch(states[:1], directions)
    slow = [domain.stretch(states[:1], one[None]) for one in directions]
    assert np.allclose([low, high], np.concatenate(slow, axis=1))
