"""Decide whether an assembly reproduces the predictions, with its own float32 rounding as the threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - the customary name

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["Certificate", "certify", "squared_error"]

NOISE_FACTOR = 20.0
"""Factor by which an error may exceed the assembly's own rounding error, since machines sum in different orders.
A larger value accepts larger errors. Hand-set: `generator.reassembly.making.health` counts an exchange of blocks as
visible if its error is at least 100 times rounding, so accepted errors are well below visible ones.
"""

MOST_ROUNDING = 1e-6
"""Share of the predictions' variance from which rounding is too large to certify an assembly. A larger value
certifies more. Hand-set."""


@dataclass(frozen=True)
class Certificate:
    """Error of an assembly on some rows, and the rounding error to compare it with.

    Attributes:
        mse: mean squared error against the predictions, computed in float64.
        rounding: mean squared float32 rounding error of this assembly's output.
        variance: of the predictions.
        rows: number of rows.
    """

    mse: float
    rounding: float
    variance: float
    rows: int

    @property
    def exact(self) -> bool:
        """Whether the error is within rounding; never where rounding is comparable to the predictions themselves."""
        return self.mse <= NOISE_FACTOR * self.rounding and self.rounding < MOST_ROUNDING * self.variance


def certify(network: ResidualNetwork, inputs: Tensor, targets: Tensor, variance: float) -> Certificate:
    """Measure an assembly's error, and how large rounding alone would make it.

    A fixed threshold certifies wrong orders of blocks that nearly commute. The assembly's own rounding error, float32
    against float64, is a better threshold, because it grows with the depth and the states of the assembly.

    Args:
        network: the assembly.
        inputs: n x d.
        targets: n x o, the predictions to reproduce.
        variance: of the puzzle's predictions.
    """
    exact, wanted = network.to(torch.float64), targets.double()
    predictions = exact(inputs.double())
    # Storing the predictions rounds them too.
    stored = torch.finfo(torch.float32).eps ** 2 * float(wanted.square().mean())
    rounding = squared_error(network(inputs).double(), predictions) + stored
    return Certificate(squared_error(predictions, wanted), rounding, variance, len(inputs))


def squared_error(predictions: Tensor, targets: Tensor) -> float:
    """Compute the mean squared error over rows and outputs; infinity where a wrong order overflowed."""
    error = float(F.mse_loss(predictions, targets))
    return error if math.isfinite(error) else math.inf
