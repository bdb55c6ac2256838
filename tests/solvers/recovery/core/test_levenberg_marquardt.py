from __future__ import annotations

import numpy as np
import pytest

from solvers.recovery.core.ensemble import Architecture, Rows, draw_students, parameters_of
from solvers.recovery.core.levenberg_marquardt import Stopping, levenberg_marquardt, polish
from solvers.recovery.core.warm_start import warm_start
from tests.solvers.recovery.hidden import passive_puzzle, teacher


def rows_of(*widths: int, activation: str = "tanh", rows: int = 400) -> Rows:
    table = passive_puzzle(teacher(*widths, activation=activation), rows, 2.0).table
    assert table is not None
    return Rows.of(table.inputs, table.outputs)


@pytest.mark.parametrize(("widths", "student"), [((2, 3, 1), 6), ((3, 3, 2), 6)])
def test_wide_students_reach_round_off(widths: tuple[int, ...], student: int) -> None:
    rows, rng = rows_of(*widths), np.random.default_rng(0)
    shape = Architecture((widths[0], student, widths[-1]), "tanh")
    start = warm_start(shape, draw_students(shape, 4, rows, rng), rows, 100, rng)
    fit = levenberg_marquardt(shape, start, rows, Stopping(tolerance=1e-24, iterations=100))
    assert fit.sorted().mse[0] < 1e-24
    assert fit.mse[fit.best()] == fit.mse.min()
    assert (fit.mse <= shape.mse(start, rows)).all()
    assert fit.operations > 0


def test_two_hidden_layers_return_from_a_perturbation() -> None:
    network = teacher(3, 4, 4, 1)
    rows = rows_of(3, 4, 4, 1)
    shape, row = parameters_of(network)
    near = row + 1e-3 * np.random.default_rng(0).standard_normal((2, len(row)))
    fit = levenberg_marquardt(shape, near, rows)
    np.testing.assert_allclose(fit.theta, np.stack([row, row]), atol=1e-9)


def test_held_parameters_stay() -> None:
    network = teacher(2, 3, 1)
    rows = rows_of(2, 3, 1)
    shape, row = parameters_of(network)
    free = np.arange(len(row)) >= 6
    start = row + np.where(free, 0.01, 0.0)
    fit = levenberg_marquardt(shape, start[None], rows, free=free)
    np.testing.assert_array_equal(fit.theta[0][~free], row[~free])
    np.testing.assert_allclose(fit.theta[0], row, atol=1e-10)


def test_stops_when_out_of_time() -> None:
    rows, rng = rows_of(2, 3, 1), np.random.default_rng(0)
    shape = Architecture((2, 3, 1), "tanh")
    start = draw_students(shape, 2, rows, rng)
    fit = levenberg_marquardt(shape, start, rows, Stopping(out_of_time=lambda: True))
    np.testing.assert_array_equal(fit.theta, start)
    assert not fit.iterations.any()


def test_polish_ends_at_round_off() -> None:
    network = teacher(4, 8, 1)
    rows = rows_of(4, 8, 1)
    shape, row = parameters_of(network)
    best, mse = polish(shape, row + 1e-6 * np.random.default_rng(0).standard_normal(len(row)), rows)
    assert mse < 1e-29
    np.testing.assert_allclose(best, row, atol=1e-13)


def test_polish_follows_the_valley_of_two_near_duplicate_units() -> None:
    network = teacher(6, 8, 1, activation="sigmoid", distance=0.01, worst_condition=1e12)
    inputs = np.random.default_rng(1).standard_normal((400, 6))
    rows = Rows.of(inputs, network(inputs))
    shape, row = parameters_of(network)
    # Along the direction that outputs determine least, straight steps leave the curved valley.
    _, J = shape.linearise(row[None], rows)
    flat = np.linalg.svd(J[0].T)[2][-1]
    start = row + 0.3 * flat + 1e-6 * np.random.default_rng(0).standard_normal(len(row))
    best, mse = polish(shape, start, rows)
    assert mse < 1e-28
    np.testing.assert_allclose(best, row, atol=1e-6)
