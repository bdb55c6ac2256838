from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from solvers.recovery.core.certificate import Certificate, certify
from solvers.recovery.core.ensemble import Rows
from tests.solvers.recovery.hidden import passive_puzzle, teacher


def certificate(true: MLP, found: MLP, rows: int = 400, **public: Any) -> Certificate:
    puzzle = passive_puzzle(true, rows, 1.5, **public)
    assert puzzle.table is not None
    table = Rows.of(puzzle.table.inputs, puzzle.table.outputs)
    return certify(found, table.take(slice(100, None)), table.take(slice(100)), puzzle.public)


@pytest.mark.parametrize("precision", ["float64", "float32", "4 decimals"])
@pytest.mark.parametrize("widths", [(3, 5, 1), (3, 4, 4, 2)])
def test_the_truth_passes(widths: tuple[int, ...], precision: str) -> None:
    network = teacher(*widths)
    assert certificate(network, network, precision=precision).holds


@pytest.mark.parametrize(("precision", "error"), [("float64", 1e-9), ("float32", 1e-5), ("4 decimals", 1e-3)])
def test_small_errors_fail(precision: str, error: float) -> None:
    network = teacher(3, 5, 1)
    moved = MLP.of([(network.weights[0] + error, network.biases[0]), network.layers()[1]], "tanh")
    found = certificate(network, moved, precision=precision)
    assert not found.holds
    assert "held-out error" in found.reason


def test_surplus_units_fail() -> None:
    network = teacher(3, 5, 1)
    (weight, outer), (bias, constant) = network.weights, network.biases
    dead = MLP.of(
        [(np.vstack([weight, [[1, 2, 3]]]), np.append(bias, 1)), (np.hstack([outer, [[0]]]), constant)], "tanh"
    )
    assert "can be removed" in certificate(network, dead).reason
    twice = MLP.of(
        [(np.vstack([weight, -weight]), np.append(bias, -bias)), (np.hstack([outer, -outer]) / 2, constant)], "tanh"
    )
    assert not certificate(network, twice).holds


def test_more_parameters_than_data_fail() -> None:
    network = teacher(3, 8, 1)
    assert "41 parameters, 40 residuals" in certificate(network, network, rows=140).reason


def test_huge_weights_that_cancel_fail() -> None:
    network = teacher(3, 4, 1)
    (weight, outer), (bias, constant) = network.weights, network.biases
    row = np.array([[0.7, -0.4, 0.9]])
    near = np.vstack([weight, row, row + 1e-13])
    wide = np.hstack([outer, [[1e10, -1e10]]])
    huge = MLP.of([(near, np.append(bias, [0.1, 0.1])), (wide, constant)], "tanh")
    assert "held-out error" in certificate(network, huge).reason
