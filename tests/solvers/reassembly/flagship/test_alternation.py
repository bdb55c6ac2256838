"""Pairs and order in alternation: exact without evidence, better with more rounds, reproducible, and in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from solvers.api import Context
from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.core.deadline import NEVER
from solvers.reassembly.core.evaluation import split_rows
from solvers.reassembly.core.monitor import SILENT
from solvers.reassembly.flagship import alternation
from solvers.reassembly.flagship.alternation import alternate
from solvers.reassembly.ordering.refine import Refiner
from solvers.reassembly.pairing.regression import mean_field_pairing

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.assembly import Assembly
    from tests.solvers.reassembly.conftest import Dropped

    MakeHalves = Callable[..., tuple[ResidualNetwork, list[int], list[int]]]


def refiner_of(dropped: Dropped, halves: ResidualNetwork, reports: list[Assembly], seed: int = 0) -> Refiner:
    rows, _ = split_rows(dropped.puzzle, 800, np.random.default_rng(0))
    return Refiner(halves, rows, np.random.default_rng(seed), NEVER, reports.append)


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_it_is_exact_without_evidence(kind: str, request: pytest.FixtureRequest, make_halves: MakeHalves) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    halves, order, partners = make_halves(dropped.network, 1)
    refiner = refiner_of(dropped, halves, [])
    found = alternate(refiner, torch.zeros(8, 8), SILENT, rounds=5, repair=True)

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
        # Without repair, only the regression changes partners.
        errors.append(alternate(refiner, torch.zeros(8, 8), SILENT, rounds=rounds, repair=False).mse)

    assert first != partners
    assert errors[1] < 0.8 * errors[0]


def test_without_rounds_the_regression_alone_pairs(trained: Dropped, make_halves: MakeHalves) -> None:
    halves, _, partners = make_halves(trained.network, 1)
    found = alternate(refiner_of(trained, halves, []), torch.zeros(8, 8), SILENT, rounds=0, repair=True)

    assert found.incoming == tuple(range(8))
    assert list(found.outgoing) == partners


def test_equal_seeds_give_equal_ends(trained_logits: Dropped, make_halves: MakeHalves) -> None:
    halves, _, _ = make_halves(trained_logits.network, 1)
    ends = []
    for _ in range(2):
        reports: list[Assembly] = []
        refiner = refiner_of(trained_logits, halves, reports, seed=3)
        ends.append((alternate(refiner, torch.zeros(8, 8), SILENT, rounds=2, repair=True), reports))

    assert ends[0] == ends[1]


class Logged:
    """A monitor that keeps the error of every round.

    Attributes:
        errors: by round.
    """

    deadline = NEVER

    def __init__(self) -> None:
        self.errors: list[float] = []

    def found(self, order: object, mse: float, rows: int) -> None:
        raise NotImplementedError

    def log(self, text: str) -> None:
        if text.startswith("alternation"):
            self.errors.append(float(text.rsplit(maxsplit=1)[-1]))


def test_the_best_round_is_returned_and_further_rounds_cannot_replace_it_by_a_worse(
    young: Dropped, make_halves: MakeHalves
) -> None:
    worse_rounds = 0
    for seed in (0, 6):
        halves, _, _ = make_halves(young.network, 1)
        refiner, logged = refiner_of(young, halves, [], seed), Logged()
        found = alternate(refiner, torch.zeros(10, 10), logged, rounds=5, repair=False)
        worse_rounds += logged.errors[-1] > min(logged.errors)

        assert found.mse == pytest.approx(min(logged.errors), rel=1e-3)
        assert found == refiner.measure(*found.halves)
    assert worse_rounds  # in some run the last round is not the best


def test_regressions_know_the_order_of_the_best_round(
    young: Dropped, make_halves: MakeHalves, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves, _, _ = make_halves(young.network, 1)

    def run(rounds: int) -> Assembly:
        refiner = refiner_of(young, halves, [], 6)
        return alternate(refiner, torch.zeros(10, 10), SILENT, rounds=rounds, repair=False)

    best = [run(rounds) for rounds in (1, 2, 3)]
    schedules: list[torch.Tensor | None] = []

    def recorded(*args: Any, schedule: torch.Tensor | None = None, **options: Any) -> tuple[list[int], torch.Tensor]:
        schedules.append(schedule)
        return mean_field_pairing(*args, schedule=schedule, **options)

    monkeypatch.setattr(alternation, "mean_field_pairing", recorded)
    run(4)

    assert best[1] == best[2] != best[0]  # the third round is worse than the second
    assert schedules[0] is None
    for schedule, assembly in zip(schedules[1:], best, strict=True):
        assert schedule is not None
        assert (torch.arange(12.0) @ schedule).argsort().tolist() == list(assembly.incoming)


def test_only_repair_changes_partners_between_regressions(young: Dropped, make_halves: MakeHalves) -> None:
    halves, _, _ = make_halves(young.network, 1)
    regressed, kept, repaired = (
        alternate(refiner_of(young, halves, []), torch.zeros(10, 10), SILENT, rounds=rounds, repair=repair)
        for rounds, repair in ((0, False), (1, False), (1, True))
    )

    assert kept.partners == regressed.partners != repaired.partners
    assert repaired.mse < kept.mse < regressed.mse


def test_evidence_is_believed_where_it_is_strong(trained: Dropped, make_halves: MakeHalves) -> None:
    halves, _, partners = make_halves(trained.network, 1)
    few, _ = split_rows(trained.puzzle, 4, np.random.default_rng(0))
    evidence = torch.full((8, 8), -10.0)
    evidence[range(8), partners] = 10.0
    found = []
    for log_odds in (torch.zeros(8, 8), evidence):
        refiner = Refiner(halves, few, np.random.default_rng(0), NEVER, lambda _: None)
        found.append(alternate(refiner, log_odds, SILENT, rounds=0, repair=False).partners)

    assert found[0] != partners
    assert found[1] == partners


def test_after_the_deadline_no_second_round_begins(trained_logits: Dropped) -> None:
    attempt = Attempt.begin(trained_logits.puzzle, Context(seed=1, wall_s=1e-6), 800)
    refiner = Refiner(trained_logits.puzzle.network, attempt.search, attempt.rng, attempt.deadline, attempt.best.offer)
    logged = Logged()
    logged.deadline = attempt.deadline
    found = alternate(refiner, torch.zeros(8, 8), logged, rounds=5, repair=True)

    assert len(logged.errors) == 1
    assert sorted(found.incoming) == sorted(found.outgoing) == list(range(8))
