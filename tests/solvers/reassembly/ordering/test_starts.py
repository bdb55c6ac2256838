"""Initial orders: their sequence, each recipe, and the use of the generator."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import kendalltau

from solvers.api import Context
from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.ordering import starts
from solvers.reassembly.ordering.continuation import continued_order
from solvers.reassembly.ordering.refine import Refiner
from solvers.reassembly.ordering.schedule import mean_field_order
from solvers.reassembly.ordering.seeding import random_order, seed_order
from solvers.reassembly.ordering.starts import (
    DEEP,
    RANDOM,
    RANDOM_CONTINUED,
    SEEDS,
    Continuation,
    Source,
    Start,
    begin,
    first_starts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.attempt import PairedBlocks
    from solvers.reassembly.core.evaluation import Rows
    from tests.solvers.reassembly.conftest import Dropped

FIT = Start(Source.MEAN_FIELD)
FIT_CONTINUED = Start(Source.MEAN_FIELD, continuation=Continuation.QUICK)
FIT_PATIENT = Start(Source.MEAN_FIELD, continuation=Continuation.PATIENT)
RANDOM_PATIENT = Start(Source.RANDOM, continuation=Continuation.PATIENT)
FALLING, RISING = Start(Source.NORM, "frobenius", descending=True), Start(Source.NORM, "frobenius")
MEAN_FIELD = [(0, FIT), (1, FIT), (0, FIT_CONTINUED), (1, FIT_CONTINUED), (0, FIT_PATIENT)]
NORMS = [(0, FALLING), (0, RISING)]
CHANCE = [(0, RANDOM), (0, RANDOM)]
KINDS = [FIT, FIT_CONTINUED, FIT_PATIENT, FALLING, RISING, RANDOM, RANDOM_CONTINUED, RANDOM_PATIENT]


def starts_of(
    seeds: str, depth: int = DEEP, pairings: int = 3, *, continuation: bool = True
) -> list[tuple[int, Start]]:
    return list(first_starts(seeds, depth, pairings, continuation=continuation))


def bench(dropped: Dropped, seed: int = 0) -> tuple[Refiner, PairedBlocks]:
    """Pair a puzzle's halves rightly, with a refiner that draws from a generator of that seed."""
    puzzle = dropped.puzzle
    attempt = Attempt.begin(puzzle, Context(seed=1), 800)
    incoming, outgoing = puzzle.assembly(dropped.answer)
    partners = [partner for _, partner in sorted(zip(incoming, outgoing, strict=True))]
    rng = np.random.default_rng(seed)
    refiner = Refiner(puzzle.network, attempt.search, rng, attempt.deadline, attempt.best.offer)
    return refiner, attempt.paired(partners)


def true_order(dropped: Dropped) -> list[int]:
    return list(dropped.puzzle.assembly(dropped.answer)[0])


def test_every_source_has_its_sequence() -> None:
    expected = {
        "portfolio": [*MEAN_FIELD, *NORMS, *CHANCE],
        "mean-field": MEAN_FIELD,
        "norms": NORMS,
        "random": [(0, RANDOM_CONTINUED), (0, RANDOM_PATIENT), *CHANCE],
    }

    assert set(expected) == set(SEEDS)
    assert {seeds: starts_of(seeds) for seeds in SEEDS} == expected


@pytest.mark.parametrize("seeds", ["portfolio", "mean-field"])
def test_deep_networks_begin_with_the_continuation(seeds: str) -> None:
    shallow, deep = starts_of(seeds, DEEP), starts_of(seeds, DEEP + 1)

    assert deep == [*shallow[2:4], *shallow[:2], *shallow[4:]]
    assert deep[0] == (0, FIT_CONTINUED)


@pytest.mark.parametrize("seeds", ["norms", "random"])
def test_other_sources_do_not_depend_on_the_depth(seeds: str) -> None:
    assert starts_of(seeds, 1) == starts_of(seeds, DEEP) == starts_of(seeds, DEEP + 1)


@pytest.mark.parametrize("depth", [8, DEEP + 1])
def test_without_continuation_nothing_is_continued(depth: int) -> None:
    found = {seeds: starts_of(seeds, depth, continuation=False) for seeds in SEEDS}

    assert found == {
        "portfolio": [*MEAN_FIELD[:2], *NORMS, *CHANCE],
        "mean-field": MEAN_FIELD[:2],
        "norms": NORMS,
        "random": CHANCE,
    }


@pytest.mark.parametrize("pairings", [1, 2, 5])
def test_at_most_two_pairings_are_ordered(pairings: int) -> None:
    found = starts_of("portfolio", pairings=pairings)

    assert {pairing for pairing, _ in found} == set(range(min(2, pairings)))
    assert all(start.source is Source.MEAN_FIELD for pairing, start in found if pairing > 0)
    assert [one for one in starts_of("portfolio") if one[0] == 0] == [one for one in found if one[0] == 0]


def test_labels_name_source_direction_and_continuation() -> None:
    assert [start.label for start in KINDS] == [
        "mean-field",
        "mean-field, continued",
        "mean-field, continued patiently",
        "frobenius-",
        "frobenius+",
        "random",
        "random, continued",
        "random, continued patiently",
    ]


@pytest.mark.parametrize("start", KINDS, ids=lambda start: start.label)
def test_every_recipe_gives_a_measured_order_of_the_blocks(start: Start, trained: Dropped) -> None:
    refiner, blocks = bench(trained)
    found = begin(refiner, blocks, start)

    assert sorted(found.incoming) == list(range(8))
    assert found.partners == blocks.partners
    assert found == refiner.measure(*found.halves)
    assert found.rows == refiner.deciding.count
    again, blocks = bench(trained)
    assert begin(again, blocks, start) == found


@pytest.mark.parametrize("descending", [True, False])
def test_norms_sort_in_both_directions(descending: bool, trained: Dropped) -> None:  # noqa: FBT001 - a parameter
    refiner, blocks = bench(trained)
    found = begin(refiner, blocks, Start(Source.NORM, "l1", descending))

    assert list(found.incoming) == seed_order(blocks.network, refiner.search.inputs, "l1", descending=descending)
    assert refiner.rng.bit_generator.state == np.random.default_rng(0).bit_generator.state  # nothing is drawn


@pytest.mark.parametrize("start", [FIT, FIT_CONTINUED, FIT_PATIENT, RANDOM_PATIENT], ids=lambda start: start.label)
def test_fits_and_continuations_come_near_the_truth(start: Start, trained: Dropped) -> None:
    refiner, blocks = bench(trained)
    found = begin(refiner, blocks, start)

    assert kendalltau(np.argsort(found.incoming), np.argsort(true_order(trained))).statistic > 0.7
    assert found.mse < 0.2 * begin(refiner, blocks, RANDOM).mse


def test_random_starts_use_up_the_generator_in_order(trained: Dropped) -> None:
    refiner, blocks = bench(trained, seed=7)
    rng = np.random.default_rng(7)
    found = [begin(refiner, blocks, RANDOM).incoming for _ in range(3)]

    assert found == [tuple(random_order(8, rng)) for _ in range(3)]
    assert len(set(found)) == 3
    assert refiner.rng.bit_generator.state == rng.bit_generator.state


def test_a_continuation_draws_its_rows_after_its_order(trained: Dropped) -> None:
    states = []
    for start in (RANDOM, RANDOM_CONTINUED, RANDOM_PATIENT):
        refiner, blocks = bench(trained, seed=7)
        begin(refiner, blocks, start)
        states.append(refiner.rng.bit_generator.state)
    rng = np.random.default_rng(7)
    random_order(8, rng)

    assert states[0] == rng.bit_generator.state
    assert states[0] != states[1]
    # Both continuations draw a permutation of the rows in every step, and take as many steps.
    assert states[1] == states[2]
    for _ in range(100):
        rng.permutation(800)
        if rng.bit_generator.state == states[1]:
            break
    else:
        pytest.fail("the continuation drew something else than rows")


def test_patient_recipes_use_more_rows_and_finer_time_steps(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[int] = []
    sharpened: list[tuple[int, int]] = []

    def fit(network: ResidualNetwork, rows: Rows, *args: Any, **options: Any) -> list[int]:
        fitted.append(rows.count)
        return mean_field_order(network, rows, *args, **options)

    def sharpen(network: ResidualNetwork, draw: Callable[[], Rows], *args: Any, fineness: int) -> list[int]:
        sharpened.append((draw().count, fineness))
        return continued_order(network, draw, *args, fineness=fineness)

    monkeypatch.setattr(starts, "mean_field_order", fit)
    monkeypatch.setattr(starts, "continued_order", sharpen)
    refiner, blocks = bench(trained)
    cases = ((8, FIT), (8, FIT_CONTINUED), (7, FIT_CONTINUED), (7, FIT_PATIENT))
    for deepest, start in cases:
        monkeypatch.setattr(starts, "DEEP", deepest)  # 8 blocks are deep where it is 7
        begin(refiner, blocks, start)

    assert fitted == [500, 800, 500, 800]  # the search has 800 rows, fewer than twice 500
    assert sharpened == [(600, 1), (600, 1), (800, 2)]


def test_starts_are_made_one_by_one() -> None:
    endless = first_starts("portfolio", 8, 10**9, continuation=True)

    assert list(itertools.islice(endless, 3)) == MEAN_FIELD[:3]
