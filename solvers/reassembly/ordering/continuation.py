"""Order blocks by continuation: each block acts over a long time at first, then over shorter and shorter times.

Block k acts around a time t_k. Its shares over the time steps follow a normal density of width s. While s is large, the
output depends weakly and smoothly on the times. A Gauss-Newton step on the K times costs one forward and one backward
pass. As s shrinks below one position, the flow becomes the network and the times become an order. Local minima of
single moves do not trap this search, because the search chooses no order before the end.
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
"""First width of a block's time, as a share of the whole time. A larger value starts from a smoother flow. Hand-set."""

LAST_WIDTH = 0.5
"""Last width of a block's time, in positions. A smaller value gives a sharper order and takes more steps. Hand-set."""

SHARPENING = 1.2
"""Factor by which the width falls per Gauss-Newton step. A larger value takes fewer, riskier steps. Hand-set."""

RESOLUTION = 0.5
"""Time steps per width, so that the number of time steps rises as the width falls. A larger value resolves the flow
better and takes longer. Hand-set.
"""

TIME_STEPS = 6
"""Smallest number of time steps of the flow. Hand-set."""

SHARES_OF_STEP = (1.0, 0.5, 0.25, 0.1)
"""Shares of a Gauss-Newton step that are tried in turn. Hand-set."""

LONGEST = 0.3
"""Largest change of a block's time in one step, as a share of the whole time. Hand-set."""

NEGLIGIBLE = 1e-3
"""A block is left out of a time step if its share is below this value, divided by the number of time steps. A larger
value is faster and less exact. Hand-set.
"""


def continued_order(
    network: ResidualNetwork,
    draw: Callable[[], Rows],
    order: Sequence[int],
    monitor: Monitor,
    *,
    fineness: int = 1,
) -> list[int]:
    """Fit the times of the blocks from a first order, step by step, until the times are sharp; return the final order.

    Args:
        network: paired blocks.
        draw: gives fresh rows for every step.
        order: order that the times start from.
        monitor: holds the deadline.
        fineness: factor on the number of time steps; a larger value resolves the flow better and takes longer.
    """
    latest = list(order)
    steps = continued_orders(network, draw, order, fineness=fineness)
    while not monitor.deadline.passed() and (sharper := next(steps, None)) is not None:
        latest = sharper
    return latest


def continued_orders(
    network: ResidualNetwork, draw: Callable[[], Rows], order: Sequence[int], *, fineness: int = 1
) -> Iterator[list[int]]:
    """Yield the order after every step of `continued_order`, with the same arguments."""
    depth = network.depth
    even = (torch.arange(depth) + 0.5) / depth
    times = torch.empty(depth)
    times[list(order)] = even
    for width in widths(depth):
        times = _improve(network, draw(), times, width, fineness * time_steps_for(width))
        # Average with evenly spread times, so that the times stay spread like positions.
        times[times.argsort(stable=True)] += even
        times *= 0.5
        yield [int(k) for k in times.argsort(stable=True)]


def widths(depth: int) -> list[float]:
    """List the widths of the steps: a geometric sequence from a quarter of the whole time to half a position."""
    last = min(FIRST_WIDTH, LAST_WIDTH / depth)
    steps = 1 + math.ceil(math.log(FIRST_WIDTH / last) / math.log(SHARPENING))
    return [FIRST_WIDTH * (last / FIRST_WIDTH) ** (step / max(1, steps - 1)) for step in range(steps)]


def time_steps_for(width: float) -> int:
    """Compute the number of time steps of a flow with this width."""
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
        predictions = network.read(_states(network, few.inputs, _shares(trial, width, time_steps)[0])[-1])
        mse = squared_error(predictions, few.targets)
        if mse < lowest:
            lowest, best = mse, trial
        elif best is not times:
            break
    return best.clone()


def _shares(times: Tensor, width: float, time_steps: int) -> tuple[Tensor, Tensor]:
    """Compute the shares L x K, which sum to 1 for every block, and their derivatives by the times."""
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
    for step_shares in shares:
        blocks = _acting(step_shares)
        readers, biases, writers = _stacked(network, blocks)
        weights = step_shares[blocks].repeat_interleave(hidden)[:, None]
        h = h + sigma(torch.addmm(biases, h, readers.T)) @ (writers * weights) + step_shares[blocks] @ network.e[blocks]
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
        effect = (pulled * sigma(z)).view(outputs, rows, len(blocks), hidden).sum(dim=3) + g @ network.e[blocks].T
        features[blocks] += slopes[number, blocks, None, None] * effect.permute(2, 0, 1)
        pulled *= derivative(z) * shares[number, blocks].repeat_interleave(hidden)
        g = g + pulled @ readers
    return features.view(network.depth, -1).T
