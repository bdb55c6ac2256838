"""The record of known layers against the network that it is part of."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.recovery.relu.prefix import Prefix
from tests.solvers.recovery.hidden import teacher


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_state_pattern_and_jacobian_agree(activation: str) -> None:
    network = teacher(5, 6, 4, 1, activation=activation, seed=0, worst_condition=None)
    first, second = network.layers()[:2]
    prefix = Prefix(5, activation).extended(*first)
    norms = np.linalg.norm(first[0], axis=1)
    prefix = prefix.extended(second[0] * norms, second[1])
    inputs = np.random.default_rng(0).standard_normal((20, 5))
    scales = np.linalg.norm(second[0] * norms, axis=1)
    assert np.allclose(prefix.hidden(inputs) * scales, network.hidden(inputs, 2))
    assert prefix.pattern(inputs).shape == (20, 10)
    for point, state in zip(inputs, prefix.hidden(inputs), strict=True):
        matrix, offset = prefix.linear_map(prefix.pattern(point[None])[0])
        assert np.allclose(matrix @ point + offset, state)
        assert np.allclose(prefix.jacobian(point), matrix)
