from __future__ import annotations

import numpy as np
import pytest

from solvers.recovery.hessian.rank_one import algebraic_vectors, ascend, search_vectors
from solvers.recovery.hessian.symmetric import SymmetricPower


def test_powers_have_the_inner_products_of_tensors() -> None:
    rng = np.random.default_rng(0)
    for order in (2, 3, 4):
        space = SymmetricPower(4, order)
        u, v = rng.standard_normal((2, 5, 4))
        assert np.allclose((space.powers(u) * space.powers(v)).sum(axis=1), (u * v).sum(axis=1) ** order)
        contracted = space.contract(space.powers(u), v)
        assert np.allclose(contracted, ((u * v).sum(axis=1) ** (order - 1))[:, None] * u)
        along = space.powers(space.directions) @ space.powers(u).T
        assert np.allclose((space.from_directions @ along).T, space.powers(u))
        cosine = np.abs((space.roots(space.powers(u)) * u).sum(axis=1)) / np.linalg.norm(u, axis=1)
        assert np.allclose(cosine, 1)


@pytest.mark.parametrize(
    ("inputs", "units", "order"),
    [(8, 8, 2), (8, 14, 2), (8, 24, 2), (4, 6, 2), (3, 4, 2), (4, 8, 3), (4, 15, 3), (4, 16, 4), (3, 12, 4)],
)
def test_all_vectors_of_a_span_are_found(inputs: int, units: int, order: int) -> None:
    rng = np.random.default_rng(units)
    vectors = rng.standard_normal((units, inputs))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    space = SymmetricPower(inputs, order)
    tensors = rng.standard_normal((2 * units, units)) @ space.powers(vectors)
    basis = np.linalg.svd(tensors, full_matrices=False)[2][:units]
    found = search_vectors(space, basis, 1e-9, 0, rng)
    assert len(found) == units
    assert np.abs(vectors @ found.T).max(axis=1).min() > 1 - 1e-9


def test_near_duplicates_are_told_apart() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((8, 8))
    vectors[1] = vectors[0] + 0.01 * rng.standard_normal(8)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    space = SymmetricPower(8, 2)
    basis = np.linalg.svd(space.powers(vectors), full_matrices=False)[2]
    found = search_vectors(space, basis, 1e-9, 0, rng)
    assert len(found) == 8
    assert np.abs(vectors @ found.T).max(axis=1).min() > 1 - 1e-9


def test_random_starts_find_what_is_too_large_for_algebra() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((5, 4))  # at most 6 of them are unique; random starts need no equations
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    space = SymmetricPower(4, 2)
    basis = np.linalg.svd(space.powers(vectors), full_matrices=False)[2]
    moved, norms = ascend(space, basis, rng.standard_normal((400, 4)))
    good = moved[norms > 1 - 1e-9]
    assert np.abs(vectors @ good.T).max(axis=1).min() > 1 - 1e-6
    large = SymmetricPower(4, 2)
    assert len(algebraic_vectors(large, np.eye(large.size), rng)) == 0


def test_deflated_starts_find_vectors_that_random_starts_miss() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((100, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    space = SymmetricPower(16, 2)
    basis = np.linalg.qr(space.powers(vectors).T)[0].T
    found = search_vectors(space, basis, 1e-9, 800, np.random.default_rng(7))
    assert len(found) >= 90  # random starts alone find 80
