"""Views of the weights combined: symmetries, and no confidence for halves without partners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.evaluation import Rows, split_rows
from solvers.reassembly.pairing.alignment import bias_alignment, head_alignment, trend_alignment
from solvers.reassembly.pairing.displacement import crossed, displacement_correlation
from solvers.reassembly.pairing.filters import head_filter, matched_filter
from solvers.reassembly.pairing.statistics import match
from solvers.reassembly.pairing.views import pairing_views
from tests.solvers.reassembly.planting import DEPTH, noise, planted, rows_of, with_permuted_units

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped


def views_of(network: ResidualNetwork, rows: Rows, start: Tensor, companions: Tensor) -> dict[str, Tensor]:
    return {
        "bias-alignment": bias_alignment(network),
        "head-alignment": head_alignment(network),
        "trend-alignment": trend_alignment(network, rows),
        "displacement": displacement_correlation(network),
        "matched-filter": matched_filter([network], start, companions),
        "filter-crossed": matched_filter(crossed(network), start, companions),
        "head-filter": head_filter(network, start, companions),
    }


@pytest.mark.parametrize("outputs", [1, 3])
def test_permuting_halves_permutes_scores(outputs: int, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=DEPTH, outputs=outputs)
    rows, start, companions = rows_of(network), noise(1), 0.5 * noise(2)
    incoming, outgoing = np.random.default_rng(3).permutation(DEPTH), np.random.default_rng(4).permutation(DEPTH)
    i, j = torch.from_numpy(incoming)[:, None], torch.from_numpy(outgoing)[None, :]
    before = views_of(network, rows, start, companions)
    shuffled = network.reordered(incoming.tolist(), outgoing.tolist())
    after = views_of(shuffled, rows, start[i, j], companions[i, j])

    for name, scores in after.items():
        assert torch.allclose(scores, before[name][i, j], rtol=1e-3, atol=1e-3), name


def test_margins_are_near_zero_where_no_pair_is_one(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=12)
    paired = planted(network, list(range(12)), -network.head[0], 1.0)
    found: dict[str, list[float]] = {}
    for seed in range(4):
        unpaired = with_permuted_units(paired, seed)
        for view in pairing_views(unpaired, rows_of(unpaired)):
            found.setdefault(view.name, []).append(view.margin)
    right = {view.name: view for view in pairing_views(paired, rows_of(paired))}

    assert set(right) == set(found)
    for name, margins in found.items():
        assert abs(np.mean(margins)) < 0.3, name  # of one, the standard deviation is about 0.2
    assert abs(np.mean(list(found.values()))) < 0.05
    for name in ("head-alignment", "head-filter", "combined"):
        assert right[name].partners == list(range(12)), name
        assert right[name].margin > max(found[name]), name


def test_views_pair_a_trained_network(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 600, np.random.default_rng(0))
    views = pairing_views(trained.network, rows)
    named = {view.name: view for view in views}

    assert views[0].partners == list(range(8))
    assert [view.margin for view in views] == sorted((view.margin for view in views), reverse=True)
    for name in ("trace", "head-alignment", "filter-alignments", "head-filter", "combined"):
        assert named[name].partners == list(range(8)), name
        assert named[name].margin > 0.3, name
    for view in views:
        torch.testing.assert_close(view.scores.square().mean(dim=1), torch.ones(8, dtype=torch.float64))
        assert view.partners == match(view.scores)
