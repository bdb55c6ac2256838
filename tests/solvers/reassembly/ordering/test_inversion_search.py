"""The search on a model of inversions against the model's own definition, one move at a time and two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.core.band import Band
from solvers.reassembly.core.evaluation import order_mse, split_rows
from solvers.reassembly.ordering.inversion_search import InversionSearch
from solvers.reassembly.ordering.relocation import InversionModel, inversion_model

if TYPE_CHECKING:
    from tests.solvers.reassembly.conftest import Dropped

ORDER = [1, 0, 2, 6, 4, 3, 5, 7]


def model_of(dropped: Dropped) -> InversionModel:
    rows, _ = split_rows(dropped.puzzle, 300, np.random.default_rng(0))
    return inversion_model(dropped.network, linearise(dropped.network, rows, ORDER), ORDER)


def test_predicted_changes_are_those_of_the_definition(trained: Dropped) -> None:
    model = model_of(trained)
    search = InversionSearch(model)
    route = search.begin(0.3)
    for move in (3 * 8 + 6, 7 * 8 + 1, 2 * 8 + 0):
        route = search.apply(route, move, float(search.predicted_changes(route).flat[move]))

    z = torch.from_numpy(route.active.reshape(-1)).float()
    energy = model.gram.diagonal()
    expected = float(-2.0 * model.linear @ z + z @ model.gram @ z + 0.3 * energy @ z)
    assert route.change == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert sorted(route.perm.tolist()) == list(range(8))


def test_moving_back_costs_what_moving_gained(trained: Dropped) -> None:
    search = InversionSearch(model_of(trained))
    start = search.begin(0.1)
    forth = search.apply(start, 2 * 8 + 5, float(search.predicted_changes(start)[2, 5]))
    back = search.apply(forth, 5 * 8 + 2, float(search.predicted_changes(forth)[5, 2]))

    assert back.perm.tolist() == list(range(8))
    assert not back.active.any()
    assert back.change == pytest.approx(0.0, abs=1e-6)


def two_blocks_past_a_third(together: float) -> InversionModel:
    """Model three blocks of which 0 and 1 may pass 2 at a predicted change of 0.5 each, less `together` for both."""
    gram, linear = 0.01 * torch.eye(9), torch.zeros(9)
    first, second = 0 * 3 + 2, 1 * 3 + 2
    gram[first, first] = gram[second, second] = 2.0
    gram[first, second] = gram[second, first] = -0.5 * together
    linear[first] = linear[second] = 0.75
    for closed in (2 * 3 + 0, 2 * 3 + 1, 0 * 3 + 1, 1 * 3 + 0):
        gram[closed, closed] = 50.0
    return InversionModel(gram, linear, 1.0, 3)


def test_two_moves_are_found_where_no_single_one_helps() -> None:
    search = InversionSearch(two_blocks_past_a_third(3.0))
    stuck = search.descend(search.begin(0.0))
    route = search.deepen(stuck, lambda: False)

    assert search.predicted_changes(stuck)[~np.eye(3, dtype=bool)].min() == pytest.approx(0.5)
    assert stuck.perm.tolist() == [0, 1, 2]
    assert stuck.change == 0.0
    assert route.perm.tolist() == [2, 0, 1]
    assert route.change == pytest.approx(0.5 + 0.5 - 3.0)


def test_two_moves_that_do_not_help_together_are_not_made() -> None:
    search = InversionSearch(two_blocks_past_a_third(0.9))
    route = search.deepen(search.begin(0.0), lambda: False)

    assert route.perm.tolist() == [0, 1, 2]
    assert route.change == 0.0


def test_looking_for_two_moves_ends_when_it_must_stop() -> None:
    search = InversionSearch(two_blocks_past_a_third(3.0))

    assert search.deepen(search.begin(0.0), lambda: True).change == 0.0


def test_gains_that_are_rounding_do_not_lead_round_in_circles_for_ever() -> None:
    """An error far below the float32 rounding of the model's numbers, as it is on degraded puzzles."""
    features = torch.randn(36, 200, generator=torch.Generator().manual_seed(0))
    search = InversionSearch(InversionModel(features @ features.T / 200, torch.zeros(36), 1e-9, 6))
    rounds = 0

    def stop() -> bool:
        nonlocal rounds
        rounds += 1
        return rounds > 200

    search.deepen(search.begin(0.0), stop)
    assert rounds < 100


def test_a_band_of_all_positions_is_the_whole_model(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 300, np.random.default_rng(0))
    around = linearise(trained.network, rows, ORDER)
    banded = inversion_model(trained.network, around, ORDER, Band(8, 8))
    whole = model_of(trained)

    assert torch.equal(banded.gram, whole.gram)
    assert torch.equal(banded.linear, whole.linear)


def test_a_narrow_band_predicts_what_it_holds_as_the_whole_model_does(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 300, np.random.default_rng(0))
    around = linearise(trained.network, rows, ORDER)
    searches = [InversionSearch(inversion_model(trained.network, around, ORDER, Band(8, span))) for span in (8, 5)]
    whole, narrow = [search.begin(0.2) for search in searches]
    for _ in range(4):
        far, near = searches[0].predicted_changes(whole), searches[1].predicted_changes(narrow)
        known = np.isfinite(near)
        np.testing.assert_allclose(near[known], far[known], rtol=1e-3, atol=1e-6)
        assert known.sum() >= 3 * 8
        assert not known.all()
        off = known & ~np.eye(8, dtype=bool)
        move = int(np.where(off, near, np.inf).argmin())
        whole = searches[0].apply(whole, move, float(far.flat[move]))
        narrow = searches[1].apply(narrow, move, float(near.flat[move]))
        assert narrow.perm.tolist() == whole.perm.tolist()


def test_a_search_in_a_band_lowers_the_real_error(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 300, np.random.default_rng(0))
    around = linearise(trained.network, rows, ORDER)
    search = InversionSearch(inversion_model(trained.network, around, ORDER, Band(8, 5)))
    route = search.deepen(search.descend(search.begin(0.1)), lambda: False)

    assert np.isfinite(route.change)
    assert order_mse(trained.network, rows, [ORDER[t] for t in route.perm]) < 0.5 * around.mse
