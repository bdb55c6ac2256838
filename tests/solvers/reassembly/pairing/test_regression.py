"""Pairing from the data alone: exact with a known order, nearly exact without, and no pairs from noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.evaluation import Rows, split_rows
from solvers.reassembly.ordering.schedule import smeared_schedule
from solvers.reassembly.pairing.regression import mean_field_pairing
from solvers.reassembly.pairing.statistics import match

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped


def count_right(partners: list[int], truth: list[int]) -> int:
    return sum(found == true for found, true in zip(partners, truth, strict=True))


@pytest.mark.parametrize(("kind", "least"), [("trained", 8), ("trained_logits", 5)])
def test_data_alone_give_most_pairs(
    kind: str,
    least: int,
    request: pytest.FixtureRequest,
    make_halves: Callable[..., tuple[ResidualNetwork, list[int], list[int]]],
) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    halves, _, partners = make_halves(dropped.network, 1)
    rows, _ = split_rows(dropped.puzzle, 800, np.random.default_rng(0))
    found, scores = mean_field_pairing(halves, rows, torch.zeros(8, 8))

    assert count_right(found, partners) >= least  # 1 by chance
    assert found == match(scores)
    torch.testing.assert_close(scores.square().mean(dim=1), torch.ones(8), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["trained", "trained_logits", "young"])
def test_data_with_the_order_give_all_pairs(
    kind: str,
    request: pytest.FixtureRequest,
    make_halves: Callable[..., tuple[ResidualNetwork, list[int], list[int]]],
) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    halves, order, partners = make_halves(dropped.network, 1)
    rows, _ = split_rows(dropped.puzzle, 800, np.random.default_rng(0))
    schedule = smeared_schedule(torch.tensor(np.argsort(order)).float(), 12, 0.05)
    found, _ = mean_field_pairing(halves, rows, torch.zeros(len(order), len(order)), schedule=schedule)

    assert found == partners


def test_without_passes_the_evidence_decides(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 300, np.random.default_rng(0))
    wrong = [3, 0, 1, 2, 7, 4, 5, 6]
    found, scores = mean_field_pairing(trained.network, rows, torch.eye(8)[wrong], passes=0)

    assert found == wrong
    assert torch.equal(scores, torch.eye(8)[wrong])


def test_noise_as_targets_gives_no_pairs(
    make_network: Callable[..., ResidualNetwork],
    make_halves: Callable[..., tuple[ResidualNetwork, list[int], list[int]]],
) -> None:
    right = 0
    for seed in range(4):
        # Not trained: blocks of a trained network undo one another, so even a target of nothing tells pairs.
        halves, _, partners = make_halves(make_network(seed, depth=8), seed)
        rng = torch.Generator().manual_seed(seed)
        rows = Rows(torch.randn(400, 12, generator=rng), torch.randn(400, 1, generator=rng), 1.0)
        right += count_right(mean_field_pairing(halves, rows, torch.zeros(8, 8), passes=4)[0], partners)

    assert right <= 10  # 4 by chance, of 32


def test_targets_that_are_no_numbers_leave_the_evidence(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 300, np.random.default_rng(0))
    evidence = torch.eye(8).flip(0)
    broken = Rows(rows.inputs, torch.full_like(rows.targets, torch.nan), 1.0)

    assert mean_field_pairing(trained.network, broken, evidence)[0] == list(range(7, -1, -1))
