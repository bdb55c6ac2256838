"""Stop and certificate of degraded puzzles: right as often as stated, and none where noise hides the order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from generator.errors import SpecError
from generator.reassembly.making.generate import initial_network
from generator.reassembly.network.degrade import degraded_predictions, rounded
from generator.reassembly.scoring.likelihood import LikelihoodVerdict, expected_error, judge
from generator.reassembly.spec import Degradation, ReassemblySpec

if TYPE_CHECKING:
    from generator.reassembly.network.residual import ResidualNetwork

WAYS = [
    Degradation(piece_format="float16"),
    Degradation(piece_format="int8"),
    Degradation(prediction_decimals=3),
    Degradation(prediction_noise=0.01),
    Degradation(piece_format="int8", prediction_decimals=2, prediction_noise=0.03),
]
SEEDS = 40


def a_network(seed: int, *, depth: int = 4, gain: float = 1.0, outputs: int = 1) -> ResidualNetwork:
    fields = {"depth": depth, "width": 8, "hidden": 12, "gain_first": gain, "gain_last": gain, "outputs": outputs}
    return initial_network(ReassemblySpec.model_validate(fields), torch.Generator().manual_seed(seed))


def case(
    seed: int, way: Degradation, *, rows: int = 200, **shape: Any
) -> tuple[ResidualNetwork, torch.Tensor, torch.Tensor]:
    """Give the true assembly of degraded pieces, inputs and degraded predictions."""
    network = a_network(seed, **shape)
    x = torch.randn(rows, 8, generator=torch.Generator().manual_seed(1000 + seed))
    return rounded(network, way.piece_format), x, degraded_predictions(network(x), way, np.random.default_rng(seed))


def verdict(
    network: ResidualNetwork, x: torch.Tensor, y: torch.Tensor, way: Degradation, order: list[int] | None = None
) -> LikelihoodVerdict:
    return judge(network.reordered(order, order) if order else network, x, y, way, np.random.default_rng(7))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.label)
def test_the_truth_is_certified_and_one_swap_off_is_not(way: Degradation) -> None:
    certified, plausible = 0, 0
    for seed in range(SEEDS):
        data = case(seed, way)
        right, wrong = verdict(*data, way), verdict(*data, way, [0, 2, 1, 3])
        certified += right.certified
        plausible += right.plausible
        assert not wrong.settled
        assert wrong.margin < -5
        assert wrong.rival is not None
    assert certified >= 0.95 * SEEDS
    assert plausible >= 0.95 * SEEDS


def test_the_rival_of_a_wrong_order_leads_to_the_truth() -> None:
    way = WAYS[3]
    network, x, y = case(1, way, depth=8)
    order = [0, 1, 2, 5, 3, 4, 6, 7]
    wrong = verdict(network, x, y, way, order)
    assert wrong.rival is not None
    incoming, outgoing = wrong.rival.assembly(8)
    assert [order[k] for k in incoming] == [order[k] for k in outgoing] == list(range(8))
    assert verdict(network, x, y, way).certified


def test_several_outputs_and_every_depth_are_judged() -> None:
    for depth in (1, 2, 6):
        found = verdict(*case(2, WAYS[4], depth=depth, outputs=3), WAYS[4])
        assert found.certified
        assert (found.rival is None) == (depth == 1)
        assert math.isinf(found.margin) == (depth == 1)
        assert f"{found.mse:.3e}" in found.note


def test_expected_errors_are_what_the_formulas_say() -> None:
    network, x, y = case(0, WAYS[2], rows=2000)
    assert verdict(network, x, y, WAYS[2]).expected == pytest.approx(1e-6 / 12)
    network, x, y = case(0, WAYS[3], rows=2000)
    noise = 1e-4 * float(network(x).double().var(dim=0, correction=0).mean())
    assert verdict(network, x, y, WAYS[3]).expected == pytest.approx(noise, rel=0.02)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.label)
def test_the_cheap_estimate_of_the_expected_error_is_of_the_right_size(way: Degradation) -> None:
    for seed in range(5):
        network, x, y = case(seed, way, rows=2000)
        ratio = expected_error(network, x, y, way, np.random.default_rng(seed)) / verdict(network, x, y, way).expected
        assert 0.3 < ratio < 3.0


@pytest.mark.parametrize(
    ("way", "gain"), [(Degradation(prediction_noise=0.5), 0.25), (Degradation(piece_format="int8"), 0.02)]
)
def test_nothing_is_certified_where_noise_hides_the_order_and_the_level_still_holds(
    way: Degradation, gain: float
) -> None:
    verdicts = [verdict(*case(seed, way, gain=gain), way) for seed in range(SEEDS)]
    assert not any(found.certified for found in verdicts)
    assert np.mean([found.confidence for found in verdicts]) < 0.3
    # Residuals of the truth are as likely as a p-value says.
    p_values = np.array([found.p_value for found in verdicts])
    assert 0.25 < p_values.mean() < 0.75
    assert (p_values <= 0.1).mean() <= 0.25


def test_confidence_is_the_share_of_cases_in_which_the_truth_is_likeliest() -> None:
    """With moderate noise, the confidence equals the share of right cases."""
    way = Degradation(prediction_noise=0.1)
    verdicts = [verdict(*case(seed, way, gain=gain), way) for gain in (0.25, 0.5, 1.0) for seed in range(SEEDS)]
    confidence = np.mean([found.confidence for found in verdicts])
    assert 0.2 < confidence < 0.9
    assert np.mean([found.margin >= 0 for found in verdicts]) == pytest.approx(confidence, abs=0.12)
    for found in verdicts:
        assert not found.certified or found.confidence >= 0.95


def test_blocks_that_are_the_same_function_are_no_rivals() -> None:
    way = WAYS[3]
    network, x, y = case(0, way)
    assert verdict(network, x, y, way).certified
    network.V[2] = 0
    network.e[2] = 0
    y = degraded_predictions(network(x), way, np.random.default_rng(0))
    assert verdict(network, x, y, way).certified


def test_another_network_is_implausible_and_one_that_overflows_impossible() -> None:
    way = WAYS[1]
    network, x, y = case(0, way)
    assert not verdict(a_network(99), x, y, way).plausible
    network.head.fill_(math.inf)
    found = verdict(network, x, y, way)
    assert (found.settled, found.confidence, found.mse) == (False, 0.0, math.inf)


def test_the_same_generator_gives_the_same_verdict() -> None:
    data = case(3, WAYS[4])
    assert verdict(*data, WAYS[4]) == verdict(*data, WAYS[4])


def test_an_undegraded_puzzle_is_not_judged_by_likelihood() -> None:
    data = case(0, Degradation())
    with pytest.raises(SpecError, match="use certify"):
        verdict(*data, Degradation())
