from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from solvers.recovery.core.clustering import centres, cluster_units, cut_height, unit_distances


def crowd(*, signless: bool, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Five students with three true units each, in any order and sign, and two units of their own."""
    rng = np.random.default_rng(seed)
    true = np.array([[2.0, 0, 0], [0, 2, 0.5], [-1, 0, 2]])
    students = []
    for _ in range(5):
        signs = rng.choice([-1, 1], (3, 1)) if signless else 1
        near = signs * true + 1e-4 * rng.standard_normal(true.shape)
        students.append(rng.permutation(np.concatenate([near, 3 * rng.standard_normal((2, 3))])))
    return true, np.concatenate(students)


@pytest.mark.parametrize("signless", [True, False])
def test_true_units_are_found(*, signless: bool) -> None:
    true, vectors = crowd(signless=signless)
    groups = cluster_units(vectors, 5, signless=signless)
    found = centres(vectors, groups, signless=signless)
    assert len(found) == 3
    distances = unit_distances(np.concatenate([true, found]), signless=signless)[:3, 3:]
    np.testing.assert_allclose(distances.min(axis=1), 0, atol=3e-4)
    np.testing.assert_allclose(distances.min(axis=0), 0, atol=3e-4)


def test_one_wrong_member_does_not_move_a_centre() -> None:
    vectors = np.array([[1.0, 2.0], [-1.0, -2.0], [1.0, 2.0], [1.2, 2.5]])
    np.testing.assert_allclose(centres(vectors, [np.arange(4)], signless=True), [[1.0, 2.0]])


@pytest.mark.parametrize("seed", range(5))
def test_cut_height_agrees_with_counting_at_every_height(seed: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((40, 3))
    tree = linkage(vectors, method="average")
    counts = [
        int((np.unique(fcluster(tree, height, "distance"), return_counts=True)[1] >= 3).sum()) for height in tree[:, 2]
    ]
    first = int(np.argmax(counts))
    last = first
    while last + 1 < len(counts) and counts[last + 1] == counts[first]:
        last += 1
    assert cut_height(tree, 3) == tree[last, 2]
