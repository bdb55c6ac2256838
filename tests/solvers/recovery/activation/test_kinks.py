from __future__ import annotations

import numpy as np
import pytest

from solvers.recovery.activation.kinks import DISTINCT, KINKED, SMOOTH, candidate_activations
from tests.solvers.recovery.hidden import active_puzzle, hiding_activation, teacher


@pytest.mark.parametrize("precision", ["float64", "float32", "4 decimals"])
@pytest.mark.parametrize("activation", [*SMOOTH, *KINKED])
def test_kinks_are_told_from_curves(activation: str, precision: str) -> None:
    for widths in ((8, 8, 1), (4, 6, 6, 2)):
        for seed in range(3):
            network = teacher(*widths, activation=activation, seed=seed, worst_condition=None)
            puzzle = hiding_activation(active_puzzle(network, precision=precision))
            assert puzzle.oracle is not None
            names = candidate_activations(puzzle, puzzle.oracle, np.random.default_rng(seed))
            assert names == (DISTINCT if activation in SMOOTH else KINKED)


def test_a_known_activation_needs_no_rows() -> None:
    puzzle = active_puzzle(teacher(3, 3, 1), budget=0)
    assert puzzle.oracle is not None
    assert candidate_activations(puzzle, puzzle.oracle, np.random.default_rng(0)) == ("tanh",)
