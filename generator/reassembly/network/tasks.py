"""Synthetic tasks: correlated, non-Gaussian inputs and targets of controllable noise.

Inputs are mixtures of independent sources of variance one. A third of the sources each is Laplace, uniform and
exponential. The mixing has a decaying spectrum, so the inputs are correlated. Every input has mean zero and the same
variance. Targets have variance one before the noise; the variance is measured once on a separate sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from generator.reassembly.spec import CLASSIFICATION, ReassemblySpec

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TARGETS", "Task", "make_task"]

CALIBRATION_ROWS = 20_000
"""Number of rows on which the targets' scale is measured, with an error below 2 %. The value affects a puzzle's bits.
"""


@dataclass(frozen=True, eq=False)
class Task:
    """A distribution of inputs with a noisy target.

    Attributes:
        mixing: width x width, from independent sources to inputs.
        target: noiseless target, n x width -> n x outputs, of variance one.
        noise: standard deviation of the noise on the target.
        classes: whether the label is the class of the largest noisy target.
    """

    mixing: Tensor
    target: Callable[[Tensor], Tensor]
    noise: float
    classes: bool

    def sample(self, rows: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw inputs, rows x width, and labels, rows x outputs (class numbers: rows x 1)."""
        inputs = _sources(rows, self.mixing.shape[0], rng) @ self.mixing
        noisy = self.target(inputs)
        noisy = noisy + self.noise * torch.randn(noisy.shape, generator=rng)
        return inputs, noisy.argmax(dim=1, keepdim=True).float() if self.classes else noisy


def make_task(spec: ReassemblySpec, rng: torch.Generator) -> Task:
    """Draw the task of a spec: the mixing, and the parameters of the target."""
    mixing = _mixing(spec.width, spec.spectrum, rng)
    raw = TARGETS[spec.task](spec.width, spec.outputs, rng)
    sample = raw(_sources(CALIBRATION_ROWS, spec.width, rng) @ mixing)
    mean, scale = sample.mean(dim=0), sample.std(dim=0)
    return Task(
        mixing=mixing * spec.input_scale,
        target=lambda x: (raw(x / spec.input_scale) - mean) / scale,
        noise=spec.noise,
        classes=spec.task == CLASSIFICATION,
    )


def _mixing(width: int, power: float, rng: torch.Generator) -> Tensor:
    """Draw a mixing: a random rotation, a spectrum j^(-power), and a second rotation; columns are scaled to norm 1."""
    spectrum = torch.arange(1, width + 1, dtype=torch.float32) ** -power
    mixing = _rotation(width, rng) * spectrum @ _rotation(width, rng)
    norms: Tensor = torch.linalg.vector_norm(mixing, dim=0)
    return mixing / norms


def _rotation(width: int, rng: torch.Generator) -> Tensor:
    rotation: Tensor = torch.linalg.qr(torch.randn(width, width, generator=rng)).Q
    return rotation


def _sources(rows: int, width: int, rng: torch.Generator) -> Tensor:
    """Draw rows x width independent values of mean zero and variance one, from three distributions in turn."""
    uniform = torch.rand(rows, width, generator=rng).clamp_(1e-7, 1 - 1e-7)
    centred = uniform - 0.5
    laplace = centred.sign() * -torch.log1p(-2 * centred.abs()) / math.sqrt(2)
    exponential = -torch.log(uniform) - 1
    shape = torch.arange(width) % 3
    return torch.where(shape == 0, laplace, torch.where(shape == 1, centred * math.sqrt(12), exponential))


def _waves(width: int, outputs: int, rng: torch.Generator) -> Callable[[Tensor], Tensor]:
    """Sum sines along random directions, with a linear trend. The target is smooth and has all orders."""
    directions = torch.randn(width, 8 * outputs, generator=rng) * math.sqrt(2 / width)
    phases = 2 * math.pi * torch.rand(8 * outputs, generator=rng)
    trend = torch.randn(width, outputs, generator=rng) / math.sqrt(width)
    return lambda x: torch.sin(x @ directions + phases).reshape(-1, outputs, 8).sum(dim=2) + x @ trend


def _teacher(width: int, outputs: int, rng: torch.Generator) -> Callable[[Tensor], Tensor]:
    """Run a random network with one layer of tanh units. Networks learn this target to the noise floor."""
    units = 16
    first = torch.randn(width, units, generator=rng) * (1.5 / math.sqrt(width))
    last = torch.randn(units, outputs, generator=rng)
    return lambda x: torch.tanh(x @ first) @ last


def _products(width: int, outputs: int, rng: torch.Generator) -> Callable[[Tensor], Tensor]:
    """Sum products of pairs of random directions, one of them rectified. The target has kinks and heavy tails."""
    left = torch.randn(width, 6 * outputs, generator=rng) / math.sqrt(width)
    right = torch.randn(width, 6 * outputs, generator=rng) / math.sqrt(width)
    return lambda x: ((x @ left) * torch.relu(x @ right)).reshape(-1, outputs, 6).sum(dim=2)


TARGETS: dict[str, Callable[[int, int, torch.Generator], Callable[[Tensor], Tensor]]] = {
    "waves": _waves,
    "teacher": _teacher,
    "products": _products,
    CLASSIFICATION: _teacher,
}
"""Functions that draw a noiseless target from width, outputs and a generator, by task."""
