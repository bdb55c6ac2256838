"""Regression on inversions and moves within a window: repairs, orders that must stay, and the exact error decides."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from solvers.reassembly.core.deadline import NEVER
from solvers.reassembly.core.evaluation import Rows, split_rows
from solvers.reassembly.ordering.inversion_regression import largest_window
from solvers.reassembly.ordering.polish import move_within_window, remove_inversions
from solvers.reassembly.ordering.refine import Refiner

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.assembly import Assembly
    from tests.solvers.reassembly.conftest import Dropped

NEAR = [1, 0, 2, 4, 3, 5, 7, 6]
STEPS: dict[str, Callable[[Refiner, Assembly], Assembly]] = {
    "remove_inversions": lambda refiner, assembly: remove_inversions(refiner, assembly, repair=True),
    "move_within_window": move_within_window,
}


def refiner_of(dropped: Dropped, *, seed: int = 0, stopped: bool = False) -> tuple[Refiner, list[Assembly]]:
    rows, _ = split_rows(dropped.puzzle, 700, np.random.default_rng(0))
    reports: list[Assembly] = []
    deadline = NEVER.at(0.0) if stopped else NEVER
    return Refiner(dropped.network, rows, np.random.default_rng(seed), deadline, reports.append), reports


def assembly_of(refiner: Refiner, order: list[int]) -> Assembly:
    return refiner.measure(tuple(order), tuple(order))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_nearly_right_orders_are_put_right(step: str, kind: str, request: pytest.FixtureRequest) -> None:
    refiner, reports = refiner_of(request.getfixturevalue(kind))
    found = STEPS[step](refiner, assembly_of(refiner, NEAR))

    assert found.incoming == found.outgoing == tuple(range(8))
    assert reports[-1] == found


@pytest.mark.parametrize("step", STEPS)
def test_nothing_gets_worse_and_gains_are_reported(step: str, trained: Dropped) -> None:
    for seed in range(3):
        refiner, reports = refiner_of(trained, seed=seed)
        before = assembly_of(refiner, np.random.default_rng(seed).permutation(8).tolist())
        after = STEPS[step](refiner, before)
        errors = [before.mse, *(report.mse for report in reports)]

        assert errors == sorted(errors, reverse=True)
        assert after.mse == errors[-1]
        assert after == assembly_of(refiner, list(after.incoming))


def test_equal_seeds_give_equal_orders(trained: Dropped) -> None:
    start = np.random.default_rng(4).permutation(8).tolist()
    found = []
    for _ in range(2):
        refiner, reports = refiner_of(trained, seed=5)
        found.append((remove_inversions(refiner, assembly_of(refiner, start), repair=True), reports))

    assert found[0] == found[1]


@pytest.mark.parametrize("step", STEPS)
def test_without_time_and_without_need_nothing_is_done(step: str, trained: Dropped) -> None:
    refiner, reports = refiner_of(trained, stopped=True)
    assert STEPS[step](refiner, assembly_of(refiner, NEAR)).incoming == tuple(NEAR)

    refiner, _ = refiner_of(trained)
    truth = assembly_of(refiner, list(range(8)))
    assert STEPS[step](refiner, truth) == truth
    assert not reports


def test_a_block_further_off_than_the_window_is_moved_home(trained: Dropped) -> None:
    far = [6, 0, 1, 2, 3, 4, 5, 7]
    refiner, reports = refiner_of(trained)
    # So many rows allow a window of one position only.
    few = trained.puzzle.inputs[:15]
    refiner.search = Rows(few, trained.puzzle.predictions[:15], trained.puzzle.variance)
    start = assembly_of(refiner, far)

    assert largest_window(8, 15) == 1
    assert remove_inversions(refiner, start, repair=False).incoming == tuple(range(8))
    assert reports


def test_too_few_rows_ask_for_no_pairs(
    make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    refiner, reports = refiner_of(make_puzzle(make_network(0), rows=3))
    before = assembly_of(refiner, [1, 0, 2, 3, 4])

    assert remove_inversions(refiner, before, repair=True) == before
    assert not reports


def test_assemblies_of_no_finite_error_are_left_alone(
    make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    refiner, _ = refiner_of(make_puzzle(make_network(0)))
    refiner.halves = refiner.halves.reordered(range(5), range(5))
    refiner.halves.V.mul_(1e20)
    broken = assembly_of(refiner, list(range(5)))

    assert broken.mse == float("inf")
    assert remove_inversions(refiner, broken, repair=True) == broken


@pytest.mark.parametrize("step", STEPS)
def test_the_models_do_not_decide(step: str, trained: Dropped) -> None:
    # The models are fitted on rows of the true network, and orders are judged on rows of a network in another order,
    # which is where the search starts: whatever the models predict, no order has a lower error than this one.
    refiner, reports = refiner_of(trained)
    inputs = refiner.deciding.inputs
    predictions = trained.network.reordered(NEAR, NEAR)(inputs) + 1e-3 * inputs[:, :1]
    refiner.deciding = Rows(inputs, predictions, refiner.search.variance)
    start = assembly_of(refiner, NEAR)

    assert not refiner.solved(start)
    assert STEPS[step](refiner, start) == start
    assert not reports


def test_a_wrong_pair_is_found_and_the_order_put_right_after_it(
    make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    network = make_network(1, depth=10)
    dropped = make_puzzle(dataclasses.replace(network, V=0.2 * network.V, e=0.2 * network.e), rows=1000)
    incoming, outgoing = (0, 2, 1, 3, 4, 6, 5, 7, 9, 8), (0, 7, 1, 3, 4, 6, 5, 2, 9, 8)
    found = []
    for repair in (True, False):
        refiner, _ = refiner_of(dropped)
        found.append(remove_inversions(refiner, refiner.measure(incoming, outgoing), repair=repair))

    assert found[0].incoming == found[0].outgoing == tuple(range(10))
    assert set(zip(found[1].incoming, found[1].outgoing, strict=True)) == set(zip(incoming, outgoing, strict=True))
