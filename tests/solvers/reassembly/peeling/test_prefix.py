"""Prefixes: their exact values, and how the model's ratio, rows and precision change."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
import torch

from solvers.reassembly.core.evaluation import Rows
from solvers.reassembly.peeling.evidence import evidence
from solvers.reassembly.peeling.prefix import EXACT_SHARE, FIRST_ROWS, RATIOS, Move, Prefix, PrefixModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork

DEPTH = 5
BLOCKS = ((2, 4), (0, 1), (3, 0))


def rows_of(network: ResidualNetwork, count: int = 400, noise: float = 0.0) -> Rows:
    rng = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, network.U.shape[2], generator=rng)
    targets = network(inputs)
    targets = targets + noise * targets.std() * torch.randn(targets.shape, generator=rng)
    return Rows(inputs, targets, float(targets.var()))


def prior_of(seed: int) -> torch.Tensor:
    return torch.randn(DEPTH, DEPTH, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def network(make_network: Callable[..., ResidualNetwork]) -> ResidualNetwork:
    return make_network(0, depth=DEPTH, activation="tanh")


def value_from_scratch(model: PrefixModel, network: ResidualNetwork, rows: Rows, prefix: Prefix) -> float:
    """Compute the value of a prefix with the network's own forward pass, in the model's precision."""
    dtype = model.targets.dtype
    targets = rows.targets.float() - rows.targets.float().mean(dim=0)
    targets = (targets / targets.square().mean().sqrt())[: model.rows].to(dtype)
    states, used = rows.inputs[: model.rows].to(dtype), network.to(dtype)
    for i, j in prefix.blocks:
        states = states + used.reordered([i], [j]).residual(0, states)
    left = [i for i in range(DEPTH) if i not in {i for i, _ in prefix.blocks}]
    rest = dataclasses.replace(used, U=used.U[left], c=used.c[left])
    return evidence(rest, states, targets, model.ratio) - sum(float(model.prior[i, j]) for i, j in prefix.blocks)


@pytest.mark.parametrize("noise", [0.0, 0.3, 3.0])
def test_it_begins_with_the_ratio_of_the_best_evidence(noise: float, network: ResidualNetwork) -> None:
    rows = rows_of(network, noise=noise)
    model = PrefixModel(network, rows, prior_of(0))
    prefix = model.begin()
    values = {ratio: evidence(network, rows.inputs, model.targets, ratio) for ratio in RATIOS}

    assert model.ratio == min(values, key=lambda ratio: values[ratio])
    assert prefix.value == values[model.ratio]
    assert prefix.blocks == ()
    assert len(prefix.states) == 1
    assert torch.equal(prefix.states[0], rows.inputs)


def test_noise_raises_the_ratio(network: ResidualNetwork) -> None:
    ratios = []
    for noise in (0.0, 3.0):
        model = PrefixModel(network, rows_of(network, noise=noise), prior_of(0))
        model.begin()
        ratios.append(model.ratio)

    assert ratios[0] < ratios[1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("start", "blocks"),
    [(3, ((1, 2),)), (1, ((1, 3), (0, 1), (3, 0))), (0, ((0, 1), (2, 4), (3, 0))), (2, ()), (0, ())],
)
def test_a_moved_prefix_is_the_one_computed_from_scratch(
    start: int, blocks: tuple[tuple[int, int], ...], dtype: torch.dtype, network: ResidualNetwork
) -> None:
    rows = rows_of(network)
    model = PrefixModel(network, rows, prior_of(0))
    begun = model.begin()
    if dtype == torch.float64:
        model.use_float64()
    prefix = model.moved(begun, Move(0.0, 0, BLOCKS))
    moved = model.moved(prefix, Move(0.0, start, blocks))

    assert moved.blocks == (*BLOCKS[:start], *blocks)
    assert len(moved.states) == len(moved.blocks) + 1
    for one in (prefix, moved):
        expected = value_from_scratch(model, network, rows, one)
        assert one.value == pytest.approx(expected, rel=1e-9 if dtype == torch.float64 else 1e-4)
    again = model.moved(begun, Move(0.0, 0, moved.blocks))
    assert moved.value == again.value
    assert all(torch.equal(a, b) for a, b in zip(moved.states, again.states, strict=True))


def test_the_prior_of_the_pairs_lowers_the_value(network: ResidualNetwork) -> None:
    values = []
    for prior in (torch.zeros(DEPTH, DEPTH), prior_of(3)):
        model = PrefixModel(network, rows_of(network), prior)
        values.append(model.moved(model.begin(), Move(0.0, 0, BLOCKS)).value)
    odds = sum(float(prior_of(3)[i, j].double()) for i, j in BLOCKS)

    assert values[0] - values[1] == pytest.approx(odds, abs=1e-6)


@pytest.mark.parametrize("outputs", [1, 3])
def test_rows_double_until_all_are_used(outputs: int, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=DEPTH, outputs=outputs)
    first = FIRST_ROWS // outputs
    count = 2 * first + 100
    model = PrefixModel(network, rows_of(network, count), prior_of(0))
    seen = [model.rows]
    while model.use_more_rows(all_of_them=False):
        seen.append(model.rows)

    assert seen == [first, 2 * first, count]
    assert len(model.targets) == count
    assert not model.use_more_rows(all_of_them=True)


def test_all_rows_can_be_used_at_once_and_a_prefix_is_run_on_them(network: ResidualNetwork) -> None:
    rows = rows_of(network, 2 * FIRST_ROWS + 100)
    model = PrefixModel(network, rows, prior_of(0))
    before = model.moved(model.begin(), Move(0.0, 0, BLOCKS))

    assert model.use_more_rows(all_of_them=True)
    assert model.rows == rows.count
    after = model.rerun(before)
    assert after.blocks == before.blocks
    assert {len(states) for states in after.states} == {rows.count}
    assert after.value == pytest.approx(value_from_scratch(model, network, rows, after), rel=1e-4)


def test_fewer_rows_than_a_first_share_are_all_used(network: ResidualNetwork) -> None:
    model = PrefixModel(network, rows_of(network, 300), prior_of(0))

    assert model.rows == 300
    assert not model.use_more_rows(all_of_them=False)


def test_float64_is_needed_for_good_fits_only_and_once(network: ResidualNetwork) -> None:
    rows = rows_of(network)
    model = PrefixModel(network, rows, prior_of(0))
    prefix = model.moved(model.begin(), Move(0.0, 0, BLOCKS))
    slope = model.slope(prefix)
    assert slope is not None
    poor, good = (dataclasses.replace(slope, unexplained=share * EXACT_SHARE) for share in (1.1, 0.9))

    assert slope.states.dtype == torch.float32
    assert not model.needs_float64(poor)
    assert model.needs_float64(good)
    model.use_float64()
    assert not model.needs_float64(good)
    exact = model.slope(prefix)
    assert exact is not None
    assert model.targets.dtype == model.halves.V.dtype == exact.states.dtype == torch.float64
    assert exact.value == pytest.approx(slope.value, rel=1e-3)
    extended = model.moved(prefix, Move(0.0, 3, ((1, 2),)))
    assert {states.dtype for states in extended.states} == {torch.float64}


def test_the_slope_of_a_prefix_has_its_value_without_the_prior(network: ResidualNetwork) -> None:
    model = PrefixModel(network, rows_of(network), prior_of(0))
    prefix = model.moved(model.begin(), Move(0.0, 0, BLOCKS))
    slope = model.slope(prefix)
    assert slope is not None

    assert slope.value - model.log_odds(prefix.blocks) == pytest.approx(prefix.value, rel=1e-12)
    assert slope.states.shape == prefix.states[-1].shape


def test_scaling_the_ratio_scales_the_values_to_come(network: ResidualNetwork) -> None:
    rows = rows_of(network)
    model = PrefixModel(network, rows, prior_of(0))
    prefix = model.moved(model.begin(), Move(0.0, 0, BLOCKS))
    ratio = model.ratio
    model.scale_ratio(3.0)
    scaled = model.rerun(prefix)

    assert model.ratio == pytest.approx(3.0 * ratio)
    assert scaled.value != prefix.value
    assert scaled.value == pytest.approx(value_from_scratch(model, network, rows, scaled), rel=1e-4)


def test_free_halves_are_those_in_no_block(network: ResidualNetwork) -> None:
    model = PrefixModel(network, rows_of(network), prior_of(0))

    assert model.free(()) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    assert model.free(BLOCKS) == ([1, 4], [2, 3])
    assert torch.equal(model.rest(BLOCKS).U, network.U[[1, 4]])
    assert torch.equal(model.rest(BLOCKS).c, network.c[[1, 4]])
