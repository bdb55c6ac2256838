from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from generator.errors import UnsupportedPuzzleError
from generator.puzzle.answer import as_answer
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.published.critical.merging import merged_rows
from solvers.recovery.published.critical.points import critical_points
from solvers.recovery.published.critical.probe import Probe
from solvers.recovery.published.critical.signatures import signatures
from solvers.recovery.published.differential import Differential
from tests.solvers.recovery.hidden import active_puzzle, passive_puzzle, teacher

if TYPE_CHECKING:
    from generator.recovery.network.mlp import MLP


def normal_form(network: MLP) -> list[np.ndarray]:
    """Scale every hidden unit to weights of norm 1."""
    layers = [np.column_stack(layer) for layer in network.layers()]
    for index, layer in enumerate(layers[:-1]):
        norms = np.linalg.norm(layer[:, :-1], axis=1)
        layers[index] = layer / norms[:, None]
        layers[index + 1][:, :-1] *= norms
    return layers


def worst_error(hidden: MLP, found: MLP) -> float:
    """Match the units layer by layer; return the largest difference of weights."""
    assert found.widths == hidden.widths
    true, mine = normal_form(hidden), normal_form(found)
    for index, layer in enumerate(true[:-1]):
        cost = np.abs(layer[:, None] - mine[index][None]).max(axis=2)
        _, order = linear_sum_assignment(cost)
        mine[index] = mine[index][order]
        mine[index + 1] = np.column_stack([mine[index + 1][:, order], mine[index + 1][:, -1]])
    return max(float(np.abs(one - other).max()) for one, other in zip(true, mine, strict=True))


@pytest.mark.parametrize("widths", [(4, 8, 1), (8, 16, 1), (6, 5, 3), (10, 5, 5, 1)])
@pytest.mark.parametrize("seed", [0, 1])
def test_networks_are_extracted(widths: tuple[int, ...], seed: int) -> None:
    hidden = teacher(*widths, activation="relu", seed=seed)
    puzzle = active_puzzle(hidden, budget=40_000)
    answer = as_answer(Differential().solve(puzzle, Context(seed=seed)))
    assert answer.certified
    assert worst_error(hidden, network_of(puzzle, answer.value)) < 1e-7


def test_critical_points_lie_on_kinks_and_none_is_missed() -> None:
    hidden = teacher(3, 5, 1, activation="relu", seed=2)
    puzzle = active_puzzle(hidden, budget=None)
    assert puzzle.oracle is not None
    probe = Probe(puzzle.oracle, np.ones(1), 1.0, puzzle.box)
    starts, ends = 2 * np.random.default_rng(0).standard_normal((2, 10, 3))
    points = critical_points(probe, starts, ends)
    assert np.abs(hidden.preactivations(points, 1)).min(axis=1).max() < 1e-9
    crossed = (hidden.preactivations(starts, 1) > 0) != (hidden.preactivations(ends, 1) > 0)
    assert len(points) == crossed.sum()


def test_signatures_are_the_weights_up_to_a_factor() -> None:
    hidden = teacher(5, 1, 1, activation="relu", seed=2)
    puzzle = active_puzzle(hidden, budget=None)
    assert puzzle.oracle is not None
    probe = Probe(puzzle.oracle, np.ones(1), 1.0, puzzle.box)
    weight, bias = hidden.weights[0][0], hidden.biases[0][0]
    points, found = signatures(probe, -bias * weight[None] / (weight @ weight))
    assert len(points) == 1
    assert np.allclose(found[0] / found[0, 0], weight / weight[0], rtol=1e-7)


def test_partial_rows_of_one_unit_are_put_together() -> None:
    gap = np.nan
    row = np.array([1.0, -2.0, 3.0, 0.5, 0.25])
    parts = np.array([row, 2 * row, -row, [4.0, 1.0, 2.0, 3.0, 1.0]])
    parts[0, 0], parts[1, 3], parts[2, 1] = gap, gap, gap
    first, second = merged_rows(parts)
    assert (first.seen, second.seen) == (3, 1)
    assert np.allclose(first.entries / first.entries[2] * 3, row)


def test_a_small_budget_is_never_exceeded() -> None:
    puzzle = active_puzzle(teacher(6, 6, 1, activation="relu"), budget=300)
    Differential().solve(puzzle, Context())
    assert puzzle.oracle is not None
    left = puzzle.oracle.left
    assert left is not None
    assert left >= 0


def test_what_the_method_is_not_made_for_is_refused() -> None:
    relu = teacher(3, 3, 1, activation="relu")
    for puzzle in (
        active_puzzle(teacher(3, 3, 1)),
        active_puzzle(relu, precision="6 decimals"),
        passive_puzzle(relu, 100, 1.0),
    ):
        with pytest.raises(UnsupportedPuzzleError):
            Differential().solve(puzzle, Context())
