from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.errors import QueryError
from generator.family.oracle import OracleTerms
from solvers.recovery.core.derivatives import (
    STENCILS,
    ask,
    choose_step,
    derivatives_along,
    gradients,
    hessians,
    output_noise,
)
from tests.solvers.recovery.hidden import active_puzzle, teacher

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Polynomial:
    """An oracle of t^degree, t the sum of two inputs."""

    terms = OracleTerms(2, 1)
    left = None

    def __init__(self, degree: int) -> None:
        self.degree = degree

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(np.asarray(inputs, dtype=np.float64).sum(axis=1, keepdims=True) ** self.degree)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_stencils_are_exact_for_low_degrees(order: int) -> None:
    points = np.array([[0.3, 0.2], [-1.0, 0.4]])
    direction = np.array([[0.6, 0.8]])
    for degree in range(order, order + 4):
        found = derivatives_along(Polynomial(degree), points, direction, 0.5, order)[:, 0, 0]
        factor = np.prod(np.arange(degree - order + 1, degree + 1))
        assert np.allclose(found, 1.4**order * factor * points.sum(axis=1) ** (degree - order), rtol=1e-9, atol=1e-9)


def test_gradients_and_hessians_of_all_outputs() -> None:
    network = teacher(5, 7, 3, seed=2)
    oracle = active_puzzle(network).oracle
    assert oracle is not None
    points = np.random.default_rng(0).standard_normal((6, 5))
    before = network.preactivations(points, 1)
    (weight, outer), sigma = network.weights, network.sigma
    slope, curvature = sigma.slope(before), sigma.curvature(before)
    assert np.allclose(gradients(oracle, points, 2e-3), np.einsum("oh,mh,hd->mod", outer, slope, weight), atol=1e-8)
    expected = np.einsum("oh,mh,hd,he->mode", outer, curvature, weight, weight)
    assert np.allclose(hessians(oracle, points, 2e-3), expected, rtol=0, atol=1e-6)


def test_rows_are_counted_before_they_are_asked() -> None:
    puzzle = active_puzzle(teacher(5, 7, 1))
    assert puzzle.oracle is not None
    for order, stencil in STENCILS.items():
        before = puzzle.oracle.queries  # type: ignore[attr-defined]
        derivatives_along(puzzle.oracle, np.zeros((3, 5)), np.eye(5), 0.1, order)
        assert puzzle.oracle.queries - before == stencil.rows(3, 5)  # type: ignore[attr-defined]


def test_long_queries_are_split_and_the_budget_is_kept() -> None:
    puzzle = active_puzzle(teacher(3, 4, 1), budget=10_000)
    assert puzzle.oracle is not None
    assert ask(puzzle.oracle, np.zeros((9000, 3))).shape == (9000, 1)
    with pytest.raises(QueryError):
        ask(puzzle.oracle, np.zeros((1001, 3)))


@pytest.mark.parametrize("precision", ["float64", "6 decimals", "3 decimals"])
@pytest.mark.parametrize("order", [2, 3])
def test_the_chosen_step_is_nearly_the_best(precision: str, order: int) -> None:
    network = teacher(4, 6, 1, seed=1)
    exact, puzzle = active_puzzle(network).oracle, active_puzzle(network, precision=precision)
    assert exact is not None
    assert puzzle.oracle is not None
    rng = np.random.default_rng(0)
    lines = rng.standard_normal((8, 4))
    noise = output_noise(precision, puzzle.resolution, puzzle.oracle(lines))
    step, _ = choose_step(puzzle.oracle, lines, 0.5, order, noise=noise, rng=rng)
    points, directions = rng.standard_normal((40, 4)), np.eye(4)
    truth = derivatives_along(exact, points, directions, 5e-3 if order == 2 else 2e-2, order)

    oracle = puzzle.oracle

    def error(at: float) -> float:
        return float(np.sqrt(np.mean((derivatives_along(oracle, points, directions, at, order) - truth) ** 2)))

    floor = 1e-6  # of the reference itself
    assert error(step) < 6 * min(error(0.5 * 0.5**power) for power in range(12)) + floor
