"""Adam for one flat tensor of parameters, and a learning rate that falls at plateaus.

`torch.optim` is not used: its first use imports torch's compiler, which takes two seconds of a trial, and its steps
take longer than the gradients of small students.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch

__all__ = ["Adam", "Plateau"]

FIRST_DECAY = 0.9
"""Decay per step of the gradient's moving mean. A larger value averages more steps. From Kingma and Ba 2015."""
SECOND_DECAY = 0.999
"""Decay per step of the squared gradient's moving mean. A larger value averages more steps. From Kingma and Ba 2015."""
EPSILON = 1e-8
"""Constant added to the root of the squared gradient's mean. A larger value shortens steps of small gradients. From
Kingma and Ba 2015."""
FACTOR = 10**-0.5
"""Factor of the learning rate at a plateau. From the settings of Martinelli et al. 2024."""


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) over a flat tensor that is changed in place."""

    def __init__(self, parameters: torch.Tensor, gradient: torch.Tensor) -> None:
        self._parameters, self._gradient = parameters, gradient
        self._mean, self._square = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self._root = torch.empty_like(parameters)
        self._steps = 0

    def step(self, rate: float | torch.Tensor) -> None:
        """Make one step with one rate for all parameters, or with a tensor of one rate per parameter."""
        self._steps += 1
        self._mean.lerp_(self._gradient, 1.0 - FIRST_DECAY)
        self._square.mul_(SECOND_DECAY).addcmul_(self._gradient, self._gradient, value=1.0 - SECOND_DECAY)
        torch.sqrt(self._square, out=self._root)
        self._root.mul_(1.0 / math.sqrt(1.0 - SECOND_DECAY**self._steps)).add_(EPSILON)
        scale = -1.0 / (1.0 - FIRST_DECAY**self._steps)
        if isinstance(rate, float):
            self._parameters.addcdiv_(self._mean, self._root, value=scale * rate)
        else:
            self._parameters.addcdiv_(self._mean * rate, self._root, value=scale)


@dataclass
class Plateau:
    """A learning rate that falls when the loss has reached no new minimum for `patience` epochs.

    Attributes:
        rate: the learning rate.
        patience: epochs without a new minimum after which the rate falls.
        cooldown: epochs after a fall in which patience does not count.
        floor: smallest rate.
    """

    rate: float
    patience: int
    cooldown: int
    floor: float
    _best: float = field(default=math.inf, init=False)
    _bad: int = field(default=0, init=False)
    _cooling: int = field(default=0, init=False)

    def observe(self, loss: float) -> None:
        """Take the loss of an epoch."""
        if loss < self._best:
            self._best, self._bad = loss, 0
        else:
            self._bad += 1
        if self._cooling > 0:
            self._cooling -= 1
            self._bad = 0
        if self._bad > self.patience:
            self.rate = max(self.floor, FACTOR * self.rate)
            self._bad, self._cooling = 0, self.cooldown
