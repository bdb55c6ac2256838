"""Train an ensemble with Adam. The learning rate falls when the summed loss stops falling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from solvers.recovery.published.students.adam import Adam, Plateau
from solvers.recovery.published.students.ensemble import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.recovery.published.students.ensemble import Ensemble

__all__ = ["Schedule", "Training", "train"]

LANDING = 0.6
"""Share of the steps after which the learning rate falls towards its floor, which it reaches at the last step. A larger
value trains longer at high rates. Used only if the limit of steps is smaller than all epochs. Hand-set."""
LEAST_PATIENCE = 5
"""Least patience and cooldown, in epochs, if a limit of steps shortens the schedule. A larger value keeps high rates
for longer. Hand-set."""
LOG_EVERY = 5000
"""Epochs between log lines. A larger value logs less. Hand-set."""


@dataclass(frozen=True)
class Schedule:
    """Settings of a training run. Default values are the published ones.

    Attributes:
        epochs: largest number of passes over the table.
        rate: first learning rate of Adam.
        batch: rows of a minibatch.
        patience: epochs without a lower summed loss after which the rate falls.
        cooldown: epochs after a fall of the rate in which patience does not count.
        floor: learning rate at which training stops.
        steps: largest number of steps of Adam, one per minibatch.
        bypass_rate: learning rate of a linear by-pass, in multiples of the other parameters' rate.
    """

    epochs: int
    rate: float = 1e-3
    batch: int = 512
    patience: int = 100
    cooldown: int = 200
    floor: float = 1e-7
    steps: float = math.inf
    bypass_rate: float = 10.0


@dataclass(frozen=True)
class Training:
    """Result of a training run.

    Attributes:
        losses: mean squared error of every student over the whole table.
        epochs: complete passes over the table.
        steps: steps of Adam.
    """

    losses: NDArray[np.float64]
    epochs: int
    steps: int


def train(
    ensemble: Ensemble,
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
    schedule: Schedule,
    *,
    rng: np.random.Generator,
    stop: Callable[[], bool],
    log: Callable[[str], None],
) -> Training:
    """Train all students together; their parameters are changed in place.

    The loss is the sum of the students' mean squared errors, so students do not influence each other. If the schedule
    allows fewer steps than its epochs need, patience and cooldown shrink in proportion, and the learning rate falls to
    its floor at the last step.

    Args:
        ensemble: the students.
        inputs: rows x d.
        targets: rows x o.
        schedule: optimiser settings and limits.
        rng: generator for the minibatches.
        stop: called before every step; True ends the training.
        log: function that takes progress lines.
    """
    table = _Rows.of(ensemble, inputs, targets, schedule.batch)
    adam = Adam(ensemble.flat, ensemble.gradient)
    allowed = min(schedule.steps / (schedule.epochs * table.batches), 1.0)
    steps = int(allowed * schedule.epochs * table.batches)
    plateau = _plateau(schedule, allowed)
    shares = ensemble.rate_shares(schedule.bypass_rate)
    made, epoch = 0, 0
    while made < steps and plateau.rate > schedule.floor:
        rate = plateau.rate if shares is None else plateau.rate * shares
        count, total = _epoch(table, adam, rate, rng, most=steps - made, stop=stop)
        made += count
        if count < table.batches:
            break
        epoch += 1
        plateau.observe(total)
        if allowed < 1.0:
            plateau.rate = min(plateau.rate, _bound(schedule, made / steps))
        if epoch & (epoch - 1) == 0 or epoch % LOG_EVERY == 0:
            log(f"epoch {epoch}: mean loss {total / ensemble.students:.2e}, rate {plateau.rate:.1e}")
    return Training(_losses(ensemble, inputs, targets), epoch, made)


@dataclass(frozen=True)
class _Rows:
    """The table in torch, and the buffers of one minibatch."""

    inputs: torch.Tensor
    targets: torch.Tensor
    batches: int
    space: Workspace

    @classmethod
    def of(cls, ensemble: Ensemble, inputs: NDArray[np.float64], targets: NDArray[np.float64], batch: int) -> _Rows:
        dtype = ensemble.flat.dtype
        batches = -(-len(inputs) // batch)
        table = torch.from_numpy(np.column_stack([inputs, np.ones(len(inputs))])).to(dtype)
        space = Workspace(ensemble, len(inputs) // batches)
        return cls(table, torch.from_numpy(targets).to(dtype), batches, space)


def _epoch(
    table: _Rows,
    adam: Adam,
    rate: float | torch.Tensor,
    rng: np.random.Generator,
    *,
    most: int,
    stop: Callable[[], bool],
) -> tuple[int, float]:
    """Make one step per minibatch, at most `most` steps, until `stop` returns True.

    All minibatches have the same number of rows. The remaining rows, fewer than there are minibatches, are left out.

    Returns:
        The number of steps, and the sum of the students' mean squared errors before the steps.
    """
    space, rows = table.space, table.space.residual.shape[2]
    inputs, targets = table.inputs, table.targets
    if table.batches > 1:
        order = torch.from_numpy(rng.permutation(len(inputs)))
        inputs, targets = inputs[order], targets[order]
    total, made = torch.zeros((), dtype=inputs.dtype), 0
    while made < min(table.batches, most) and not stop():
        part = slice(made * rows, (made + 1) * rows)
        total += torch.linalg.vector_norm(space.forward(inputs[part], targets[part])).square_()
        space.backward(inputs[part])
        adam.step(rate)
        made += 1
    return made, float(total) / (table.batches * space.residual[0].numel())


def _plateau(schedule: Schedule, allowed: float) -> Plateau:
    """Make the schedule's plateau rule. Patience and cooldown are multiplied by the share of epochs that is allowed."""
    waits = schedule.patience, schedule.cooldown
    if allowed < 1.0:
        waits = max(LEAST_PATIENCE, int(allowed * waits[0])), max(LEAST_PATIENCE, int(allowed * waits[1]))
    return Plateau(schedule.rate, *waits, schedule.floor)


def _bound(schedule: Schedule, progress: float) -> float:
    """Bound the learning rate. After `LANDING` of the steps, the bound falls geometrically to the floor."""
    landed = max(0.0, (progress - LANDING) / (1.0 - LANDING))
    return float(schedule.rate * (schedule.floor / schedule.rate) ** landed)


def _losses(ensemble: Ensemble, inputs: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute every student's mean squared error over all rows, in float64."""
    networks = (ensemble.network(student) for student in range(ensemble.students))
    return np.array([np.mean((network(inputs) - targets) ** 2) for network in networks])
