"""Filters learn the common part of all pairs, and leave out the pair that they judge."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.pairing import filters
from solvers.reassembly.pairing.alignment import standard_scores
from solvers.reassembly.pairing.filters import annealed_filter, head_filter, matched_filter
from solvers.reassembly.pairing.statistics import match
from tests.solvers.reassembly.planting import DEPTH, PARTNERS, count_right, matched_mean, noise, planted

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork


def annealed(network: ResidualNetwork, start: Tensor, companions: Tensor) -> Tensor:
    return annealed_filter([network], start, companions)


def one_aspect(network: ResidualNetwork, start: Tensor, companions: Tensor) -> Tensor:
    return matched_filter([network], start, companions)


def test_head_filter_learns_a_direction_that_no_alignment_knows(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=DEPTH)
    secret = torch.randn(12, generator=torch.Generator().manual_seed(7))
    start = standard_scores(noise(8) + 1.5 * torch.eye(DEPTH)[PARTNERS])
    learnt = head_filter(planted(network, PARTNERS, secret, 0.5), start, 0.3 * start)
    useless = head_filter(network, start, 0.3 * start)

    assert count_right(match(start), PARTNERS) <= DEPTH // 2
    assert match(learnt) == PARTNERS
    assert count_right(match(useless), PARTNERS) <= DEPTH // 2


@pytest.mark.parametrize("learn", [one_aspect, annealed])
def test_it_learns_what_products_share(
    learn: Callable[..., Tensor], make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=DEPTH)
    common = torch.randn(12, 12, generator=torch.Generator().manual_seed(7)) / 12**0.5
    V = network.V.clone()
    V[PARTNERS] += 0.15 * common @ network.U.transpose(1, 2)
    start = standard_scores(noise(8) + 1.5 * torch.eye(DEPTH)[PARTNERS])
    learnt = learn(dataclasses.replace(network, V=V), start, torch.zeros(DEPTH, DEPTH))

    assert count_right(match(start), PARTNERS) <= DEPTH // 2
    assert match(learnt) == PARTNERS


def test_matched_filter_leaves_out_the_pair_it_judges(
    monkeypatch: pytest.MonkeyPatch, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=6)
    believed = [3, 5, 0, 1, 4, 2]
    companions = 0.5 * noise(2, 6)
    monkeypatch.setattr(filters, "FILTER_ROUNDS", 1)
    scores = matched_filter([network], torch.eye(6)[believed], companions)
    U = torch.cat([network.U, network.c[:, :, None]], dim=2)
    U, V = U - U.mean(dim=0), network.V - network.V.mean(dim=0)
    expected = torch.empty(6, 6)
    for i, j in itertools.product(range(6), repeat=2):
        others = [V[q] @ U[p] for p, q in enumerate(believed) if (p, q) != (i, j)]
        expected[i, j] = ((V[j] @ U[i]) * torch.stack(others).sum(dim=0)).sum()

    torch.testing.assert_close(scores, standard_scores(expected) + companions, rtol=1e-4, atol=1e-4)


def test_head_filter_leaves_out_every_pair_of_the_halves_it_judges(
    monkeypatch: pytest.MonkeyPatch, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=6)
    start, companions = noise(1, 6), 0.5 * noise(2, 6)
    monkeypatch.setattr(filters, "ANNEALING", 1)
    scores = head_filter(network, start, companions)
    belief, _ = filters._belief(start, 0.6 * math.log(6), 1.0)
    written = (network.head @ network.V)[:, 0]
    written = written - written.mean(dim=1, keepdim=True)
    written /= written.norm(dim=1, keepdim=True)
    written, read = written - written.mean(dim=0), network.U - network.U.mean(dim=0)
    expected = torch.empty(6, 6)
    for i, j in itertools.product(range(6), repeat=2):
        learnt = torch.zeros(12)
        for p, q in itertools.product(range(6), repeat=2):
            if p != i and q != j:
                learnt += belief[p, q] * written[q] @ read[p]
        expected[i, j] = written[j] @ read[i] @ learnt

    torch.testing.assert_close(scores, standard_scores(expected) + companions, rtol=1e-3, atol=1e-3)


def test_belief_has_the_entropy_that_is_asked_for() -> None:
    for entropy in (2.0, 1.4, 0.7):
        scale = 1.0
        for _ in range(4):  # one call moves the scale by a factor of e^1.5 at most
            belief, scale = filters._belief(noise(3), entropy, scale)
        torch.testing.assert_close(belief.sum(dim=0), torch.ones(DEPTH))
        torch.testing.assert_close(belief.sum(dim=1), torch.ones(DEPTH), rtol=0.1, atol=0.1)
        assert -float((belief * belief.clamp_min(1e-30).log()).sum()) / DEPTH == pytest.approx(entropy, abs=0.05)


@pytest.mark.parametrize(("learn", "bound"), [(one_aspect, 0.3), (annealed, 0.5), (head_filter, 0.2)])
def test_wrong_pairs_do_not_confirm_themselves(
    learn: Callable[..., Tensor], bound: float, make_network: Callable[..., ResidualNetwork]
) -> None:
    kept, above_chance = 0, 0.0
    for seed in range(6):
        network = make_network(seed, depth=DEPTH)
        wrong = [int(j) for j in np.random.default_rng(seed).permutation(DEPTH)]
        scores = standard_scores(learn(network, 10.0 * torch.eye(DEPTH)[wrong], torch.zeros(DEPTH, DEPTH)))
        kept += count_right(match(scores), wrong)
        above_chance += (matched_mean(scores) - matched_mean(noise(seed))) / 6

    # Pairs that judged themselves would be kept, 96 of them, and stand 0.6 above chance; a few agree by luck. Those of
    # the annealed filter, which forgets where it began, would stand 1.06 above chance; as it is, 0.34.
    assert kept <= 6 * DEPTH // 3
    assert above_chance < bound


def test_aspects_add_up(make_network: Callable[..., ResidualNetwork], monkeypatch: pytest.MonkeyPatch) -> None:
    networks, start, nothing = (
        [make_network(seed, depth=DEPTH) for seed in range(2)],
        noise(1),
        torch.zeros(DEPTH, DEPTH),
    )
    monkeypatch.setattr(filters, "FILTER_ROUNDS", 1)
    both = matched_filter(networks, start, nothing)
    torch.testing.assert_close(
        both, sum((one_aspect(network, start, nothing) for network in networks), nothing.double())
    )


def test_scale_and_sign_of_the_head_change_no_filter(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=8)
    start, companions = noise(1, 8), 0.5 * noise(2, 8)
    for factor in (1e-3, 1e3, -1.0):
        scaled = head_filter(dataclasses.replace(network, head=factor * network.head), start, companions)
        torch.testing.assert_close(scaled, head_filter(network, start, companions), rtol=1e-3, atol=1e-3)


def test_annealed_filter_judges_no_pair_by_itself(
    monkeypatch: pytest.MonkeyPatch, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=6)
    start, companions = noise(1, 6), 0.5 * noise(2, 6)
    monkeypatch.setattr(filters, "ANNEALING", 1)
    scores = annealed_filter([network], start, companions)
    belief, _ = filters._belief(start, 0.6 * math.log(6), 1.0)
    U = torch.cat([network.U, network.c[:, :, None]], dim=2)
    U, V = U - U.mean(dim=0), network.V - network.V.mean(dim=0)
    expected = torch.empty(6, 6)
    for i, j in itertools.product(range(6), repeat=2):
        others = [belief[p, q] * V[q] @ U[p] for p, q in itertools.product(range(6), repeat=2) if (p, q) != (i, j)]
        expected[i, j] = ((V[j] @ U[i]) * torch.stack(others).sum(dim=0)).sum()

    torch.testing.assert_close(scores, standard_scores(expected) + companions, rtol=1e-3, atol=1e-3)


def test_annealed_filter_finds_what_a_wrong_matching_hides(make_network: Callable[..., ResidualNetwork]) -> None:
    common = torch.randn(12, 12, generator=torch.Generator().manual_seed(7)) / 12**0.5
    right = {"matched": 0, "annealed": 0}
    for seed in range(6):
        network = make_network(seed, depth=DEPTH)
        V = network.V.clone()
        V[PARTNERS] += 0.08 * common @ network.U.transpose(1, 2)
        shared = dataclasses.replace(network, V=V)
        start = standard_scores(noise(seed) + 0.8 * torch.eye(DEPTH)[PARTNERS])
        right["matched"] += count_right(match(one_aspect(shared, start, 0.5 * start)), PARTNERS)
        right["annealed"] += count_right(match(annealed(shared, start, 0.5 * start)), PARTNERS)

    assert right["annealed"] > 1.5 * right["matched"]
