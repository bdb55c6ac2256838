"""Gradient symmetricity of networks whose value is known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from generator.modular.measures.symmetricity import gradient_symmetricity, reference_triples
from generator.modular.network.circle import basis
from tests.generator.modular.measures.networks import attention_clock, engineered, random_transformer

if TYPE_CHECKING:
    from generator.modular.network.mlp import MLP

PIZZA = engineered(59, dict.fromkeys((3, 17, 25), "pizza"))
CLOCK = engineered(59, dict.fromkeys((3, 17, 25), "clock"))


def from_tables(network: MLP) -> MLP:
    """Give the same network by its tables of preactivations, over the Fourier basis."""
    into = [
        table @ weight.T
        for table, weight in ((network.first, network.into_first), (network.second, network.into_second))
    ]
    return replace(
        network.with_tables(basis(network.modulus), basis(network.modulus)),
        into_first=into[0].T @ basis(network.modulus),
        into_second=into[1].T @ basis(network.modulus),
    )


def test_a_pizza_has_1_and_a_clock_about_0() -> None:
    assert gradient_symmetricity(PIZZA) == pytest.approx(1)
    assert abs(gradient_symmetricity(CLOCK)) < 0.08


def test_the_batched_gradients_are_those_of_single_triples() -> None:
    network = random_transformer(11, 8)
    triples = [(0, 3, 5), (10, 2, 2), (4, 4, 9)]
    cosines = []
    for a, b, c in triples:
        first, second = (network.first[residue].clone().requires_grad_() for residue in (a, b))
        network(first[None], second[None])[0, c].backward()  # type: ignore[no-untyped-call]
        assert first.grad is not None
        assert second.grad is not None
        cosines.append(float(torch.dot(first.grad, second.grad) / (first.grad.norm() * second.grad.norm())))
    assert gradient_symmetricity(network, triples) == pytest.approx(sum(cosines) / 3, abs=1e-12)


def test_tables_of_preactivations_over_the_fourier_basis_keep_the_value_of_equal_circles() -> None:
    for network in (PIZZA, CLOCK):
        shown = from_tables(network)
        assert (shown.logits() - network.logits()).abs().max() < 1e-9
        assert gradient_symmetricity(shown) == pytest.approx(gradient_symmetricity(network))
        identity = torch.eye(59, dtype=torch.float64)
        rotated = replace(
            shown.with_tables(identity, identity),
            into_first=shown.into_first @ basis(59).T,
            into_second=shown.into_second @ basis(59).T,
        )
        assert gradient_symmetricity(rotated) == pytest.approx(gradient_symmetricity(network))


def test_unused_coordinates_count_unless_gradients_are_projected() -> None:
    trap = attention_clock(59, (3, 8), trap=True)
    assert gradient_symmetricity(trap) == pytest.approx(0.25, abs=0.03)
    assert gradient_symmetricity(trap, span=True) == pytest.approx(-0.82, abs=0.03)


def test_reference_triples_are_drawn_as_in_the_papers_code() -> None:
    triples = reference_triples(7)
    assert len(set(triples)) == 100
    assert triples[:3] == [(3, 2, 1), (3, 3, 2), (1, 0, 4)]
    assert -1 <= gradient_symmetricity(CLOCK, reference_triples(59)) <= 1


def test_the_seed_decides_the_sample() -> None:
    assert gradient_symmetricity(CLOCK, seed=1) == gradient_symmetricity(CLOCK, seed=1)
    assert gradient_symmetricity(CLOCK, seed=1) != gradient_symmetricity(CLOCK, seed=2)


def test_embeddings_of_different_sizes_have_no_value() -> None:
    other = replace(CLOCK, second=CLOCK.second[:, :4], into_second=CLOCK.into_second[:, :4], shared=False)
    assert math.isnan(gradient_symmetricity(other))
