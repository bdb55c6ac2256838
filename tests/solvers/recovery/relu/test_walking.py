from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.prefix import Prefix
from solvers.recovery.relu.walking.crossings import cross
from solvers.recovery.relu.walking.lines import Probe, find_kinks
from solvers.recovery.relu.walking.map import KnownMap
from solvers.recovery.relu.walking.steps import Kink, random_lines, start
from solvers.recovery.relu.walking.surface import best_row
from tests.solvers.recovery.hidden import LocalOracle, active_puzzle, teacher

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP


def known_map(network: MLP, depth: int) -> tuple[KnownMap, NDArray[np.float64]]:
    """The first layers of a network, and the rows (v, b) of the next one."""
    prefix, scale = Prefix(network.widths[0], network.activation), np.ones(network.widths[0])
    for weight, bias in network.layers()[:depth]:
        prefix = prefix.extended(weight * scale, bias)
        scale = np.linalg.norm(weight * scale, axis=1)
    return KnownMap.of(prefix), np.column_stack([network.weights[depth] * scale, network.biases[depth]])


def found_kinks(network: MLP, known: KnownMap, count: int = 4) -> tuple[Probe, list[Kink]]:
    """Kinks on random lines that the known layers do not explain."""
    rng = np.random.default_rng(0)
    oracle = LocalOracle(network, active_puzzle(network, budget=None).public)
    probe = Probe.of(oracle, known, 1.0, rng)
    starts, directions, low, high = random_lines(probe, rng, count)
    line, left, right = known.nodes(starts, directions, low, high).pieces()
    kinks = find_kinks(probe, starts[line], directions[line], (left, right), 1e-6)
    points = starts[line[kinks.piece]] + kinks.at[:, None] * directions[line[kinks.piece]]
    return probe, [Kink(*one) for one in zip(points, directions[line[kinks.piece]], kinks.room, strict=True)]


def test_wide_inputs_are_reduced_to_what_the_first_layer_sees() -> None:
    network = teacher(12, 5, 4, 1, activation="relu", seed=0, worst_condition=None)
    known, _ = known_map(network, 1)
    points = np.random.default_rng(1).standard_normal((7, known.coordinates))
    assert known.coordinates == 5
    assert np.allclose(known.prefix.hidden(known.inputs(points)), known.features(points), atol=1e-12)


def test_nodes_are_all_kinks_of_the_known_units() -> None:
    network = teacher(4, 6, 5, 1, activation="relu", seed=1, worst_condition=None)
    known, rows = known_map(network, 1)
    rng = np.random.default_rng(2)
    starts, directions = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    nodes = known.nodes(starts, directions, np.full(3, -5.0), np.full(3, 5.0), rows)

    def preactivations(line: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.float64]:
        points = starts[line] + at[:, None] * directions[line]
        return np.column_stack([known.preactivations(points), known.features(points) @ rows[:, :-1].T + rows[:, -1]])

    inner = nodes.unit >= 0
    assert inner.sum() > 10
    at_nodes = preactivations(nodes.line[inner], nodes.at[inner])
    assert np.abs(at_nodes[np.arange(inner.sum()), nodes.unit[inner]]).max() < 1e-11
    line, left, right = nodes.pieces()
    first, last = (preactivations(line, left + share * (right - left)) > 0 for share in (0.01, 0.99))
    assert (first == last).all()


def test_kinks_are_those_of_the_next_layer() -> None:
    network = teacher(5, 8, 6, 1, activation="relu", seed=4, worst_condition=None)
    known, _ = known_map(network, 1)
    _, kinks = found_kinks(network, known)
    points = known.inputs(np.array([kink.point for kink in kinks]))
    assert len(points) > 20
    assert np.quantile(np.abs(network.preactivations(points, 2)).min(axis=1), 0.9) < 1e-9


def test_walk_gives_the_row_although_one_piece_cannot() -> None:
    network = teacher(4, 7, 5, 1, activation="relu", seed=2, worst_condition=None)
    known, rows = known_map(network, 1)
    probe, kinks = found_kinks(network, known)
    rng = np.random.default_rng(3)
    surface = start(probe, max(kinks, key=lambda kink: kink.room), rng)
    assert surface is not None
    assert surface.null().shape[1] > 1
    for _ in range(40):
        if surface.null().shape[1] == 1:
            break
        cross(surface, rng)
    row, freedom, distance = best_row(known, surface.points, surface.errors)
    assert not freedom
    assert distance < 1e-10
    assert (np.abs(rows[:, :-1] @ row[:-1]) / np.linalg.norm(rows[:, :-1], axis=1)).max() > 1 - 1e-12
    assert surface.missed <= 2


def test_walk_from_a_deeper_unit_fails() -> None:
    network = teacher(5, 5, 6, 5, 1, activation="relu", seed=3, worst_condition=None)
    known, _ = known_map(network, 1)
    probe, kinks = found_kinks(network, known, 6)
    points = known.inputs(np.array([kink.point for kink in kinks]))
    deep = np.nonzero(np.abs(network.preactivations(points, 3)).min(axis=1) < 1e-10)[0]
    rng, missed, tried = np.random.default_rng(5), 0, 0
    for one in deep[:8]:
        surface = start(probe, kinks[one], rng)
        if surface is not None:
            for _ in range(6):
                cross(surface, rng)
            missed, tried = missed + surface.missed, tried + surface.tried
    assert len(deep) > 5
    assert missed > 0.2 * tried
