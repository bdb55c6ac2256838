from __future__ import annotations

import numpy as np
import pytest

from solvers.recovery.hessian.probing import find_span, probe
from tests.solvers.recovery.hidden import active_puzzle, teacher


@pytest.mark.parametrize(
    ("activation", "precision"), [("tanh", "float64"), ("softplus", "float64"), ("tanh", "4 decimals")]
)
def test_the_width_is_the_rank_of_the_derivatives(activation: str, precision: str) -> None:
    network = teacher(8, 11, 1, activation=activation, seed=3)
    puzzle = active_puzzle(network, precision=precision)
    assert puzzle.oracle is not None
    probed = probe(puzzle, puzzle.oracle, 1.0, 2, rows=14_000, rng=np.random.default_rng(0))
    assert probed is not None
    span = find_span(probed)
    assert span is not None
    assert span.units == 11
    weight = network.weights[0] / np.linalg.norm(network.weights[0], axis=1, keepdims=True)
    inside = np.linalg.norm(probed.space.powers(weight) @ span.basis.T, axis=1)
    assert inside.min() > 1 - (1e-12 if precision == "float64" else 1e-2)


def test_more_points_are_asked_until_the_span_is_complete() -> None:
    puzzle = active_puzzle(teacher(11, 50, 1, activation="softplus", worst_condition=None), budget=None)
    assert puzzle.oracle is not None
    probed = probe(puzzle, puzzle.oracle, 1.0, 2, rows=100_000, rng=np.random.default_rng(0))
    assert probed is not None
    assert len(probed.points) > 50
    span = find_span(probed)
    assert span is not None
    assert span.units == 50


def test_a_span_that_fills_the_space_has_no_gap() -> None:
    puzzle = active_puzzle(teacher(3, 8, 1))
    assert puzzle.oracle is not None
    probed = probe(puzzle, puzzle.oracle, 1.0, 2, rows=10_000, rng=np.random.default_rng(0))
    assert probed is not None
    assert find_span(probed) is None


def test_no_more_rows_are_asked_than_allowed() -> None:
    puzzle = active_puzzle(teacher(8, 8, 1))
    assert puzzle.oracle is not None
    assert probe(puzzle, puzzle.oracle, 1.0, 2, rows=1000, rng=np.random.default_rng(0)) is None
    assert puzzle.oracle.left is None
    assert puzzle.oracle.queries == 0  # type: ignore[attr-defined]
    probe(puzzle, puzzle.oracle, 1.0, 2, rows=4000, rng=np.random.default_rng(0))
    assert puzzle.oracle.queries <= 4000  # type: ignore[attr-defined]
