"""Every statistic against its formula, pair by pair; the matching; independence of the numbering."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from generator.errors import SpecError
from solvers.reassembly.pairing import statistics as pairing

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork


def slow_asymmetry(U: Tensor, V: Tensor) -> Tensor:
    M = V @ U
    return torch.div((M - M.T).norm(), -M.norm())


def slow_cosine(U: Tensor, V: Tensor) -> Tensor:
    cosines = [torch.dot(u, v) / (u.norm() * v.norm()) for u, v in zip(U, V.T, strict=True)]
    return -torch.stack(cosines).mean()


def slow_correlation(U: Tensor, V: Tensor) -> Tensor:
    return torch.corrcoef(torch.stack([U.norm(dim=1), V.norm(dim=0)]))[0, 1]


SLOW: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "asymmetry": slow_asymmetry,
    "diagonal-dominance": lambda U, V: (V @ U).trace().abs() / (V @ U).norm(),
    "frobenius": lambda U, V: (V @ U).norm(),
    "mean-cosine": slow_cosine,
    "norm-correlation": slow_correlation,
    "trace": lambda U, V: -(V @ U).trace(),
}


def test_every_statistic_has_a_formula_here() -> None:
    assert SLOW.keys() == pairing.PAIRINGS.keys()


@pytest.mark.parametrize("name", sorted(SLOW))
def test_statistic_agrees_with_its_formula(name: str, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(3)
    expected = torch.stack([torch.stack([SLOW[name](U, V) for V in network.V]) for U in network.U])

    torch.testing.assert_close(pairing.PAIRINGS[name](network), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["asymmetry", "frobenius"])
def test_chunks_do_not_show(
    name: str, make_network: Callable[..., ResidualNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = make_network(3)
    whole = pairing.PAIRINGS[name](network)
    monkeypatch.setattr(pairing, "CHUNK", 700)  # a few d x d matrices, a few hidden units

    torch.testing.assert_close(pairing.PAIRINGS[name](network), whole)


@pytest.mark.parametrize("name", sorted(SLOW))
def test_relabelling_the_pieces_relabels_the_pairs(name: str, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(4)
    incoming, outgoing = [3, 1, 4, 0, 2], [2, 0, 3, 1, 4]
    before = pairing.pair(network, name)
    after = pairing.pair(network.reordered(incoming, outgoing), name)

    assert [outgoing[j] for j in after] == [before[i] for i in incoming]


@pytest.mark.parametrize("name", sorted(SLOW))
def test_zero_weights_score_as_finite_numbers(name: str, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(4)
    network.V[1] = 0.0

    assert pairing.PAIRINGS[name](network).isfinite().all()


def test_matching_has_the_highest_total_of_all() -> None:
    scores = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 5)))
    best = max(permutations(range(5)), key=lambda columns: float(scores[range(5), columns].sum()))

    assert pairing.match(scores) == list(best)


def test_pair_that_is_no_number_is_matched_last() -> None:
    scores = torch.tensor([[torch.nan, -5.0], [-5.0, -9.0]])

    assert pairing.match(scores) == [1, 0]
    assert sorted(pairing.match(torch.full((3, 3), torch.nan))) == [0, 1, 2]


def test_unknown_statistic_is_named(make_network: Callable[..., ResidualNetwork]) -> None:
    with pytest.raises(SpecError, match="did you mean trace"):
        pairing.pair(make_network(0), "trase")
