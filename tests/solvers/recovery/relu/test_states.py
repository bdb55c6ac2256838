"""Three hidden layers over the states of the first one: planes, signatures, faces, and the whole search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.relu.deep_relu import DeepRelu
from solvers.recovery.relu.hyperplanes.planes import Planes
from solvers.recovery.relu.hyperplanes.probe import Probe
from solvers.recovery.relu.hyperplanes.spaces import state_space
from solvers.recovery.relu.prefix import Prefix
from solvers.recovery.relu.states import recover
from solvers.recovery.relu.states.choosing import chosen_planes
from solvers.recovery.relu.states.layer import Layer, search_layer
from solvers.recovery.relu.states.sampling import face_points
from solvers.recovery.relu.states.straight import straight_planes
from solvers.recovery.relu.walking.map import KnownMap
from tests.solvers.recovery.hidden import active_puzzle, teacher
from tests.solvers.recovery.relu.comparing import weight_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain


def _spaces(network: MLP) -> tuple[Domain, KnownMap, NDArray[np.float64]]:
    """The states of the first layer, the second layer over them, and the rows of the third, scaled to norm 1."""
    puzzle = active_puzzle(network, box=1000.0, budget=None)
    assert puzzle.oracle is not None
    rng = np.random.default_rng(0)
    (weight, bias), (second, shift), (third, last) = network.layers()[:3]
    scale = np.linalg.norm(weight, axis=1)
    first = Prefix(network.widths[0], "relu").extended(weight, bias)
    domain = state_space(Probe.of(puzzle, puzzle.oracle, rng), first, rng)
    assert domain is not None
    size = domain.dimensions
    prefix = Prefix(size, "relu").extended(second * scale, shift)
    rows = np.column_stack([third * np.linalg.norm(second * scale, axis=1), last])
    rows /= np.linalg.norm(rows[:, :-1], axis=1)[:, None]
    return domain, KnownMap(prefix, bypass=False, origin=np.zeros(size), basis=np.eye(size)), rows


def _drawn(*widths: int, seed: int) -> MLP:
    return teacher(*widths, activation="relu", seed=seed, worst_condition=None)


def _with_tangents(domain: Domain, known: KnownMap, rows: NDArray[np.float64]) -> Planes:
    """Planes of the second layer, and one tangent plane of each unit of the third."""
    weight, bias = known.prefix.weights[0], known.prefix.biases[0]
    starts = domain.sample(4000, np.random.default_rng(7))
    on = known.prefix.pattern(starts)
    normals, offsets, anchors = [], [], []
    for unit in range(len(weight) + len(rows)):
        if unit < len(weight):
            slopes, values = np.broadcast_to(weight[unit], starts.shape), starts @ weight[unit] + bias[unit]
        else:
            row = rows[unit - len(weight)]
            slopes, values = (on * row[:-1]) @ weight, known.features(starts) @ row[:-1] + row[-1]
        sizes = np.linalg.norm(slopes, axis=1) + 1e-9
        points = starts - (values / sizes**2)[:, None] * slopes
        good = domain.inside(points) & (domain.depth(points) > 1e-3)
        good &= (unit < len(weight)) | (known.prefix.pattern(points) == on).all(axis=1)
        one = np.flatnonzero(good)[0]
        normals.append(slopes[one] / sizes[one])
        offsets.append(-normals[-1] @ points[one])
        anchors.append(points[one])
    return Planes(np.array(normals), np.array(offsets), np.array(anchors))


def test_tangent_planes_of_the_third_layer_bend_at_the_second() -> None:
    domain, known, rows = _spaces(_drawn(10, 6, 6, 4, 1, seed=2))
    planes = _with_tangents(domain, known, rows)
    straight = straight_planes(domain, planes, np.random.default_rng(1))
    assert len(straight) < len(planes)
    assert all(np.abs(straight.normals @ normal).max() > 1 - 1e-6 for normal in known.prefix.weights[0])


def test_planes_with_clear_sides_are_those_of_the_second_layer() -> None:
    domain, known, rows = _spaces(_drawn(10, 6, 6, 4, 1, seed=2))
    planes = _with_tangents(domain, known, rows)
    chosen, clear = chosen_planes(domain, planes.some(np.arange(len(planes))[::-1]), np.random.default_rng(1))
    assert clear
    assert len(chosen) == 6
    assert ((chosen.normals @ known.prefix.weights[0].T).max(axis=0) > 1 - 1e-6).all()


def test_rows_of_the_third_layer_are_assembled_from_signatures() -> None:
    domain, known, rows = _spaces(_drawn(10, 6, 6, 4, 1, seed=2))
    layer = Layer(domain, known)
    assert search_layer(layer, np.random.default_rng(3))
    assert not layer.strange
    for row in rows:
        part = min(layer.parts, key=lambda part: min(np.abs(part.row - row).max(), np.abs(part.row + row).max()))
        assert min(np.abs(part.row - row)[:-1][part.seen].max(), np.abs(part.row + row)[:-1][part.seen].max()) < 1e-8


def test_a_missing_unit_of_the_second_layer_leaves_strange_kinks() -> None:
    domain, known, _ = _spaces(_drawn(10, 6, 4, 4, 1, seed=2))
    fewer = Prefix(6, "relu").extended(known.prefix.weights[0][:3], known.prefix.biases[0][:3])
    layer = Layer(domain, KnownMap(fewer, bypass=False, origin=np.zeros(6), basis=np.eye(6)))
    search_layer(layer, np.random.default_rng(3))
    assert layer.doubtful


def test_walks_end_at_vertices_of_the_regions() -> None:
    domain, known, _ = _spaces(_drawn(10, 6, 6, 4, 1, seed=2))
    rng = np.random.default_rng(4)
    starts = domain.sample(200, rng)
    ends = face_points(domain, known, starts, rng, np.zeros((200, 6)))
    size = 1e-9 * (1 + np.linalg.norm(ends, axis=1))[:, None]
    walls = np.column_stack([known.preactivations(ends), (domain.limits - domain.walls(ends)) / domain.norms])
    assert ((np.abs(walls) < size).sum(axis=1) >= 6).mean() > 0.9


@pytest.mark.parametrize("widths", [(8, 5, 5, 4, 1), (10, 6, 4, 4, 2)])
def test_three_hidden_layers_are_recovered_and_certified(
    widths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recover, "MOST_ROWS", recover.ROWS)
    network = _drawn(*widths, seed=4)
    puzzle = active_puzzle(network, box=1000.0, budget=None)
    answer = DeepRelu().solve(puzzle, Context(seed=1, oracle=puzzle.oracle))
    assert weight_error(network, network_of(puzzle, answer.value)) < 1e-8
    assert answer.certified, answer.note


def test_a_network_with_a_weight_that_no_input_shows_is_not_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover, "MOST_ROWS", recover.ROWS)
    base = _drawn(8, 5, 5, 4, 1, seed=4)
    weights, biases = [weight.copy() for weight in base.weights], [bias.copy() for bias in base.biases]
    # Wherever unit 1 of the second layer is on, unit 2 exceeds 10, which switches unit 0 of the third off.
    weights[1][2] = weights[1][1] + 0.3
    biases[1][2] = biases[1][1] + 10.0
    weights[2][0] = [-0.2, -0.3, -1.0, -0.1, -0.2]
    biases[2][0] = 5.0
    network = MLP(tuple(weights), tuple(biases), "relu")
    puzzle = active_puzzle(network, box=1000.0, budget=None)
    answer = DeepRelu().solve(puzzle, Context(seed=1, oracle=puzzle.oracle))
    assert not answer.certified
    assert answer.note
