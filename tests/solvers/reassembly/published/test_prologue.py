"""The first steps of published solvers: rows, pairs by one statistic, a first order measured and reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import SpecError
from solvers.api import Context
from solvers.reassembly.core.evaluation import order_mse
from solvers.reassembly.pairing.statistics import PAIRINGS, pair
from solvers.reassembly.published.prologue import paired_blocks, walk_from

if TYPE_CHECKING:
    from tests.solvers.reassembly.conftest import Dropped

ORDER = [3, 1, 0, 2, 7, 6, 5, 4]


def recording(**sinks: Any) -> Context:
    return Context(**sinks)


@pytest.mark.parametrize("statistic", sorted(PAIRINGS))
def test_halves_are_paired_by_the_named_statistic(statistic: str, trained: Dropped) -> None:
    blocks = paired_blocks(trained.puzzle, Context(), 300, statistic)

    assert blocks.partners == pair(trained.puzzle.network, statistic)
    assert blocks.attempt.puzzle is trained.puzzle
    for k, partner in enumerate(blocks.partners):
        assert blocks.network.U[k].equal(trained.puzzle.network.U[k])
        assert blocks.network.V[k].equal(trained.puzzle.network.V[partner])


def test_statistics_differ_where_weights_hardly_show_the_pairs(young: Dropped) -> None:
    found = {tuple(paired_blocks(young.puzzle, Context(), 300, name).partners) for name in PAIRINGS}

    assert len(found) > 1


def test_rows_are_drawn_by_the_seed_and_no_more_than_asked(trained: Dropped) -> None:
    first, again, other = (paired_blocks(trained.puzzle, Context(seed=s), 300, "trace").attempt for s in (1, 1, 2))

    assert first.search.count == 300
    assert first.search.inputs.equal(again.search.inputs)
    assert not first.search.inputs.equal(other.search.inputs)


def test_an_unknown_statistic_and_no_rows_are_refused(trained: Dropped) -> None:
    with pytest.raises(SpecError, match="'tracy'"):
        paired_blocks(trained.puzzle, Context(), 300, "tracy")
    with pytest.raises(SpecError, match="set rows to 1 or more"):
        paired_blocks(trained.puzzle, Context(), 0, "trace")


@pytest.mark.parametrize("name", ["", "greedy"])
def test_a_first_order_is_measured_reported_and_logged_by_its_name(name: str, trained: Dropped) -> None:
    reports: list[Any] = []
    lines: list[str] = []
    blocks = paired_blocks(trained.puzzle, recording(report=reports.append, log=lines.append), 300, "trace")
    walk = walk_from(blocks, tuple(ORDER), name)
    best = blocks.attempt.best.assembly

    assert walk.order == ORDER
    assert walk.mse == order_mse(blocks.network, blocks.attempt.search, ORDER) > 0.0
    assert (list(best.incoming), best.mse, best.rows) == (ORDER, walk.mse, 300)
    assert reports[-1] == trained.puzzle.answer(ORDER, [blocks.partners[k] for k in ORDER])
    assert lines == ([f"greedy order: mse {walk.mse:.3e}"] if name else [])
