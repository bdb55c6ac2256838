"""Order blocks by continuation: each block acts over a long time at first, then over shorter and shorter times.

Block k acts around a time t_k, with shares of a normal density of width s. While s is large, the output depends on the
times weakly and smoothly, and a Gauss-Newton step on the K times costs one forward and one backward pass. As s shrinks
below one position, the flow becomes the network and the times become an order. Local minima of single moves do not
trap this search, because it takes no order before the end.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from generator.reassembly.network.residual import activation_function
from generator.reassembly.scoring.certificate import squared_error
from solvers.reassembly.core.activations import derivative_function
from solvers.reassembly.core.mean_field import ridge_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.core.monitor import Monitor

__all__ = ["continued_order", "continued_orders", "time_steps_for", "widths"]

FIRST_WIDTH = 0.25
"""Width of a block's time at first, as a share of the whole."""

LAST_WIDTH = 0.5
"""Width at last, in positions: a share of the whole that falls with the depth."""

SHARPENING = 1.2
"""Factor by which the width falls from one Gauss-Newton step to the next."""

RESOLUTION = 0.5
"""Moments within a width: the flow is taken at more time_steps as it sharpens, each of which fewer blocks share."""

TIME_STEPS = 6
"""Moments at least."""

SHARES_OF_STEP = (1.0, 0.5, 0.25, 0.1)
"""Shares of a step that are tried."""

LONGEST = 0.3
"""The furthest that a step may move a block, as a share of the whole time."""

NEGLIGIBLE = 1e-3
"""Share of a block's effect at a moment below which it is left out there."""


def continued_order(
    network: ResidualNetwork,
    draw: Callable[[], Rows],
    order: Sequence[int],
    monitor: Monitor,
    *,
    fineness: int = 1,
) -> list[int]:
    """Follow the times of the blocks from a first order to a sharp one.

    Args:
        network: paired blocks.
        draw: gives fresh rows for every step.
        order: where the times begin.
        monitor: asked whether time is up.
        fineness: factor by which time_steps are more than they need be to tell the blocks apart.
    """
    latest = list(order)
    steps = continued_orders(network, draw, order, fineness=fineness)
    while not monitor.deadline.passed() and (sharper := next(steps, None)) is not None:
        latest = sharper
    return latest


def continued_orders(
    network: ResidualNetwork, draw: Callable[[], Rows], order: Sequence[int], *, fineness: int = 1
) -> Iterator[list[int]]:
    """Yield the order after every step of `continued_order`, whose arguments these are."""
    depth = network.depth
    even = (torch.arange(depth) + 0.5) / depth
    times = torch.empty(depth)
    times[list(order)] = even
    for width in widths(depth):
        times = _improve(network, draw(), times, width, fineness * time_steps_for(width))
        # The times stay spread evenly, as the positions of an order are.
        times[times.argsort(stable=True)] += even
        times *= 0.5
        yield [int(k) for k in times.argsort(stable=True)]


def widths(depth: int) -> list[float]:
    """List the widths of the steps: from a quarter of the whole to half a position, each the same share of the last."""
    last = min(FIRST_WIDTH, LAST_WIDTH / depth)
    steps = 1 + math.ceil(math.log(FIRST_WIDTH / last) / math.log(SHARPENING))
    return [FIRST_WIDTH * (last / FIRST_WIDTH) ** (step / max(1, steps - 1)) for step in range(steps)]


def time_steps_for(width: float) -> int:
    """Say at how many time_steps the flow is taken."""
    return max(TIME_STEPS, round(RESOLUTION / width))


def _improve(network: ResidualNetwork, rows: Rows, times: Tensor, width: float, time_steps: int) -> Tensor:
    shares, slopes = _shares(times, width, time_steps)
    states = _states(network, rows.inputs, shares)
    residual = (rows.targets - network.read(states[-1])).T.reshape(-1)
    if not torch.isfinite(residual).all():
        return times
    features = _time_features(network, states, shares, slopes)
    step, _ = ridge_step(features, residual, torch.ones(network.depth))
    step = step.clamp(-LONGEST, LONGEST)
    few = rows.head(max(50, rows.count // 2))
    lowest, best = squared_error(network.read(states[-1][: few.count]), few.targets), times
    for share in SHARES_OF_STEP:
        trial = times + share * step
        told = network.read(_states(network, few.inputs, _shares(trial, width, time_steps)[0])[-1])
        mse = squared_error(told, few.targets)
        if mse < lowest:
            lowest, best = mse, trial
        elif best is not times:
            break
    return best.clone()


def _shares(times: Tensor, width: float, time_steps: int) -> tuple[Tensor, Tensor]:
    """Give the shares of the blocks, L x K, each block's summing to 1, and their derivatives by the times."""
    grid = (torch.arange(time_steps) + 0.5) / time_steps
    away = (grid[:, None] - times) / width
    shares = torch.softmax(-0.5 * away.square(), dim=0)
    slopes = shares * (away - (shares * away).sum(dim=0)) / width
    return shares, slopes


def _acting(shares: Tensor) -> Tensor:
    return torch.nonzero(shares > NEGLIGIBLE / len(shares))[:, 0]


def _stacked(network: ResidualNetwork, blocks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    width = network.U.shape[2]
    readers, biases = network.U[blocks].reshape(-1, width), network.c[blocks].reshape(-1)
    return readers, biases, network.V[blocks].transpose(1, 2).reshape(-1, width)


def _states(network: ResidualNetwork, h: Tensor, shares: Tensor) -> list[Tensor]:
    sigma, hidden = activation_function(network.activation), network.U.shape[1]
    states = [h]
    for moment in shares:
        blocks = _acting(moment)
        readers, biases, writers = _stacked(network, blocks)
        weights = moment[blocks].repeat_interleave(hidden)[:, None]
        h = h + sigma(torch.addmm(biases, h, readers.T)) @ (writers * weights) + moment[blocks] @ network.e[blocks]
        states.append(h)
    return states


def _time_features(network: ResidualNetwork, states: list[Tensor], shares: Tensor, slopes: Tensor) -> Tensor:
    """Differentiate the predictions by the blocks' times: (o n) x K, output by output."""
    sigma, derivative = activation_function(network.activation), derivative_function(network.activation)
    hidden, rows, outputs = network.U.shape[1], len(states[0]), len(network.head)
    g = network.head[:, None, :].expand(outputs, rows, -1)
    features = torch.zeros(network.depth, outputs, rows)
    for number in range(len(shares) - 1, -1, -1):
        blocks = _acting(shares[number])
        readers, biases, writers = _stacked(network, blocks)
        z = torch.addmm(biases, states[number], readers.T)
        pulled = g @ writers.T
        told = (pulled * sigma(z)).view(outputs, rows, len(blocks), hidden).sum(dim=3) + g @ network.e[blocks].T
        features[blocks] += slopes[number, blocks, None, None] * told.permute(2, 0, 1)
        pulled *= derivative(z) * shares[number, blocks].repeat_interleave(hidden)
        g = g + pulled @ readers
    return features.view(network.depth, -1).T
