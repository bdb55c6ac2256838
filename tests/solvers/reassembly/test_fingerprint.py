"""Views of the weights: symmetries, signals planted where each looks, and no confidence where no pair is one."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly import fingerprint
from solvers.reassembly.evaluation import Rows, split_rows
from solvers.reassembly.fingerprint import (
    bias_alignment,
    fingerprints,
    head_echo,
    head_filter,
    matched_filter,
    standard_scores,
    trend_echo,
)
from solvers.reassembly.pairing import match

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

DEPTH = 16
INPUTS = torch.randn(400, 12, generator=torch.Generator().manual_seed(9))


def noise(seed: int, depth: int = DEPTH) -> Tensor:
    return standard_scores(torch.randn(depth, depth, generator=torch.Generator().manual_seed(seed)))


def rows_of(network: ResidualNetwork) -> Rows:
    targets = network(INPUTS)
    return Rows(INPUTS, targets, float(targets.var()))


def views_of(network: ResidualNetwork, rows: Rows, start: Tensor, companions: Tensor) -> dict[str, Tensor]:
    return {
        "bias-alignment": bias_alignment(network),
        "head-echo": head_echo(network),
        "trend-echo": trend_echo(network, rows),
        "matched-filter": matched_filter(network, start, companions),
        "head-filter": head_filter(network, start, companions),
    }


def count_right(partners: list[int], truth: list[int]) -> int:
    return sum(found == true for found, true in zip(partners, truth, strict=True))


def planted(network: ResidualNetwork, partners: list[int], read: Tensor, strength: float) -> ResidualNetwork:
    """Let every outgoing half tell the head a share of what its partner reads along a direction: w V_j += s U_i c."""
    w = network.head[0]
    V = network.V.clone()
    for i, j in enumerate(partners):
        V[j] += strength * torch.outer(w, network.U[i] @ read) / (w @ w)
    return dataclasses.replace(network, V=V)


def with_permuted_units(network: ResidualNetwork, seed: int) -> ResidualNetwork:
    rng = torch.Generator().manual_seed(seed)
    hidden = network.V.shape[2]
    return dataclasses.replace(
        network, V=torch.stack([half[:, torch.randperm(hidden, generator=rng)] for half in network.V])
    )


def matched_mean(scores: Tensor) -> float:
    return float(scores[torch.arange(len(scores)), torch.tensor(match(scores))].mean())


@pytest.fixture
def partners() -> list[int]:
    return [int(j) for j in np.random.default_rng(5).permutation(DEPTH)]


@pytest.mark.parametrize("outputs", [1, 3])
def test_permuting_halves_permutes_scores(outputs: int, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=DEPTH, outputs=outputs)
    rows, start, companions = rows_of(network), noise(1), 0.5 * noise(2)
    incoming, outgoing = np.random.default_rng(3).permutation(DEPTH), np.random.default_rng(4).permutation(DEPTH)
    i, j = torch.from_numpy(incoming)[:, None], torch.from_numpy(outgoing)[None, :]
    before = views_of(network, rows, start, companions)
    shuffled = network.reordered(incoming.tolist(), outgoing.tolist())
    after = views_of(shuffled, rows, start[i, j], companions[i, j])

    for name, scores in after.items():
        assert torch.allclose(scores, before[name][i, j], rtol=1e-3, atol=1e-3), name


def test_scale_and_sign_of_the_head_change_nothing(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=8)
    start, companions = noise(1, 8), 0.5 * noise(2, 8)
    for factor in (1e-3, 1e3, -1.0):
        scaled = dataclasses.replace(network, head=factor * network.head)
        before = views_of(network, rows_of(network), start, companions)
        after = views_of(scaled, rows_of(scaled), start, companions)  # the predictions scale with the head
        for name in ("head-echo", "trend-echo", "head-filter"):
            torch.testing.assert_close(after[name], before[name], rtol=1e-3, atol=1e-3)


def test_trend_echo_knows_no_offset_of_the_predictions(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=DEPTH)
    rows = rows_of(network)
    shifted = Rows(rows.inputs + 2.0, 3.0 * rows.targets + 7.0, rows.variance)

    torch.testing.assert_close(trend_echo(network, shifted), trend_echo(network, rows), rtol=1e-3, atol=1e-3)


def test_head_echo_finds_blocks_that_undo_what_others_say(
    partners: list[int], make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=DEPTH)
    echoing = planted(network, partners, -network.head[0], 1.0)

    assert count_right(match(head_echo(network)), partners) <= 4
    assert match(head_echo(echoing)) == partners
    # With the sign turned round, the true pairs are the last to be matched.
    assert count_right(match(-head_echo(echoing)), partners) == 0


def test_trend_echo_finds_blocks_that_follow_the_trend(
    partners: list[int], make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=DEPTH)
    trend = torch.randn(12, generator=torch.Generator().manual_seed(6))
    bent = INPUTS @ trend[:, None] + INPUTS.square().mean(dim=1, keepdim=True)
    following = planted(network, partners, trend, 0.5)

    assert count_right(match(trend_echo(network, Rows(INPUTS, bent, 1.0))), partners) <= 4
    assert match(trend_echo(following, Rows(INPUTS, bent, 1.0))) == partners
    assert count_right(match(head_echo(following)), partners) <= 4


def test_head_filter_learns_a_direction_that_no_echo_knows(
    partners: list[int], make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=DEPTH)
    secret = torch.randn(12, generator=torch.Generator().manual_seed(7))
    start = standard_scores(noise(8) + 1.5 * torch.eye(DEPTH)[partners])
    learnt = head_filter(planted(network, partners, secret, 0.5), start, 0.3 * start)
    useless = head_filter(network, start, 0.3 * start)

    assert count_right(match(start), partners) <= DEPTH // 2
    assert match(learnt) == partners
    assert count_right(match(useless), partners) <= DEPTH // 2


def test_matched_filter_learns_what_products_share(
    partners: list[int], make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=DEPTH)
    common = torch.randn(12, 12, generator=torch.Generator().manual_seed(7)) / 12**0.5
    V = network.V.clone()
    V[partners] += 0.15 * common @ network.U.transpose(1, 2)
    start = standard_scores(noise(8) + 1.5 * torch.eye(DEPTH)[partners])
    learnt = matched_filter(dataclasses.replace(network, V=V), start, torch.zeros(DEPTH, DEPTH))

    assert count_right(match(start), partners) <= DEPTH // 2
    assert match(learnt) == partners


def test_matched_filter_leaves_out_the_pair_it_judges(
    monkeypatch: pytest.MonkeyPatch, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=6)
    believed = [3, 5, 0, 1, 4, 2]
    companions = 0.5 * noise(2, 6)
    monkeypatch.setattr(fingerprint, "FILTER_ROUNDS", 1)
    scores = matched_filter(network, torch.eye(6)[believed], companions)
    U, V = network.U - network.U.mean(dim=0), network.V - network.V.mean(dim=0)
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
    monkeypatch.setattr(fingerprint, "HEAD_ROUNDS", 1)
    scores = head_filter(network, start, companions)
    belief, _ = fingerprint._belief(start, 0.6 * math.log(6), 1.0)
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
            belief, scale = fingerprint._belief(noise(3), entropy, scale)
        torch.testing.assert_close(belief.sum(dim=0), torch.ones(DEPTH))
        torch.testing.assert_close(belief.sum(dim=1), torch.ones(DEPTH), rtol=0.1, atol=0.1)
        assert -float((belief * belief.clamp_min(1e-30).log()).sum()) / DEPTH == pytest.approx(entropy, abs=0.05)


@pytest.mark.parametrize(("learn", "bound"), [(matched_filter, 0.3), (head_filter, 0.2)])
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

    # Pairs that judged themselves would be kept, 96 of them, and stand 0.6 above chance; a few agree by luck.
    assert kept <= 6 * DEPTH // 3
    assert above_chance < bound


def test_margins_are_near_zero_where_no_pair_is_one(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=12)
    paired = planted(network, list(range(12)), -network.head[0], 1.0)
    found: dict[str, list[float]] = {}
    for seed in range(4):
        unpaired = with_permuted_units(paired, seed)
        for view in fingerprints(unpaired, rows_of(unpaired)):
            found.setdefault(view.name, []).append(view.margin)
    told = {view.name: view for view in fingerprints(paired, rows_of(paired))}

    assert set(told) == set(found)
    for name, margins in found.items():
        assert abs(np.mean(margins)) < 0.3, name  # of one, the standard deviation is about 0.2
    assert abs(np.mean(list(found.values()))) < 0.05
    for name in ("head-echo", "head-filter", "combined"):
        assert told[name].partners == list(range(12)), name
        assert told[name].margin > max(found[name]), name


def test_fingerprints_pair_a_trained_network(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 600, np.random.default_rng(0))
    views = fingerprints(trained.network, rows)
    named = {view.name: view for view in views}

    assert views[0].partners == list(range(8))
    assert [view.margin for view in views] == sorted((view.margin for view in views), reverse=True)
    for name in ("trace", "head-echo", "filter-echoes", "head-filter", "combined"):
        assert named[name].partners == list(range(8)), name
        assert named[name].margin > 0.3, name
    for view in views:
        torch.testing.assert_close(view.scores.square().mean(dim=1), torch.ones(8, dtype=torch.float64))
        assert view.partners == match(view.scores)
