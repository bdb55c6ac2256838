from __future__ import annotations

import numpy as np
import pytest

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.jacobian import parameter_jacobian
from solvers.recovery.core.ensemble import Architecture, Rows, draw_students, network_of_row, parameters_of
from solvers.recovery.core.pointwise import value_and_slope
from tests.solvers.recovery.hidden import teacher


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_fused_activations_agree_with_the_table(activation: str) -> None:
    z = np.concatenate([np.linspace(-40, 40, 4001), [0.0]])
    value, slope = value_and_slope(activation, z)
    sigma = ACTIVATIONS[activation]
    np.testing.assert_allclose(value, sigma.value(z), rtol=4e-16, atol=1e-14)
    np.testing.assert_allclose(slope, sigma.slope(z), rtol=4e-16, atol=1e-14)


@pytest.mark.parametrize("widths", [(3, 5, 2), (3, 4, 5, 2), (2, 3, 1)])
@pytest.mark.parametrize("activation", ["tanh", "g"])
def test_jacobian_agrees_with_the_generator(widths: tuple[int, ...], activation: str) -> None:
    network = teacher(*widths, activation=activation, worst_condition=None)
    shape, row = parameters_of(network)
    inputs = np.random.default_rng(0).standard_normal((40, widths[0]))
    rows = Rows.of(inputs, network(inputs) + 1)
    residuals, jacobian = shape.linearise(row[None], rows)
    expected = parameter_jacobian(network, inputs).reshape(40, widths[-1], -1).transpose(2, 1, 0)
    np.testing.assert_allclose(jacobian[0], expected.reshape(len(row), -1), atol=1e-13)
    np.testing.assert_allclose(residuals, -1, atol=1e-13)


@pytest.mark.parametrize("widths", [(3, 5, 2), (3, 4, 5, 2)])
def test_gradient_and_jacobian_agree_with_a_by_pass(widths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    shape = Architecture(widths, "softplus", bypass=True)
    rows = Rows.of(rng.standard_normal((30, widths[0])), rng.standard_normal((30, widths[-1])))
    theta = rng.standard_normal((3, shape.parameters))
    residuals, jacobian = shape.linearise(theta, rows)
    expected = 2 * np.einsum("bpn,bn->bp", jacobian, residuals) / rows.equations
    np.testing.assert_allclose(shape.gradient(theta, rows), expected, atol=1e-13)
    step = 1e-6 * rng.standard_normal(shape.parameters)
    change = shape.residuals(theta + step, rows) - shape.residuals(theta - step, rows)
    np.testing.assert_allclose(change / 2, np.einsum("bpn,p->bn", jacobian, step), atol=1e-12)


def test_students_are_networks() -> None:
    rng = np.random.default_rng(0)
    shape = Architecture((3, 4, 2), "gelu", bypass=True)
    inputs = rng.standard_normal((20, 3))
    rows = Rows.of(inputs, rng.standard_normal((20, 2)))
    theta = draw_students(shape, 3, rows, rng)
    network = network_of_row(shape, theta[1])
    np.testing.assert_allclose(network(inputs).T, shape.outputs(theta, rows.inputs)[1], atol=1e-13)
    again, row = parameters_of(network)
    assert again == shape
    np.testing.assert_array_equal(row, theta[1])
