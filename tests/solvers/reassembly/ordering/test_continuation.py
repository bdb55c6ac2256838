"""Orders by continuation: shares and slopes, derivatives by the times, the widest and sharpest widths, the whole."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from solvers.api import Context
from solvers.reassembly.core.deadline import Deadline
from solvers.reassembly.core.evaluation import Rows, order_mse, split_rows
from solvers.reassembly.core.monitor import SILENT
from solvers.reassembly.ordering import continuation
from solvers.reassembly.ordering.continuation import continued_order, time_steps_for, widths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

INPUTS = torch.randn(30, 12, generator=torch.Generator().manual_seed(1)).double()
STEP = 1e-7
WIDTHS = (0.25, 0.1, 0.02)


@dataclass(frozen=True)
class EndingDeadline(Deadline):
    """A deadline that passes after that many checks.

    Attributes:
        answers: whether the deadline has passed, by check.
    """

    answers: Iterator[bool] = field(default_factory=lambda: itertools.repeat(True))

    def passed(self) -> bool:
        return next(self.answers)


@dataclass(frozen=True)
class Ending:
    """A monitor whose deadline passes after a number of checks."""

    deadline: Deadline

    @classmethod
    def after(cls, checks: int) -> Ending:
        return cls(EndingDeadline(Context(), answers=itertools.chain([False] * checks, itertools.repeat(True))))

    def found(self, order: object, mse: float, rows: int) -> None:
        raise NotImplementedError

    def log(self, text: str) -> None:
        raise NotImplementedError


def random_times(depth: int = 5) -> Tensor:
    return torch.rand(depth, generator=torch.Generator().manual_seed(2)).double()


def predictions_at(
    network: ResidualNetwork, times: Tensor, width: float, inputs: Tensor, time_steps: int = 9
) -> Tensor:
    shares, _ = continuation._shares(times, width, time_steps)
    return network.read(continuation._states(network, inputs, shares)[-1])


@pytest.mark.parametrize("width", WIDTHS)
def test_shares_sum_to_one_and_slopes_are_their_derivatives(width: float) -> None:
    times = random_times()
    shares, slopes = continuation._shares(times, width, 9)
    ahead, _ = continuation._shares(times + STEP, width, 9)
    behind, _ = continuation._shares(times - STEP, width, 9)

    torch.testing.assert_close(shares.sum(dim=0), torch.ones(5).double())
    torch.testing.assert_close(slopes, (ahead - behind) / (2.0 * STEP), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_features_are_derivatives_by_the_times(
    width: float, outputs: int, activation: str, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, outputs=outputs, activation=activation).to(torch.float64)
    times = random_times()
    shares, slopes = continuation._shares(times, width, 9)
    states = continuation._states(network, INPUTS, shares)
    features = continuation._time_features(network, states, shares, slopes)
    expected = []
    for nudge in STEP * torch.eye(5).double():
        ahead, behind = (predictions_at(network, times + sign * nudge, width, INPUTS) for sign in (1.0, -1.0))
        expected.append(((ahead - behind) / (2.0 * STEP)).T.reshape(-1))

    # The blocks left out at a time step count for nothing on both sides.
    torch.testing.assert_close(features.double(), torch.stack(expected, dim=1), rtol=1e-4, atol=1e-5)


def test_sharp_times_are_the_network_in_their_order(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0).to(torch.float64)
    order = [3, 0, 4, 2, 1]
    times = torch.empty(5).double()
    times[order] = (torch.arange(5).double() + 0.5) / 5
    expected = network.reordered(order, order)(INPUTS)

    torch.testing.assert_close(predictions_at(network, times, 0.01, INPUTS, time_steps=5), expected)


@pytest.mark.parametrize("width", [0.1, 0.05, 0.02])
@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_blocks_left_out_hardly_matter(
    width: float, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    inputs, variance = dropped.puzzle.inputs[:500], dropped.puzzle.variance
    times = random_times(8).float()
    shares, _ = continuation._shares(times, width, 18)
    left_out = shares.clone()
    for step in left_out:
        step[continuation._acting(step)] = 0.0
    few = predictions_at(dropped.network, times, width, inputs, time_steps=18)
    monkeypatch.setattr(continuation, "NEGLIGIBLE", 0.0)
    whole = predictions_at(dropped.network, times, width, inputs, time_steps=18)

    assert int((left_out > 0).sum()) > 18  # times that are sharp leave exact zeros besides
    assert 0.0 < float(left_out.sum(dim=0).max()) < 5e-4  # of a block's effect
    assert float((few - whole).square().mean()) ** 0.5 < 3e-4 * variance**0.5


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_order_is_recovered_from_a_shuffled_one(kind: str, request: pytest.FixtureRequest) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    rows, _ = split_rows(dropped.puzzle, 800, np.random.default_rng(0))
    gained = []
    for seed in (0, 4):
        rng = np.random.default_rng(seed)
        shuffle = rng.permutation(8).tolist()
        network = dropped.network.reordered(shuffle, shuffle)

        def draw(rng: np.random.Generator = rng) -> Rows:
            drawn = torch.from_numpy(rng.permutation(rows.count)[:300])
            return Rows(rows.inputs[drawn], rows.targets[drawn], rows.variance)

        order = continued_order(network, draw, range(8), SILENT)
        assert kendalltau([shuffle[k] for k in order], range(8)).statistic > 0.9
        assert kendalltau(shuffle, range(8)).statistic < 0.5
        gained.append(order_mse(network, rows, order) / order_mse(network, rows, range(8)))

    assert max(gained) < 0.1
    assert min(gained) == 0.0


@pytest.mark.parametrize("depth", [1, 8, 48, 192])
def test_widths_fall_evenly_to_half_a_position(depth: int) -> None:
    found = widths(depth)
    factors = [before / after for before, after in itertools.pairwise(found)]

    assert found[0] == pytest.approx(0.25)
    assert found[-1] == pytest.approx(min(0.25, 0.5 / depth))
    assert factors == pytest.approx([factors[0]] * len(factors) if factors else [])
    assert all(1.0 < factor <= 1.2 + 1e-9 for factor in factors)


def test_time_steps_lie_close_enough_for_every_width() -> None:
    for width in widths(192):
        assert time_steps_for(width) >= 6
        assert 0.4 < time_steps_for(width) * width < 2.0


def test_without_time_the_first_order_stays(make_network: Callable[..., ResidualNetwork]) -> None:
    network, inputs = make_network(0), INPUTS.float()
    rows = Rows(inputs, network(inputs), 1.0)

    assert continued_order(network, lambda: rows, [3, 0, 4, 2, 1], Ending.after(0)) == [3, 0, 4, 2, 1]
    assert sorted(continued_order(network, lambda: rows, [3, 0, 4, 2, 1], Ending.after(2))) == list(range(5))


def test_times_stay_where_predictions_are_no_numbers(make_network: Callable[..., ResidualNetwork]) -> None:
    network, inputs = make_network(0), INPUTS.float()
    rows = Rows(inputs, torch.full((30, 1), torch.nan), 1.0)

    assert continued_order(network, lambda: rows, [3, 0, 4, 2, 1], SILENT) == [3, 0, 4, 2, 1]
