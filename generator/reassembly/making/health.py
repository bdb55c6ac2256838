"""Check a trained network before it becomes a puzzle: training loss, effect of each block, identifiable order.

Measurements that would reveal the order (profiles by depth, interchangeable blocks) go into the sealed answer. The
manifest gets summaries over all blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["Health", "check_health", "exchange_effects", "interchangeable_blocks"]

PROBE_ROWS = 1000
"""Number of rows on which the effect of exchanging adjacent blocks is measured. Hand-set; more rows take more time."""

LEAST_ROUND_OFF = torch.finfo(torch.float32).eps ** 2
"""MSE, divided by the variance, of rounding predictions to float32."""

ABOVE_ROUND_OFF = 100.0
"""Smallest MSE of a visible change, in units of float32 round-off. Hand-set.

Scoring accepts errors up to 20 times an assembly's rounding, so this threshold stays above that of scoring.
"""


@dataclass(frozen=True)
class Health:
    """Measurements on a trained network and its rows, before degradation.

    Attributes:
        loss: training loss of the network on its rows.
        constant_loss: loss of the best constant prediction.
        linear_loss: loss of the least-squares linear prediction; for classes, the cross-entropy of a linear fit to the
            one-hot labels, clipped and scaled to probabilities.
        movement: relative size of the residual by depth: mean over rows of |f_k(h)| / |h|. Manifests hold it under
            this name, which puzzles' digests cover.
        exchange: by depth, MSE over variance after exchanging blocks t and t+1.
        round_off: MSE over variance between float32 and float64 evaluation.
        interchangeable: pairs of blocks, by depth, whose exchange is not visible.
    """

    loss: float
    constant_loss: float
    linear_loss: float
    movement: tuple[float, ...]
    exchange: tuple[float, ...]
    round_off: float
    interchangeable: tuple[tuple[int, int], ...]

    @property
    def finite(self) -> bool:
        """Whether all measurements are finite."""
        numbers = (self.loss, self.constant_loss, self.linear_loss, self.round_off, *self.movement, *self.exchange)
        return all(map(math.isfinite, numbers))

    @property
    def threshold(self) -> float:
        """Smallest MSE over variance of a visible change."""
        return visible(self.round_off)

    @property
    def identifiable(self) -> bool:
        """Whether every exchange of two adjacent blocks is visible."""
        return all(effect >= self.threshold for effect in self.exchange)


def check_health(
    network: ResidualNetwork, x: Tensor, y: Tensor, *, classes: bool, exported: int | None = None
) -> Health:
    """Measure a network on its rows: inputs n x d, labels n x o (or class numbers n x 1).

    The visibility of the order is measured on the exported rows, which are the first rows.
    """
    probe = x[: min(PROBE_ROWS, len(x) if exported is None else exported)]
    exact = network.to(torch.float64)
    round_off = _ratio(network(probe).double(), exact(probe.double()))
    exchange = exchange_effects(exact, probe.double())
    constant, linear = _baselines(x, y, network.head.shape[0], classes=classes)
    blind = any(effect < visible(round_off) for effect in exchange)
    return Health(
        loss=_loss(network(x), y, classes=classes),
        constant_loss=constant,
        linear_loss=linear,
        movement=tuple(_movement(network, probe)),
        exchange=tuple(exchange),
        round_off=round_off,
        interchangeable=tuple(interchangeable_blocks(exact, probe.double(), visible(round_off))) if blind else (),
    )


def visible(round_off: float) -> float:
    """Compute the smallest MSE over variance of a visible change from that of float32 round-off."""
    return ABOVE_ROUND_OFF * max(LEAST_ROUND_OFF, round_off)


def exchange_effects(network: ResidualNetwork, x: Tensor) -> list[float]:
    """Measure, for every t, the MSE over variance after exchanging blocks t and t+1 on inputs n x d."""
    states = network.states(x)
    reference = network.read(states[-1])
    effects = []
    for t in range(network.depth - 1):
        h = states[t] + network.residual(t + 1, states[t])
        h = network.hidden(h + network.residual(t, h), start=t + 2)
        effects.append(_ratio(network.read(h), reference))
    return effects


def interchangeable_blocks(network: ResidualNetwork, x: Tensor, threshold: float) -> list[tuple[int, int]]:
    """Find pairs of blocks whose exchange changes the predictions invisibly.

    The search moves each block towards the end, then towards the start, one position at a time, while the predictions
    change by less than `threshold`. Every block that it moves past is interchangeable with the moved block.
    """
    reference = network(x)
    pairs = set()
    for block in range(network.depth):
        for step in (1, -1):
            order = list(range(network.depth))
            position = block
            while 0 <= position + step < network.depth:
                order[position], order[position + step] = order[position + step], order[position]
                if _ratio(network.reordered(order, order)(x), reference) >= threshold:
                    break
                pairs.add((min(block, order[position]), max(block, order[position])))
                position += step
    return sorted(pairs)


def _movement(network: ResidualNetwork, x: Tensor) -> list[float]:
    states = network.states(x)
    return [float(((b - a).norm(dim=1) / a.norm(dim=1).clamp_min(1e-30)).mean()) for a, b in pairwise(states)]


def _baselines(x: Tensor, y: Tensor, outputs: int, *, classes: bool) -> tuple[float, float]:
    """Compute the losses of the best constant prediction and of the linear prediction."""
    target = F.one_hot(y[:, 0].long(), outputs).double() if classes else y.double()
    design = torch.cat([x.double(), torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
    linear = design @ torch.linalg.lstsq(design, target, driver="gelsd").solution
    if not classes:
        return float(target.var(dim=0, correction=0).mean()), float((linear - target).square().mean())
    share = target.mean(dim=0)
    entropy = -torch.xlogy(share, share).sum()
    # Clipping and scaling convert a least-squares fit of one-hot labels to probabilities.
    guess = linear.clamp_min(1e-3)
    guess = guess / guess.sum(dim=1, keepdim=True)
    return float(entropy), float(-(target * guess.log()).sum(dim=1).mean())


def _loss(output: Tensor, y: Tensor, *, classes: bool) -> float:
    if classes:
        return float(F.cross_entropy(output.double(), y[:, 0].long()))
    return float((output - y).double().square().mean())


def _ratio(output: Tensor, reference: Tensor) -> float:
    """Compute the MSE over the reference's variance; the variance of a constant reference counts as 1."""
    variance = float(reference.var(dim=0, correction=0).mean()) or 1.0
    return float((output - reference).square().mean()) / variance
