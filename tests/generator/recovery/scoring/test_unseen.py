from __future__ import annotations

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from generator.recovery.scoring.unseen import Reach, with_unseen_weights

TOLERANCE = 1e-6
BOX = Reach(box=10.0)


def network(unseen: float = -0.2, *, seen: float = 0.7) -> MLP:
    """Return a network in which the first unit of layer 2 is never on together with the second unit of layer 1.

    Layer 1 is (x, -x, x - 1) before ReLU. The first unit of layer 2 has the weight `unseen` on the second unit; it is
    off for x < 0.5, and the second unit is off for x > 0. The weight `seen` of the second unit shows.
    """
    return MLP.of(
        [
            ([[1.0], [-1.0], [1.0]], [0.0, 0.0, -1.0]),
            ([[1.0, unseen, 0.5], [0.3, seen, -0.8]], [-0.5, 0.1]),
            ([[1.0, 2.0]], [0.0]),
        ],
        "relu",
    )


def scrambled(one: MLP) -> MLP:
    """Permute and rescale the units of both layers."""
    first, second = np.array([2, 0, 1]), np.array([1, 0])
    c, d = np.array([2.0, 0.5, 3.0]), np.array([4.0, 0.25])
    (w1, b1), (w2, b2), (w3, b3) = one.layers()
    w1, b1, w2 = (c[:, None] * w1)[first], (c * b1)[first], (w2 / c)[:, first]
    w2, b2, w3 = (d[:, None] * w2)[second], (d * b2)[second], (w3 / d)[:, second]
    return MLP.of([(w1, b1), (w2, b2), (w3, b3)], "relu")


def rows(count: int = 500) -> np.ndarray:
    return np.random.default_rng(0).uniform(-10, 10, (count, 1))


@pytest.mark.parametrize("reach", [BOX, Reach(rows=rows())])
@pytest.mark.parametrize("weight", [-3.0, 0.0, 0.04])
def test_a_weight_that_no_input_shows_becomes_the_true_one(weight: float, reach: Reach) -> None:
    answer = scrambled(network(weight))
    assert np.allclose(answer(rows()), network()(rows()), atol=1e-12)
    replaced = with_unseen_weights(network(), answer, reach, TOLERANCE)
    for found, true in zip(replaced.weights, scrambled(network()).weights, strict=True):
        assert np.allclose(found, true, atol=1e-12)


@pytest.mark.parametrize("reach", [BOX, Reach(rows=rows())])
def test_a_weight_that_turns_the_unit_on_stays_wrong(reach: Reach) -> None:
    answer = scrambled(network(0.5))
    assert not np.allclose(answer(rows()), network()(rows()))
    assert with_unseen_weights(network(), answer, reach, TOLERANCE) is answer


@pytest.mark.parametrize("answer", [network(seen=0.7001), network(-3.0, seen=-0.7)])
def test_weights_that_show_stay_wrong(answer: MLP) -> None:
    assert with_unseen_weights(network(), answer, BOX, TOLERANCE) is answer


def test_a_pair_that_only_few_inputs_turn_on_counts_as_seen() -> None:
    (w1, b1), (w2, b2), out = network().layers()
    b1 = np.add(b1, [0.0, 0.501, 0.0])  # the second unit is on up to x = 0.501, the unit above it from x = 0.5 on
    truth, answer = (MLP.of([(w1, b1), (weights, b2), out], "relu") for weights in (w2, w2 - [[0, 1, 0], [0, 0, 0]]))
    assert with_unseen_weights(truth, answer, BOX, TOLERANCE) is answer


def test_other_networks_are_left_alone() -> None:
    smooth = MLP(network().weights, network().biases, "tanh")
    assert with_unseen_weights(smooth, smooth, BOX, TOLERANCE) is smooth
    assert with_unseen_weights(network(), network(-3.0), Reach(), TOLERANCE).weights[1][0, 1] == -3
