"""An ensemble of networks of one shape, stored as one tensor per layer, with hand-written gradients.

Every layer is a tensor of students x units x (fan-in + 1); the last column is the bias. States are students x (units +
1) x rows; the last unit is constantly 1. So one product gives the preactivations, and one product the gradients of
weights and biases. All students see the same rows, so the first layer takes a single matrix product for all students.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.recovery.network.mlp import MLP
from solvers.recovery.published.students.activations import TORCH_ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["Ensemble", "Workspace", "draw_layers"]


class Ensemble:
    """N networks of one shape, optionally with a linear by-pass from the inputs to the outputs.

    Attributes:
        layers: one tensor per layer, students x units x (fan-in + 1), views of `flat`.
        bypass: linear by-pass, students x outputs x (inputs + 1), the last column a second output bias; None for none.
        flat: all parameters of all students.
        gradient: derivatives of the summed loss by all parameters.
    """

    def __init__(
        self,
        layers: Sequence[NDArray[np.float64]],
        activation: str,
        dtype: torch.dtype,
        bypass: NDArray[np.float64] | None = None,
    ) -> None:
        arrays = [*layers, *([] if bypass is None else [bypass])]
        self.activation = activation
        self.flat = torch.from_numpy(np.concatenate([array.ravel() for array in arrays])).to(dtype)
        self.gradient = torch.zeros_like(self.flat)
        shapes = [array.shape for array in arrays]
        views, slopes = _split(self.flat, shapes), _split(self.gradient, shapes)
        self.layers, self.slopes = views[: len(layers)], slopes[: len(layers)]
        self.bypass = None if bypass is None else views[-1]
        self.bypass_slope = None if bypass is None else slopes[-1]

    @property
    def students(self) -> int:
        """Number of students, N."""
        return self.layers[0].shape[0]

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, units of each hidden layer, outputs."""
        return (self.layers[0].shape[2] - 1, *(layer.shape[1] for layer in self.layers))

    def rate_shares(self, bypass: float) -> Tensor | None:
        """Return the learning rate of every parameter, relative to the common one; None if there is no by-pass.

        Args:
            bypass: relative rate of the by-pass.
        """
        if self.bypass is None:
            return None
        shares = torch.ones_like(self.flat)
        shares[-self.bypass.numel() :] = bypass
        return shares

    def arrays(self) -> list[NDArray[np.float64]]:
        """Copy the layers as float64 arrays of students x units x (fan-in + 1)."""
        return [np.array(layer.numpy(), dtype=np.float64) for layer in self.layers]

    def network(self, student: int) -> MLP:
        """Copy one student, by number, to a network in float64."""
        layers = [(array[student, :, :-1], array[student, :, -1]) for array in self.arrays()]
        network = MLP.of(layers, self.activation)
        if self.bypass is None:
            return network
        line = np.array(self.bypass[student].numpy(), dtype=np.float64)
        biases = (*network.biases[:-1], network.biases[-1] + line[:, -1])
        return MLP(network.weights, biases, self.activation, line[:, :-1])


class Workspace:
    """The buffers of a forward and a backward pass over a fixed number of rows."""

    def __init__(self, ensemble: Ensemble, rows: int) -> None:
        def empty(units: int) -> Tensor:
            return torch.empty(ensemble.students, units, rows, dtype=ensemble.flat.dtype)

        self.ensemble = ensemble
        hidden, outputs = ensemble.widths[1:-1], ensemble.widths[-1]
        self.before = [empty(units) for units in hidden]
        self.states = [empty(units + 1).fill_(1.0) for units in hidden]
        self.values = [state[:, :-1] for state in self.states]
        self.pulled = [empty(units) for units in hidden]
        self.residual = empty(outputs)
        self.sigma = TORCH_ACTIVATIONS[ensemble.activation]

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Compute the residuals, students x outputs x rows.

        Args:
            inputs: rows x (inputs + 1); the last column is 1.
            targets: rows x outputs.
        """
        layers = self.ensemble.layers
        torch.mm(layers[0].flatten(0, 1), inputs.t(), out=self.before[0].flatten(0, 1))
        self.sigma.value(self.before[0], self.values[0])
        for layer, before, value, (state, _) in zip(
            layers[1:-1], self.before[1:], self.values[1:], pairwise(self.states), strict=True
        ):
            torch.bmm(layer, state, out=before)
            self.sigma.value(before, value)
        torch.bmm(layers[-1], self.states[-1], out=self.residual)
        if self.ensemble.bypass is not None:
            self.residual.add_(self.ensemble.bypass @ inputs.t())
        return self.residual.sub_(targets.t())

    def backward(self, inputs: Tensor) -> None:
        """Write the gradients of the students' mean squared errors to `Ensemble.gradient`.

        Call `forward` first. The residuals are overwritten.

        Args:
            inputs: rows x (inputs + 1), the same as for `forward`.
        """
        ensemble = self.ensemble
        upper = self.residual.mul_(2.0 / self.residual[0].numel())
        if ensemble.bypass_slope is not None:
            torch.matmul(upper, inputs, out=ensemble.bypass_slope)
        for index in range(len(ensemble.layers) - 1, 0, -1):
            torch.bmm(upper, self.states[index - 1].transpose(1, 2), out=ensemble.slopes[index])
            pulled = self.pulled[index - 1]
            weight = ensemble.layers[index][:, :, :-1].transpose(1, 2)
            if upper.shape[1] == 1:
                torch.mul(weight, upper, out=pulled)  # an outer product, twice as fast as bmm
            else:
                torch.bmm(weight, upper, out=pulled)
            self.sigma.pull_back(pulled, self.before[index - 1], self.values[index - 1])
            upper = pulled
        # Written as a product of transposes, which the matrix library computes five times as fast.
        ensemble.slopes[0].flatten(0, 1).copy_(torch.mm(inputs.t(), upper.flatten(0, 1).t()).t())


def draw_layers(students: int, widths: Sequence[int], rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Draw normal weights with standard deviation sqrt(2 / (units * students)), and zero biases.

    Torch's Kaiming rule gives this standard deviation for a tensor of fan-in x units x students, in which the published
    code stores its students. So training starts from small weights.

    Returns:
        One array per layer, students x units x (fan-in + 1).
    """
    layers = []
    for fan_in, units in pairwise(widths):
        layer = np.sqrt(2.0 / (units * students)) * rng.standard_normal((students, units, fan_in + 1))
        layer[:, :, -1] = 0.0
        layers.append(layer)
    return layers


def _split(flat: Tensor, shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [flat[end - int(np.prod(shape)) : end].view(shape) for end, shape in zip(ends, shapes, strict=True)]
