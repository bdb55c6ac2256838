"""Residues of shuffled symbols, found from one layer's weights and from tables of the function."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np
import pytest

from solvers.modular.relabelling.planes import circle_planes
from solvers.modular.relabelling.residues import name_residues
from solvers.modular.relabelling.walk import names_by_queries, names_from_table

if TYPE_CHECKING:
    from numpy.typing import NDArray


def shuffled_layer(
    p: int, circles: list[int], noise: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Return contributions of shuffled symbols to 96 units, the circle of each unit, and the residue of each symbol."""
    rng = np.random.default_rng(seed)
    frequencies = rng.choice(circles, 96)
    phases, norms = rng.uniform(0, 2 * np.pi, 96), rng.uniform(0.5, 2, 96)
    waves = norms[:, None] * np.cos(2 * np.pi / p * frequencies[:, None] * np.arange(p) + phases[:, None])
    residues = rng.permutation(p)
    table = waves[:, residues]
    return table + noise * table.std() * rng.standard_normal(table.shape), frequencies, residues


def affine_share(found: NDArray[np.intp], residues: NDArray[np.intp]) -> float:
    """Return the share of the symbols that the best affine map of the found names puts right."""
    p = len(residues)
    units = [u for u in range(1, p) if gcd(u, p) == 1]
    return float(max(np.bincount((residues - u * found) % p).max() for u in units) / p)


def test_planes_are_the_circles_and_hold_their_units() -> None:
    table, frequencies, _ = shuffled_layer(59, [3, 8, 17, 25], 0.1, 0)
    planes = circle_planes(table)
    assert sorted(frequencies[plane.members][0] for plane in planes) == [3, 8, 17, 25]
    assert all(len(set(frequencies[plane.members])) == 1 for plane in planes)
    assert sum(len(plane.members) for plane in planes) == 96
    assert max(plane.roundness for plane in planes) < 0.02


def test_random_rows_have_no_planes() -> None:
    assert circle_planes(np.random.default_rng(0).standard_normal((96, 59))) == []
    assert name_residues([]) is None


@pytest.mark.parametrize("p", [31, 59, 60, 113])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_all_residues_are_named_up_to_an_affine_map(p: int, noise: float) -> None:
    table, _, residues = shuffled_layer(p, [4, 7, 11], noise, p)
    named = name_residues(circle_planes(table))
    assert named is not None
    assert affine_share(named.residues, residues) == 1
    assert named.agreement > 0.99


def test_circles_correct_the_angles_of_each_other() -> None:
    table, _, residues = shuffled_layer(113, [5, 9, 22, 31, 40], 0.6, 1)
    planes = circle_planes(table)
    alone = [name_residues([plane]) for plane in planes]
    together = name_residues(planes)
    assert together is not None
    assert affine_share(together.residues, residues) == 1
    assert min(affine_share(one.residues, residues) for one in alone if one is not None) < 1


def tables(p: int, wrong: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the addition table of shuffled symbols and classes, and the same with a share of wrong entries."""
    rng = np.random.default_rng(p)
    first, second, out = rng.permutation(p), rng.permutation(p), rng.permutation(p)
    table = out[(first[:, None] + second[None, :]) % p]
    return table, np.where(rng.random(table.shape) < wrong, rng.integers(0, p, table.shape), table)


@pytest.mark.parametrize("p", [31, 60, 113])
def test_the_table_of_the_function_names_all_symbols(p: int) -> None:
    table, damaged = tables(p, 0.02)
    names = names_from_table(damaged)
    assert names is not None
    assert np.array_equal(names.out[table], (names.first[:, None] + names.second[None, :]) % p)
    assert 0.97 < names.agreement < 1


@pytest.mark.parametrize("p", [59, 60])
def test_few_look_ups_name_all_symbols(p: int) -> None:
    table, _ = tables(p, 0.0)
    asked = 0

    def lookup(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal asked
        asked += len(pairs)
        first, second = pairs.astype(int).T
        classes: NDArray[np.float64] = table[first, second][:, None].astype(float)
        return classes

    names = names_by_queries(lookup, p)
    assert names is not None
    assert np.array_equal(names.out[table], (names.first[:, None] + names.second[None, :]) % p)
    assert asked <= (3 if p == 59 else 8) * p


@pytest.mark.parametrize(("p", "circles"), [(30, [4, 6, 5]), (30, [14, 4, 3]), (60, [4, 15, 20]), (66, [6, 11, 22])])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_circles_of_few_angles_name_all_residues_together(p: int, circles: list[int], noise: float) -> None:
    table, _, residues = shuffled_layer(p, circles, noise, p)
    named = name_residues(circle_planes(table))
    assert named is not None
    assert affine_share(named.residues, residues) == 1
