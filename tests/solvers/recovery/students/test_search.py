from __future__ import annotations

import numpy as np

from solvers.recovery.core.ensemble import Architecture, Rows, network_of_row, parameters_of
from solvers.recovery.core.levenberg_marquardt import Fit
from solvers.recovery.students.activations import possible_activations
from solvers.recovery.students.search import _promising, clustered
from tests.solvers.recovery.hidden import teacher
from tests.solvers.recovery.students.matching import worst_error


def test_units_that_students_share_make_a_network() -> None:
    network = teacher(3, 4, 1)
    _, row = parameters_of(network)
    rng = np.random.default_rng(0)
    wide = Architecture((3, 6, 1), "tanh")
    theta = np.zeros((4, wide.parameters))
    parts = wide.unpack(theta)
    for student in range(4):
        order, signs = rng.permutation(6), rng.choice([-1.0, 1.0], 6)
        units = np.column_stack([network.weights[0], network.biases[0]])
        units = (signs[:, None] * np.concatenate([units, 3 * rng.standard_normal((2, 4))]))[order]
        parts.weights[0][student], parts.biases[0][student] = units[:, :3], units[:, 3]
    inputs = rng.standard_normal((200, 3))
    fit = Fit(theta, np.zeros(4), np.zeros(4, np.int64), 0.0)
    found = clustered(wide, fit, Rows.of(inputs, network(inputs)))
    assert found is not None
    shape, result = found
    assert shape.parameters == len(row)
    assert worst_error(network, network_of_row(shape, result)) < 1e-12


def test_students_without_a_common_unit_make_none() -> None:
    shape = Architecture((3, 2, 1), "tanh")
    theta = 10 * np.random.default_rng(0).standard_normal((2, shape.parameters))
    rows = Rows.of(np.ones((5, 3)), np.ones((5, 1)))
    found = clustered(shape, Fit(theta, np.zeros(2), np.zeros(2, np.int64), 0.0), rows)
    assert found is None or found[0].widths[1] < 2


def test_a_width_is_promising_if_wider_ones_are_not_much_better() -> None:
    assert _promising({}) == np.inf
    assert _promising({4: 1e-1, 6: 1e-2}) == np.inf
    assert _promising({4: 1e-4, 6: 1e-4, 9: 1e-7, 14: 9e-8}) == 9


def test_activations_that_no_data_tell_apart_are_tried_once() -> None:
    assert possible_activations("sigmoid") == ("sigmoid",)
    hidden = possible_activations(None)
    assert "tanh" in hidden
    assert "sigmoid" not in hidden
