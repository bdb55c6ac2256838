"""Pairs within a window: their changes against exact runs, the search against its own definition."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.adjoint import Linearisation, linearise, predict_swaps
from solvers.reassembly.core.evaluation import Rows, order_mse
from solvers.reassembly.ordering import window as module
from solvers.reassembly.ordering.relocation import step_contributions
from solvers.reassembly.ordering.window import WindowSearch, inverted_pairs, pair_changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

ORDER = [1, 0, 2, 6, 4, 3, 5, 7]


def around(dropped: Dropped, rows: int = 300) -> tuple[ResidualNetwork, Rows, Linearisation]:
    part = Rows(dropped.puzzle.inputs[:rows], dropped.puzzle.predictions[:rows], dropped.puzzle.variance)
    ordered = dropped.network.reordered(ORDER, ORDER)
    return ordered, part, linearise(ordered, part, range(8))


def energy(search: WindowSearch, perm: list[int], damping: float) -> float:
    """Evaluate the penalised model at a permutation by its definition."""
    numbers = inverted_pairs(search.depth, search.window)
    z = np.zeros(len(search._linear))
    for (i, a), (j, b) in itertools.combinations(enumerate(perm), 2):
        assert i < j
        if a > b:
            assert numbers[b, a] >= 0, "a pair that is further apart than the window was inverted"
            z[numbers[b, a]] = 1.0
    return float((search._linear + damping * search._gram.diagonal()) @ z + z @ search._gram @ z)


def test_every_pair_in_the_window_has_a_number() -> None:
    numbers = inverted_pairs(6, 2)

    assert (numbers == numbers.T).all()
    known = sorted(numbers[p, q] for p, q in itertools.combinations(range(6), 2) if numbers[p, q] >= 0)
    assert known == list(range(5 + 4))
    assert (numbers[np.abs(np.subtract.outer(np.arange(6), np.arange(6))) > 2] == -1).all()


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_neighbours_are_predicted_as_adjoint_swaps_are(kind: str, request: pytest.FixtureRequest) -> None:
    network, _, linear = around(request.getfixturevalue(kind))
    changes = pair_changes(network, linear, 1)
    errors = linear.errors.T.reshape(-1)

    expected = predict_swaps(network, linear, range(8)).change
    assert torch.allclose((2.0 * errors * changes + changes.square()).mean(dim=1), expected, rtol=1e-4, atol=1e-7)


def test_far_pairs_carry_a_block_on_as_the_relocation_model_does(trained: Dropped) -> None:
    network, _, linear = around(trained)
    changes = pair_changes(network, linear, 4)
    numbers = inverted_pairs(8, 4)

    a = 2
    step = linear.states[a + 1] - linear.states[a]
    positions = step_contributions(
        network, a, torch.stack(linear.states[a + 2 : a + 6]) - step, torch.stack(linear.adjoints[a + 2 : a + 6], dim=1)
    )[0]
    now = (linear.adjoints[a + 1][0] * step).sum(dim=1)
    for x in range(a + 2, a + 5):
        passed = changes[numbers[a, a + 1 : x + 1]].sum(dim=0)
        assert torch.allclose(passed, positions[x - a - 1] - now, atol=1e-5)


def test_chunks_of_rows_change_nothing(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    network, _, linear = around(trained)
    whole = pair_changes(network, linear, 3)
    monkeypatch.setattr(module, "CHUNK", 8 * 24 * 7)

    assert torch.allclose(pair_changes(network, linear, 3), whole, atol=1e-6)


@pytest.mark.parametrize("damping", [0.01, 0.3])
def test_descent_ends_where_no_single_move_helps(damping: float, trained: Dropped) -> None:
    network, _, linear = around(trained)
    search = WindowSearch(pair_changes(network, linear, 3), linear.errors, 8, 3)
    perm = search.descend(damping)

    assert sorted(perm) == list(range(8))
    found = energy(search, perm, damping)
    assert found < -1e-3 * linear.mse
    numbers = inverted_pairs(8, 3)
    for source, target in itertools.permutations(range(8), 2):
        moved = perm.copy()
        moved.insert(target, moved.pop(source))
        passed = perm[source + 1 : target + 1] if target > source else perm[target:source]
        if all(numbers[perm[source], block] >= 0 for block in passed):
            assert energy(search, moved, damping) > found - 2e-6 * linear.mse


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_descent_lowers_the_real_error(kind: str, request: pytest.FixtureRequest) -> None:
    network, rows, linear = around(request.getfixturevalue(kind))
    search = WindowSearch(pair_changes(network, linear, 3), linear.errors, 8, 3)

    assert order_mse(network, rows, search.descend(0.1)) < 0.5 * linear.mse


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_windows_wider_than_the_network_serve(depth: int, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(depth, depth=depth)
    inputs = torch.randn(50, 12, generator=torch.Generator().manual_seed(0))
    backwards = list(range(depth))[::-1]
    rows = Rows(inputs, network.reordered(backwards, backwards)(inputs), 1.0)
    linear = linearise(network, rows, range(depth))
    changes = pair_changes(network, linear, 6)

    assert changes.shape == (depth * (depth - 1) // 2, 50)
    assert sorted(WindowSearch(changes, linear.errors, depth, 6).descend(0.1)) == list(range(depth))
