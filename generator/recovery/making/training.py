"""Train hidden networks in float64 on tasks that this suite makes.

The training computes in float64, so weights use all bits of a float64. As in any training, some ReLU units may end up
off or on for all inputs; `generator.recovery.units` finds these units.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor
from torch.nn import functional

from generator.puzzle.sealing import silent
from generator.recovery.making.tasks import make_task
from generator.recovery.network.activations import LEAK
from generator.recovery.network.mlp import MLP
from generator.training import one_thread, train

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from generator.puzzle.sealing import Progress
    from generator.recovery.spec import RecoverySpec

__all__ = ["FUNCTIONS", "train_network"]

BATCH = 128
"""Rows per training step. A larger value makes steps less noisy and slower. Hand-set."""
MOST_WARMUP = 50
"""Most steps of the warm-up, in which the learning rate rises; a warm-up takes at most a tenth of all steps.
Hand-set."""

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, LEAK),
    "softplus": functional.softplus,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "g": lambda z: torch.sigmoid(4 * z) + functional.softplus(z),
}
"""The activations of `generator.recovery.network.activations` in torch, which differentiates them."""


@dataclass(frozen=True)
class _Settings:
    """Settings of the training loop, see `generator.training.TrainingSettings`."""

    steps: int
    learning_rate: float
    warmup: int
    optimiser: Literal["adamw", "adam", "sgd"] = "adam"
    schedule: Literal["constant", "cosine", "linear", "wsd"] = "cosine"
    weight_decay: float = 0.0
    momentum: float = 0.9
    clip: float | None = None


def train_network(spec: RecoverySpec, rng: np.random.Generator, progress: Progress = silent) -> MLP:
    """Train a network on the task `spec.teacher`. Equal states of `rng` give equal weights, bit for bit.

    Args:
        spec: widths, activation, task, steps and learning rate.
        rng: generator for the data, the initial weights and the order of the rows.
        progress: called with step, steps and training loss.

    Raises:
        SpecError: if the task does not exist for these inputs or outputs.
        TrainingError: if the training diverges.
    """
    task = make_task(spec.teacher, spec.inputs, spec.outputs, rng)
    parameters = _initial((spec.inputs, *spec.hidden, spec.outputs), rng)
    function = FUNCTIONS[spec.activation]
    loss, inputs, targets = LOSSES[task.loss], torch.from_numpy(task.inputs), torch.from_numpy(task.targets)

    def gradient(_: int) -> Tensor:
        rows = torch.from_numpy(rng.integers(len(inputs), size=BATCH))
        for parameter in parameters:
            parameter.grad = None
        error = loss(_outputs(parameters, function, inputs[rows]), targets[rows])
        error.backward()  # type: ignore[no-untyped-call]
        return error.detach()

    settings = _Settings(spec.steps, spec.learning_rate, warmup=min(MOST_WARMUP, spec.steps // 10))
    with one_thread():
        train(parameters, gradient, settings, progress)
    arrays = [parameter.detach().numpy().copy() for parameter in parameters]
    return MLP.of(list(zip(arrays[::2], arrays[1::2], strict=True)), spec.activation)


def _initial(widths: tuple[int, ...], rng: np.random.Generator) -> list[Tensor]:
    """Draw weights and biases uniformly from -1 / sqrt(n) to 1 / sqrt(n), n inputs of the layer, as torch.nn.Linear."""
    parameters: list[Tensor] = []
    for before, units in pairwise(widths):
        bound = before**-0.5
        parameters += [
            torch.from_numpy(rng.uniform(-bound, bound, shape)).requires_grad_()
            for shape in ((units, before), (units,))
        ]
    return parameters


def _outputs(parameters: list[Tensor], function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    state = inputs
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        state = function(functional.linear(state, weight, bias))
    return functional.linear(state, parameters[-2], parameters[-1])


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared": functional.mse_loss,
    "binary": functional.binary_cross_entropy_with_logits,
    "classes": lambda outputs, classes: functional.cross_entropy(outputs, classes[:, 0].long()),
}
"""Loss functions of outputs and targets, by `Task.loss`."""
