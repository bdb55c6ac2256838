"""One training loop for every family: optimiser, schedule, clipping, progress.

The loop uses one thread. A second thread gains little at the sizes of these puzzles, and the bits of a puzzle must not
depend on the number of puzzles made at the same time.
"""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING, Literal, Protocol

import torch
from torch import Tensor

from generator.errors import SpecError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from generator.puzzle.sealing import Progress

__all__ = ["TrainingSettings", "one_thread", "rate_at", "train", "usable_device"]

REPORT_EVERY_S = 0.1
"""Seconds between reports of progress. A larger value reports less often. Hand-set."""


class TrainingSettings(Protocol):
    """The fields of a spec that control the training."""

    @property
    def optimiser(self) -> Literal["adamw", "adam", "sgd"]:
        """Name of the optimiser."""

    @property
    def learning_rate(self) -> float:
        """Peak learning rate."""

    @property
    def schedule(self) -> Literal["constant", "cosine", "linear", "wsd"]:
        """Name of the learning-rate schedule."""

    @property
    def warmup(self) -> int:
        """Number of first steps over which the learning rate rises."""

    @property
    def weight_decay(self) -> float:
        """Weight decay."""

    @property
    def momentum(self) -> float:
        """Momentum of SGD; beta1 of Adam and AdamW."""

    @property
    def steps(self) -> int:
        """Number of training steps."""

    @property
    def clip(self) -> float | None:
        """Largest gradient norm; None for no limit."""


def train(
    parameters: Sequence[Tensor],
    gradient: Callable[[int], Tensor],
    settings: TrainingSettings,
    progress: Progress,
    slowed: Sequence[tuple[Tensor, Tensor]] = (),
    *,
    second_momentum: float = 0.999,
) -> float:
    """Train parameters in place and return the last step's loss.

    Args:
        parameters: tensors with `.grad` buffers.
        gradient: maps a step's number to the loss, and writes the gradient into `.grad`.
        settings: optimiser, schedule and other settings.
        progress: called with the loss about ten times a second.
        slowed: parameters with unequal learning rates, each with factors of a shape that broadcasts to the parameter.
        second_momentum: beta2 of Adam and AdamW. A smaller value follows changes of the gradient's size faster.

    Raises:
        TrainingError: if the loss stops being finite.
    """
    optimiser = _optimiser(parameters, settings, second_momentum)
    loss, reported = torch.tensor(math.nan), time.monotonic()
    for step in range(settings.steps):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, settings)
        loss = gradient(step)
        if settings.clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters, settings.clip)
        before = [parameter.clone() for parameter, _ in slowed]
        optimiser.step()
        for (parameter, factors), old in zip(slowed, before, strict=True):
            # The step of every optimiser is proportional to the learning rate, so scaling the step scales the rate.
            torch.lerp(old, parameter, factors, out=parameter)
        if time.monotonic() - reported > REPORT_EVERY_S:
            _check_finite(loss, step, settings)
            progress(step + 1, settings.steps, float(loss))
            reported = time.monotonic()
    if settings.steps:
        _check_finite(loss, settings.steps - 1, settings)
        progress(settings.steps, settings.steps, float(loss))
    return float(loss)


def rate_at(step: int, settings: TrainingSettings) -> float:
    """Compute the learning rate of a step: linear warm-up, then the schedule down to zero at the end."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    match settings.schedule:
        case "constant":
            share = 1.0
        case "cosine":
            share = 0.5 * (1 + math.cos(math.pi * done))
        case "linear":
            share = 1 - done
        case "wsd":  # warm-up, stable, decay
            share = min(1.0, 5 * (1 - done))
    return settings.learning_rate * share


def usable_device(name: str) -> torch.device:
    """Return the device of a name.

    Raises:
        SpecError: if this machine lacks the device.
    """
    kind, _, index = name.partition(":")
    counts = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if int(index or 0) >= counts.get(kind, 0):
        raise SpecError(f"device {name!r} is not on this machine; use device=cpu")
    return torch.device(name)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread inside the block."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _optimiser(
    parameters: Sequence[Tensor], settings: TrainingSettings, second_momentum: float
) -> torch.optim.Optimizer:
    """Make the optimiser; fused kernels read memory once instead of a dozen times."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimiser == "sgd":
        return torch.optim.SGD(parameters, rate, settings.momentum, weight_decay=decay, fused=True)
    betas = (settings.momentum, second_momentum)
    if settings.optimiser == "adam":
        return torch.optim.Adam(parameters, rate, betas, weight_decay=decay, fused=True)
    return torch.optim.AdamW(parameters, rate, betas, weight_decay=decay, fused=True)


def _check_finite(loss: Tensor, step: int, settings: TrainingSettings) -> None:
    if not bool(torch.isfinite(loss)):
        raise TrainingError(
            f"training diverged by step {step + 1} of {settings.steps}; lower learning_rate "
            f"(now {settings.learning_rate}) or set clip"
        )
