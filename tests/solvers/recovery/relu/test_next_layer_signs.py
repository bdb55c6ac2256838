from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from solvers.recovery.relu.next_layer.signs import settle_signs

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_WEIGHTS = np.empty(0, np.int64), np.empty((0, 6))


def following_rows(
    rng: np.random.Generator, rows: int, units: int, flips: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rows W, and rows U and Q that follow them if the units `flips` have the wrong sign."""
    W, U = rng.standard_normal((units, 6)), rng.standard_normal((rows, units))
    return W, U, -U[:, flips] @ W[flips]


@pytest.mark.parametrize(("rows", "units"), [(4, 8), (1, 6), (1, 9)])
def test_flips_are_found_with_one_row_too(rows: int, units: int) -> None:
    rng = np.random.default_rng(rows + units)
    flips = rng.random(units) < 0.5
    W, U, Q = following_rows(rng, rows, units, flips)
    signs = settle_signs(U, Q, W, 0.0, NO_WEIGHTS)
    assert signs.settled
    assert signs.flips.tolist() == flips.tolist()
    assert not len(signs.on)


def test_linear_unit_is_told_from_flips() -> None:
    rng = np.random.default_rng(4)
    flips = np.array([True, False, True, False, False])
    W, U, Q = following_rows(rng, 6, 5, flips)
    row, weights = rng.standard_normal(6), rng.standard_normal(6)
    signs = settle_signs(U, Q + np.outer(weights, row), W, 0.0, NO_WEIGHTS)
    assert signs.settled
    assert signs.flips.tolist() == flips.tolist()
    assert abs(signs.on[0] @ row) == pytest.approx(np.linalg.norm(row))


def test_open_weight_is_completed() -> None:
    rng = np.random.default_rng(6)
    flips = np.array([False, True, True, False])
    W, U, Q = following_rows(rng, 3, 4, flips)
    Q = Q - 0.7 * np.outer(U[:, 2], np.eye(6)[5])
    signs = settle_signs(U, Q, W, 0.0, (np.array([2]), np.eye(6)[5:]))
    assert signs.settled
    assert signs.flips.tolist() == flips.tolist()
    assert np.abs(signs.shifts) == pytest.approx([0.7])


def test_remainder_that_nothing_explains_is_reported() -> None:
    rng = np.random.default_rng(7)
    W, U, _ = following_rows(rng, 5, 5, np.zeros(5, bool))
    assert not settle_signs(U, rng.standard_normal((5, 6)), W, 0.0, NO_WEIGHTS).settled


def test_unit_that_never_switches_does_not_spoil_the_signs_of_the_others() -> None:
    rng = np.random.default_rng(8)
    flips = np.array([True, False, False, True, False])
    W, U, Q = following_rows(rng, 3, 5, flips)
    # Where unit 1 is always on, any multiple of its row may stand in U or in Q.
    moved = rng.standard_normal(3)
    U[:, 1] += moved
    Q -= np.outer(moved, W[1])
    steady = np.zeros(U.shape, np.int64)
    steady[:, 1] = 1
    signs = settle_signs(U, Q, W, 0.0, NO_WEIGHTS, steady=steady)
    assert signs.settled
    assert signs.flips.tolist() == flips.tolist()
    assert not len(signs.on)
