from __future__ import annotations

import numpy as np

from solvers.recovery.core.subset_lattice import lattice_subset, reduce_lattice


def test_a_reduced_basis_spans_the_same_lattice_with_shorter_vectors() -> None:
    rng = np.random.default_rng(0)
    rows = np.hstack([np.eye(12), rng.integers(-1000, 1000, (12, 4)).astype(float)])
    transform = reduce_lattice(np.eye(12), rows)
    assert np.array_equal(transform, np.rint(transform))
    assert abs(round(np.linalg.det(transform))) == 1
    reduced = transform @ rows
    assert np.linalg.norm(reduced, axis=1).max() < 0.05 * np.linalg.norm(rows, axis=1).max()
    R = np.linalg.qr(reduced.T, mode="r")
    factors = np.triu(R / np.diag(R)[:, None], 1)
    assert np.abs(factors).max() < 0.5 + 1e-9
    lengths = np.diag(R) ** 2
    assert (0.99 * lengths[:-1] <= lengths[1:] + np.diag(R, 1) ** 2 + 1e-9 * lengths[:-1]).all()


def test_a_subset_of_many_columns_is_found() -> None:
    rng = np.random.default_rng(1)
    columns = rng.standard_normal((10, 50))
    subset = rng.random(50) < 0.5
    found = lattice_subset(columns, columns @ subset, 1e-9)
    assert found is not None
    assert (found == subset).all()


def test_a_target_that_is_no_subset_sum_gives_none() -> None:
    rng = np.random.default_rng(2)
    columns = rng.standard_normal((6, 30))
    assert lattice_subset(columns, 100 * rng.standard_normal(6), 1e-9) is None
