"""Train an ensemble with Adam; the learning rate falls when the summed loss stops falling."""

from __future__ import annotations

import math
import time
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
"""Share of the time limit after which the learning rate is bound to fall to its floor at the limit. A larger value
trains longer at high rates. Used only where the limit ends the training before its epochs are over. Hand-set."""
LEAST_PATIENCE = 5
"""Least patience and cooldown, in epochs, where a time limit shortens the schedule. Hand-set."""
LOG_EVERY = 5000
"""Epochs between log lines. Hand-set."""
TRIAL_EPOCHS = 5
"""Epochs that are timed to find how many of them the time limit allows. Hand-set."""


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        epochs: largest number of passes over the table.
        rate: first learning rate of Adam.
        batch: rows of a minibatch.
        patience: epochs without a lower summed loss after which the rate falls.
        cooldown: epochs after a fall of the rate in which patience does not count.
        floor: learning rate at which training stops.
        seconds: time limit.
        bypass_rate: rate of a linear by-pass, in multiples of the other parameters' rate.
    """

    epochs: int
    rate: float = 1e-3
    batch: int = 512
    patience: int = 100
    cooldown: int = 200
    floor: float = 1e-7
    seconds: float = math.inf
    bypass_rate: float = 10.0


@dataclass(frozen=True)
class Training:
    """How a training went.

    Attributes:
        losses: mean squared error of every student over the whole table.
        epochs: passes over the table.
        steps: steps of Adam.
        seconds: time of the passes.
    """

    losses: NDArray[np.float64]
    epochs: int
    steps: int
    seconds: float


def train(
    ensemble: Ensemble,
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
    schedule: Schedule,
    *,
    rng: np.random.Generator,
    log: Callable[[str], None],
) -> Training:
    """Train all students together; their parameters are changed in place.

    The loss is the sum of the students' mean squared errors, so their gradients do not interact. If the time limit
    allows fewer epochs than the schedule has, patience and cooldown shrink in proportion, and the learning rate falls
    to its floor until the limit.

    Args:
        ensemble: the students.
        inputs: rows x d.
        targets: rows x o.
        schedule: optimiser settings and time limit.
        rng: draws the minibatches.
        log: takes progress lines.
    """
    started = time.monotonic()
    table = _Rows.of(ensemble, inputs, targets, schedule.batch)
    adam = Adam(ensemble.flat, ensemble.gradient)
    plateau = Plateau(schedule.rate, schedule.patience, schedule.cooldown, schedule.floor)
    shares = ensemble.rate_shares(schedule.bypass_rate)
    shortened, epoch = False, 0
    while epoch < schedule.epochs and plateau.rate > schedule.floor:
        total = _epoch(table, adam, plateau.rate if shares is None else plateau.rate * shares, rng)
        plateau.observe(total)
        epoch += 1
        spent = time.monotonic() - started
        if spent >= schedule.seconds:
            break
        if epoch == TRIAL_EPOCHS and spent / epoch * schedule.epochs > schedule.seconds:
            shortened = True
            _shorten(plateau, schedule.seconds / (spent / epoch * schedule.epochs))
        if shortened:
            plateau.rate = min(plateau.rate, _bound(schedule, spent / schedule.seconds))
        if epoch & (epoch - 1) == 0 or epoch % LOG_EVERY == 0:
            log(f"epoch {epoch}: mean loss {total / ensemble.students:.2e}, rate {plateau.rate:.1e}, {spent:.1f} s")
    return Training(_losses(ensemble, inputs, targets), epoch, epoch * table.batches, time.monotonic() - started)


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


def _epoch(table: _Rows, adam: Adam, rate: float | torch.Tensor, rng: np.random.Generator) -> float:
    """Make one step per minibatch; return the sum of the students' mean squared errors before the steps.

    The rows are divided into equal minibatches; fewer rows than there are minibatches are left out in an epoch.
    """
    space, rows = table.space, table.space.residual.shape[2]
    inputs, targets = table.inputs, table.targets
    if table.batches > 1:
        order = torch.from_numpy(rng.permutation(len(inputs)))
        inputs, targets = inputs[order], targets[order]
    total = torch.zeros((), dtype=inputs.dtype)
    for at in range(0, rows * table.batches, rows):
        part = inputs[at : at + rows]
        total += torch.linalg.vector_norm(space.forward(part, targets[at : at + rows])).square_()
        space.backward(part)
        adam.step(rate)
    return float(total) / (table.batches * space.residual[0].numel())


def _shorten(plateau: Plateau, share: float) -> None:
    plateau.patience = max(LEAST_PATIENCE, int(share * plateau.patience))
    plateau.cooldown = max(LEAST_PATIENCE, int(share * plateau.cooldown))


def _bound(schedule: Schedule, progress: float) -> float:
    """Bound the rate: it falls geometrically to the floor while the rest of the time passes."""
    landed = max(0.0, (progress - LANDING) / (1.0 - LANDING))
    return float(schedule.rate * (schedule.floor / schedule.rate) ** landed)


def _losses(ensemble: Ensemble, inputs: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute every student's mean squared error over all rows, in float64."""
    networks = (ensemble.network(student) for student in range(ensemble.students))
    return np.array([np.mean((network(inputs) - targets) ** 2) for network in networks])
