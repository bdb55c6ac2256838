"""The stages from students to one network: cluster and collapse layer by layer, re-train in between, fine-tune.

Source: Martinelli, Simsek, Gerstner and Brea 2024, arXiv 2304.12794, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from solvers.recovery.published.clustering.collapse import collapse
from solvers.recovery.published.clustering.units import units_of
from solvers.recovery.published.students.cost import step_seconds
from solvers.recovery.published.students.ensemble import Ensemble, draw_layers
from solvers.recovery.published.students.training import Schedule, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.recovery.published.plan import Plan
    from solvers.recovery.published.students.training import Training

__all__ = ["FIRST_WIDTH", "Learner", "choose_width", "collapse_layers", "fine_tuned", "trained_students"]

FIRST_WIDTH = 4
"""Units per hidden layer in the first quick run; each later run doubles them. Hand-set."""
MOST_WIDTH = 1024
"""Largest width of a quick run. A larger value allows wider students. Hand-set."""
QUICK_STUDENTS = 10
"""Students of a quick run. The worst one counts, so a larger value chooses wider students. Hand-set to the number of
students that are trained later by default: fewer students of the true width may all reach zero by chance."""
QUICK_STEPS = 5000
"""Steps of Adam in a quick run. A larger value chooses narrower students and takes longer. Hand-set."""
QUICK_RATE = 4e-3
"""Learning rate of a quick run. Hand-set to four times the published rate of the long runs."""


@dataclass(frozen=True)
class Learner:
    """The table and the settings of all training runs.

    Attributes:
        inputs: rows x d.
        targets: rows x o.
        activation: name of the activation.
        hidden_layers: number of hidden layers, L.
        schedule: published settings; each run replaces `rate`, `epochs` and `steps`.
        plan: plan that is charged for each run, and that stops runs at the time limit.
        rng: generator for first weights and minibatches.
        log: function that takes progress lines.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    activation: str
    hidden_layers: int
    schedule: Schedule
    plan: Plan
    rng: np.random.Generator
    log: Callable[[str], None]

    def run(self, ensemble: Ensemble, seconds: float, **changes: float) -> Training:
        """Train an ensemble with some settings changed.

        Args:
            ensemble: the students.
            seconds: nominal time limit in seconds.
            changes: changed fields of the schedule.
        """
        cost = self.step_seconds(ensemble)
        schedule = replace(self.schedule, steps=seconds / cost, **changes)  # type: ignore[arg-type]  # epochs are int
        stop = self.plan.over
        done = train(ensemble, self.inputs, self.targets, schedule, rng=self.rng, stop=stop, log=self.log)
        self.plan.spend(done.steps * cost)
        return done

    def step_seconds(self, ensemble: Ensemble) -> float:
        """Compute the nominal time of one step in seconds."""
        rows = len(self.inputs) // self.batches
        return step_seconds(ensemble.students, ensemble.widths, rows, self.activation, ensemble.flat.dtype)

    @property
    def batches(self) -> int:
        """Number of minibatches of an epoch."""
        return -(-len(self.inputs) // self.schedule.batch)

    def draw(self, students: int, width: int) -> Ensemble:
        """Draw students whose hidden layers all have the same width."""
        widths = (self.inputs.shape[1], *[width] * self.hidden_layers, self.targets.shape[1])
        return Ensemble(draw_layers(students, widths, self.rng), self.activation, torch.float32)


def choose_width(learner: Learner, near_zero: float, seconds: float, report: Callable[[MLP, float], None]) -> int:
    """Find a width at which short runs end with a loss near zero. The width doubles from run to run.

    Args:
        learner: the table and the settings.
        near_zero: largest loss of the worst student, as a share of the outputs' variance.
        seconds: nominal time limit of all runs in seconds; at the limit the last width is returned.
        report: function that takes the best student and its loss after each run that improves on earlier runs.
    """
    epochs = max(1, QUICK_STEPS // learner.batches)
    variance = float(learner.targets.var(axis=0).mean()) or 1.0
    quiet = replace(learner, log=lambda _: None)
    width, best = FIRST_WIDTH, math.inf
    while True:
        students = learner.draw(QUICK_STUDENTS, width)
        cost = learner.step_seconds(students)
        done = quiet.run(students, seconds, epochs=epochs, rate=QUICK_RATE)
        seconds -= done.steps * cost
        loss = float(done.losses.max()) / variance
        learner.log(f"quick run of width {width}: loss {loss:.1e} of the variance, {done.steps} steps")
        if done.losses.min() < best:
            best = float(done.losses.min())
            report(students.network(int(np.argmin(done.losses))), best)
        if loss <= near_zero or width >= MOST_WIDTH or seconds < cost or learner.plan.over():
            return width
        width *= 2


def trained_students(
    learner: Learner, students: int, width: int, seconds: float
) -> tuple[Ensemble, NDArray[np.float64]]:
    """Train the wide students for a nominal time in seconds; return the students and their losses."""
    ensemble = learner.draw(students, width)
    done = learner.run(ensemble, seconds)
    learner.log(f"students of width {width}: best loss {done.losses.min():.2e}, {done.epochs} epochs")
    return ensemble, done.losses


def collapse_layers(
    learner: Learner,
    ensemble: Ensemble,
    losses: NDArray[np.float64],
    *,
    gamma: float,
    beta: float,
    retrain: Callable[[Ensemble], Training],
) -> MLP | None:
    """Replace every hidden layer by one unit per cluster; return None if a layer has no cluster.

    After each layer but the last, all students get the new layer and are re-trained. Re-training changes their copies
    of the layer, so the copies are averaged at the end.

    Args:
        learner: the table and the settings.
        ensemble: the trained students.
        losses: loss of each student.
        gamma: smallest size of a cluster, as a share of the number of students.
        beta: largest median angle between the members of a cluster, in radians.
        retrain: function that trains the students after a layer was replaced.
    """
    layers = ensemble.arrays()
    informative = learner.inputs.std(axis=0) > 0.0
    if not informative.any():
        return None
    for index in range(learner.hidden_layers):
        units = units_of(layers[index], layers[index + 1], learner.activation, informative)
        found = collapse(units, losses, gamma, beta)
        learner.log(f"hidden layer {index + 1}: {len(found.incoming)} clusters of {len(units.incoming)} units")
        if not len(found.incoming):
            return None
        last = index == learner.hidden_layers - 1
        following = found.chosen[None] if last else found.outgoing
        biases = layers[index + 1][np.argmin(losses)][None] if last else layers[index + 1]
        layers[index] = np.repeat(found.incoming[None], len(losses), axis=0)
        layers[index + 1] = np.concatenate([following, biases[:, :, -1:]], axis=2)
        if not last:
            ensemble = Ensemble(layers, learner.activation, torch.float32)
            losses = retrain(ensemble).losses
            layers = ensemble.arrays()
        informative = np.ones(len(found.incoming), dtype=bool)
    pairs = [(layer.mean(axis=0)[:, :-1], layer.mean(axis=0)[:, -1]) for layer in layers]
    return MLP.of(pairs, learner.activation)


def fine_tuned(
    learner: Learner,
    network: MLP,
    dtype: torch.dtype,
    attempt: Callable[[Ensemble], Training],
) -> tuple[MLP, float]:
    """Fit the residual of the collapsed network, then train all parameters.

    If sigma has a free linear part, a linear by-pass fits the residual and is trained too. Otherwise the mean of the
    residual is added to the output bias.

    Args:
        learner: the table and the settings.
        network: the collapsed network.
        dtype: precision of the training.
        attempt: function that trains an ensemble of one network.

    Returns:
        The trained network, and its mean squared error.
    """
    residual = learner.targets - network(learner.inputs)
    layers = [np.column_stack([weight, bias])[None] for weight, bias in network.layers()]
    bypass: NDArray[np.float64] | None = None
    if ACTIVATIONS[learner.activation].half_slope:
        table = np.column_stack([learner.inputs, np.ones(len(residual))])
        bypass = np.asarray(np.linalg.lstsq(table, residual, rcond=None)[0].T[None], dtype=np.float64)
    else:
        layers[-1][0, :, -1] += residual.mean(axis=0)
    ensemble = Ensemble(layers, learner.activation, dtype, bypass)
    losses = attempt(ensemble).losses
    return ensemble.network(0), float(losses[0])
