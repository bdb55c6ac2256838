"""Relabellings are compared up to every affine renaming, exactly."""

from __future__ import annotations

import time
from itertools import product
from math import gcd

import numpy as np
import pytest

from generator.modular.relabelling import Relabelling
from generator.modular.scoring.alignment import relabelling_matched, units


def drawn(modulus: int, seed: int = 0) -> Relabelling:
    return Relabelling.drawn(modulus, np.random.default_rng(seed), same=False)


@pytest.mark.parametrize("modulus", [7, 12, 59, 60])
def test_every_equivalent_relabelling_is_exact(modulus: int) -> None:
    true = drawn(modulus)
    for unit, v, w in ((1, 0, 0), (units(modulus)[-1], 3, 5), (modulus - 1, 1, 0)):
        assert relabelling_matched(true.moved(unit, v, w), true) == 1
        assert relabelling_matched(true.moved(unit, v, w), true, classes=False) == 1


def test_classes_must_move_by_the_sum_of_the_shifts() -> None:
    true = drawn(59)
    moved = true.moved(4, 3, 5)
    wrong = Relabelling(moved.first, moved.second, (moved.out + 1) % 59)
    assert relabelling_matched(wrong, true) == pytest.approx(2 / 3)
    assert relabelling_matched(wrong, true, classes=False) == 1


def test_one_factor_holds_for_all_three() -> None:
    true = drawn(31)
    mixed = Relabelling(true.first, (2 * true.second) % 31, true.out)
    assert relabelling_matched(mixed, true) == pytest.approx((62 + 1) / 93)


@pytest.mark.parametrize("modulus", [7, 9])
def test_the_best_match_is_that_of_a_search_over_all(modulus: int) -> None:
    for seed in range(3):
        true, found = drawn(modulus, seed), drawn(modulus, seed + 10)
        factors = [u for u in range(1, modulus) if gcd(u, modulus) == 1]
        best = max(
            sum(int((getattr(found, part) == getattr(moved, part)).sum()) for part in ("first", "second", "out"))
            for u, v, w in product(factors, range(modulus), range(modulus))
            for moved in [true.moved(u, v, w)]
        )
        assert relabelling_matched(found, true) == pytest.approx(best / (3 * modulus))


def test_a_swap_of_two_symbols_counts_as_two_faults() -> None:
    true = drawn(59)
    first = true.first.copy()
    first[[2, 40]] = first[[40, 2]]
    assert relabelling_matched(Relabelling(first, true.second, true.out), true) == pytest.approx(1 - 2 / 177)


def test_a_guess_matches_a_few_symbols() -> None:
    shares = [relabelling_matched(drawn(59, seed), drawn(59, seed + 100)) for seed in range(5)]
    assert 2 / 59 < np.mean(shares) < 5 / 59


def test_the_search_is_fast() -> None:
    began = time.process_time()
    relabelling_matched(drawn(113), drawn(113, 1))
    assert time.process_time() - began < 0.5


def test_units_are_prime_to_the_modulus() -> None:
    assert units(7) == (1, 2, 3)
    assert units(12) == (1, 5)


def test_mirrored_second_residues_count_where_they_are_allowed() -> None:
    true = drawn(31)
    mirrored = Relabelling((4 * true.first + 2) % 31, (-4 * true.second + 9) % 31, true.out)
    assert relabelling_matched(mirrored, true, classes=False) < 0.6
    assert relabelling_matched(mirrored, true, classes=False, mirrored=True) == 1
    other = Relabelling(true.first, (3 * true.second) % 31, true.out)
    assert relabelling_matched(other, true, classes=False, mirrored=True) < 0.6
