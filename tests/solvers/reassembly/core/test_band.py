"""Bands of positions: the pairs with a number, and the largest size of a model."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.reassembly.core import band as module
from solvers.reassembly.core.band import MOST_NUMBERS, Band


def test_a_band_of_all_positions_numbers_pairs_row_by_row() -> None:
    assert (Band(5, 5).numbers == np.arange(25).reshape(5, 5)).all()


@pytest.mark.parametrize(("depth", "span"), [(7, 3), (8, 4), (6, 1)])
def test_every_position_has_as_many_positions_around_it(depth: int, span: int) -> None:
    band = Band(depth, span)

    assert sorted(band.numbers[band.numbers >= 0]) == list(range(depth * span))
    assert ((band.numbers >= 0).sum(axis=1) == span).all()
    assert (band.numbers.diagonal() >= 0).all()
    assert band.starts.tolist() == [band.start(position) for position in range(depth)]
    for position in range(span // 2, depth - span):
        assert band.numbers[position, position - span // 2 : position - span // 2 + span].min() >= 0


@pytest.mark.parametrize("depth", [1, 48, 96, 100, 101, 192, 1024])
def test_the_gram_matrix_stays_within_its_size(depth: int) -> None:
    band = Band.fitting(depth)

    assert 1 <= band.span <= depth
    assert (depth * band.span) ** 2 <= MOST_NUMBERS
    assert band.span == depth or (depth * (band.span + 1)) ** 2 > MOST_NUMBERS
    assert (depth <= 100) == (band.span == depth)


def test_the_size_is_what_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NUMBERS", 40**2)

    assert Band.fitting(8) == Band(8, 5)
