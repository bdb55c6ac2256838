"""Check a trained network before it becomes a puzzle: it has learnt, all blocks matter, the order is identifiable.

Figures that would reveal the order (profiles by depth, interchangeable blocks) go into the
sealed answer; the manifest gets summaries over all blocks.
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
"""Rows on which the effect of exchanging adjacent blocks is measured. Hand-set; cost rises with it."""

LEAST_ROUND_OFF = torch.finfo(torch.float32).eps ** 2
"""MSE over variance that storing predictions as float32 causes."""

ABOVE_ROUND_OFF = 100.0
"""MSE of a change, in units of float32 round-off, from which the change counts as visible. Hand-set.

Scoring accepts errors up to 20 times an assembly's own rounding, so the two thresholds do not meet.
"""


@dataclass(frozen=True)
class Health:
    """What was measured on a trained network and its rows, before anything was degraded.

    Attributes:
        loss: training loss of the network on its rows.
        constant_loss: of the best constant prediction.
        linear_loss: of the least-squares linear one; for classes, the cross-entropy of such a fit to the
            one-hot labels, clipped and scaled to probabilities.
        movement: relative size of the residual by depth: mean over rows of |f_k(h)| / |h|. Manifests hold it under
            this name, which puzzles' digests cover.
        exchange: by depth, MSE over variance that exchanging blocks t and t+1 causes.
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
        """Whether every number could be measured."""
        numbers = (self.loss, self.constant_loss, self.linear_loss, self.round_off, *self.movement, *self.exchange)
        return all(map(math.isfinite, numbers))

    @property
    def threshold(self) -> float:
        """MSE over variance from which a change counts as visible."""
        return visible(self.round_off)

    @property
    def identifiable(self) -> bool:
        """Whether exchanging any two adjacent blocks is visible."""
        return all(effect >= self.threshold for effect in self.exchange)


def check_health(
    network: ResidualNetwork, x: Tensor, y: Tensor, *, classes: bool, exported: int | None = None
) -> Health:
    """Measure a network on its rows: inputs n x d, labels n x o (or class numbers n x 1).

    The visibility of the order is measured on the exported rows, which are the first ones.
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
    """Return the MSE over variance from which a change counts as visible, given that of float32 round-off."""
    return ABOVE_ROUND_OFF * max(LEAST_ROUND_OFF, round_off)


def exchange_effects(network: ResidualNetwork, x: Tensor) -> list[float]:
    """Measure, for every t, the MSE over variance that exchanging blocks t and t+1 causes on inputs n x d."""
    states = network.states(x)
    reference = network.read(states[-1])
    effects = []
    for t in range(network.depth - 1):
        h = states[t] + network.residual(t + 1, states[t])
        h = network.hidden(h + network.residual(t, h), start=t + 2)
        effects.append(_ratio(network.read(h), reference))
    return effects


def interchangeable_blocks(network: ResidualNetwork, x: Tensor, threshold: float) -> list[tuple[int, int]]:
    """Find pairs of blocks that can be interchanged without a visible change of the predictions.

    Each block is moved right, then left, one position at a time, as long as the predictions change by less than
    `threshold`; every block that it moves past is interchangeable with it.
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
    """Compute the loss of the best constant and of a linear prediction."""
    target = F.one_hot(y[:, 0].long(), outputs).double() if classes else y.double()
    design = torch.cat([x.double(), torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
    linear = design @ torch.linalg.lstsq(design, target, driver="gelsd").solution
    if not classes:
        return float(target.var(dim=0, correction=0).mean()), float((linear - target).square().mean())
    share = target.mean(dim=0)
    entropy = -torch.xlogy(share, share).sum()
    # A least-squares fit of one-hot labels is turned into probabilities by clipping and scaling.
    guess = linear.clamp_min(1e-3)
    guess = guess / guess.sum(dim=1, keepdim=True)
    return float(entropy), float(-(target * guess.log()).sum(dim=1).mean())


def _loss(output: Tensor, y: Tensor, *, classes: bool) -> float:
    if classes:
        return float(F.cross_entropy(output.double(), y[:, 0].long()))
    return float((output - y).double().square().mean())


def _ratio(output: Tensor, reference: Tensor) -> float:
    """Compute MSE over the reference's variance; a constant reference counts as of variance one."""
    variance = float(reference.var(dim=0, correction=0).mean()) or 1.0
    return float((output - reference).square().mean()) / variance
