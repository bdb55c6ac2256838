from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from solvers.recovery.published.clustering.collapse import collapse
from solvers.recovery.published.clustering.cut import aligned, cut_height
from solvers.recovery.published.clustering.units import units_of


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("least", [2, 4])
def test_the_cut_is_the_last_height_of_the_first_run_of_most_clusters(seed: int, least: int) -> None:
    tree = linkage(pdist(np.random.default_rng(seed).standard_normal((40, 3))), "average")
    counts = [int((np.bincount(fcluster(tree, height, "distance")) >= least).sum()) for height in tree[:, 2]]
    first = counts.index(max(counts))
    last = first
    while last + 1 < len(counts) and counts[last + 1] == counts[first]:
        last += 1
    assert cut_height(tree, least) == tree[last, 2]


@pytest.mark.parametrize(("activation", "signs"), [("tanh", True), ("softplus", True), ("g", False), ("relu", True)])
def test_canonical_units_compute_the_same_function_up_to_the_symmetry(activation: str, *, signs: bool) -> None:
    rng = np.random.default_rng(0)
    layer, following = rng.standard_normal((3, 5, 4)), rng.standard_normal((3, 2, 6))
    units = units_of(layer, following, activation, np.array([False, True, True]))
    assert units.compared.shape == (15, 3)
    assert np.all(units.compared[:, 0] > 0) == signs
    first = units.incoming[5:10]  # the second student
    factor = first / layer[1]
    assert np.allclose(factor, factor[:, :1])
    outgoing = following[1, :, :-1].T
    if activation == "tanh":
        assert np.allclose(units.outgoing[5:10], outgoing * factor[:, :1])
    elif activation == "relu":
        assert np.allclose(np.linalg.norm(first, axis=1), 1)
        assert np.allclose(units.outgoing[5:10], outgoing / np.abs(factor[:, :1]))
    else:
        assert np.allclose(units.outgoing[5:10], outgoing)


def test_copies_collapse_to_one_unit_and_their_outgoing_weights_add_up() -> None:
    rng = np.random.default_rng(0)
    unit, other = np.array([1.0, 2.0, 0.5]), np.array([3.0, -1.0, 2.0])
    layer = 99 * rng.standard_normal((4, 4, 3))
    layer[:, 0], layer[:, 1] = unit, -unit  # two copies in every student, of opposite signs
    layer[:, 3] = other
    following = rng.standard_normal((4, 1, 5))
    units = units_of(layer, following, "tanh", np.array([True, True]))
    found = collapse(units, np.array([3.0, 1.0, 2.0, 4.0]), 1.0, np.radians(5))
    assert len(found.incoming) == 2
    copy = int(np.abs(found.incoming - unit).sum(axis=1).argmin())
    assert np.allclose(found.incoming[[copy, 1 - copy]], [unit, other])
    assert np.allclose(found.outgoing[:, 0, copy], following[:, 0, 0] - following[:, 0, 1])
    assert np.allclose(found.chosen[:, copy], following[1, 0, 0] - following[1, 0, 1])


def test_a_cluster_without_one_of_the_best_students_is_left_out() -> None:
    rng = np.random.default_rng(0)
    layer = 9 * rng.standard_normal((7, 2, 3))
    layer[:2, 0], layer[1:, 1] = [1.0, 2.0, 0.5], [-3.0, 1.0, 2.0]
    units = units_of(layer, np.ones((7, 1, 3)), "g", np.array([True, True]))
    worst_own_it, best_own_it = np.array([9.0, 8, 1, 2, 3, 4, 5]), np.array([1.0, 2, 3, 4, 5, 6, 7])
    assert len(collapse(units, worst_own_it, 0.3, np.radians(5)).incoming) == 1
    assert len(collapse(units, best_own_it, 0.3, np.radians(5)).incoming) == 2


def test_scattered_directions_are_not_aligned() -> None:
    rng = np.random.default_rng(0)
    assert not aligned(rng.standard_normal((20, 5)), np.radians(60))
    assert aligned(np.ones(5) + 0.01 * rng.standard_normal((20, 5)), np.radians(5))
