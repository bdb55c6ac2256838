"""Pairs and order settled by turns: exact from no evidence at all, and obedient to rounds, seeds and the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.evaluation import split_rows
from solvers.reassembly.core.monitor import SILENT
from solvers.reassembly.flagship import alternation
from solvers.reassembly.flagship.alternation import alternate
from solvers.reassembly.ordering.refine import Assembly, Refiner
from solvers.reassembly.pairing.regression import mean_field_pairing

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

    MakeHalves = Callable[..., tuple[ResidualNetwork, list[int], list[int]]]


def refiner_of(dropped: Dropped, halves: ResidualNetwork, reports: list[Assembly], seed: int = 0) -> Refiner:
    rows, _ = split_rows(dropped.puzzle, 800, np.random.default_rng(0))
    return Refiner(halves, rows, np.random.default_rng(seed), reports.append, lambda: False)


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_it_is_exact_without_evidence(kind: str, request: pytest.FixtureRequest, make_halves: MakeHalves) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    halves, order, partners = make_halves(dropped.network, 1)
    refiner = refiner_of(dropped, halves, [])
    found = alternate(refiner, torch.zeros(8, 8), SILENT, rounds=5)

    assert refiner.solved(found)
    assert found.incoming == tuple(order)
    assert found.outgoing == tuple(partners[i] for i in order)


def test_pairs_gain_from_the_order_and_the_order_from_pairs(trained_logits: Dropped, make_halves: MakeHalves) -> None:
    halves, _, partners = make_halves(trained_logits.network, 2)
    rows, _ = split_rows(trained_logits.puzzle, 800, np.random.default_rng(0))
    first, _ = mean_field_pairing(halves, rows, torch.zeros(8, 8))
    errors = []
    for rounds in (1, 3):
        refiner = refiner_of(trained_logits, halves, [])
        refiner.repair = False  # so that only the regression changes partners
        found = alternate(refiner, torch.zeros(8, 8), SILENT, rounds=rounds)
        errors.append(found.mse)

    assert first != partners
    assert errors[1] < 0.8 * errors[0]


def test_without_rounds_the_regression_alone_pairs(trained: Dropped, make_halves: MakeHalves) -> None:
    halves, _, partners = make_halves(trained.network, 1)
    found = alternate(refiner_of(trained, halves, []), torch.zeros(8, 8), SILENT, rounds=0)

    assert found.incoming == tuple(range(8))
    assert list(found.outgoing) == partners


def test_equal_seeds_give_equal_ends(trained_logits: Dropped, make_halves: MakeHalves) -> None:
    halves, _, _ = make_halves(trained_logits.network, 1)
    ends = []
    for _ in range(2):
        reports: list[Assembly] = []
        refiner = refiner_of(trained_logits, halves, reports, seed=3)
        ends.append((alternate(refiner, torch.zeros(8, 8), SILENT, rounds=2), reports))

    assert ends[0] == ends[1]


def test_a_worse_round_does_not_replace_a_better_one(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    close, wild = [1, 0, 2, 3, 4, 5, 6, 7], [3, 0, 1, 2, 7, 4, 5, 6]
    schedules: list[torch.Tensor | None] = []

    def regress(*_: object, schedule: torch.Tensor | None = None, **__: object) -> tuple[list[int], torch.Tensor]:
        schedules.append(schedule)
        return (close if len(schedules) == 1 else wild), torch.zeros(8, 8)

    monkeypatch.setattr(alternation, "mean_field_pairing", regress)
    refiner = refiner_of(trained, trained.network, [])
    refiner.repair = False
    found = alternate(refiner, torch.zeros(8, 8), SILENT, rounds=3)

    assert [found.outgoing[t] for t in np.argsort(found.incoming)] == close
    # The second regression and the third run along the best order, the first along none.
    assert schedules[0] is None
    for schedule in schedules[1:]:
        assert schedule is not None
        moments = torch.arange(12.0) @ schedule
        assert moments.argsort().tolist() == list(found.incoming)
