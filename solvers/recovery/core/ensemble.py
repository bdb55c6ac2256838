"""Ensembles of networks of one shape: B students as one array of parameters, their residuals and Jacobians.

The arrays are feature-major: states are B x units x rows, Jacobians B x parameters x (outputs * rows). So every
elementwise operation runs along rows, and the normal equations J J^T are symmetric products, of which BLAS computes one
half. On one thread this is twice as fast as a batched product in torch.

To fit the layers above known layers, pass the hidden states of the known layers (`MLP.hidden(inputs, layers)`) as
inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from solvers.recovery.core.pointwise import value_and_slope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Architecture", "Rows", "Unpacked", "draw_students", "network_of_row", "parameters_of"]


@dataclass(frozen=True)
class Unpacked:
    """Parameters of B students as views of one array.

    Attributes:
        weights: W_1 ... W_{L+1}, each B x out x in.
        biases: b_1 ... b_{L+1}, each B x out.
        bypass: S, B x outputs x inputs; None for none.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    bypass: Array | None


@dataclass(frozen=True, eq=False)
class Rows:
    """Data of a fit, feature-major.

    Attributes:
        inputs: d x rows.
        targets: o x rows.
    """

    inputs: Array
    targets: Array

    @classmethod
    def of(cls, inputs: Array, targets: Array) -> Rows:
        """Transpose tables of rows x d and rows x o."""
        return cls(np.ascontiguousarray(inputs.T), np.ascontiguousarray(targets.T))

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self.inputs.shape[1])

    @property
    def equations(self) -> int:
        """Number of residuals, outputs x rows."""
        return int(self.targets.size)

    def take(self, chosen: NDArray[np.intp] | slice) -> Rows:
        """Select rows."""
        return Rows(
            np.ascontiguousarray(self.inputs[:, chosen]),
            np.ascontiguousarray(self.targets[:, chosen]),
        )


@dataclass(frozen=True)
class Architecture:
    """Shape of the students. One student's parameters are W_1 (row by row), b_1, W_2, b_2, ..., S.

    Attributes:
        widths: inputs, units of each hidden layer, outputs.
        activation: name of sigma, of all hidden layers.
        bypass: whether a linear map S from the inputs is added to the outputs.
    """

    widths: tuple[int, ...]
    activation: str
    bypass: bool = False

    @property
    def hidden_layers(self) -> int:
        """Number of hidden layers, L."""
        return len(self.widths) - 2

    @property
    def parameters(self) -> int:
        """Parameters of one student, p."""
        layers: int = sum(out * (into + 1) for into, out in pairwise(self.widths))
        return layers + (self.widths[-1] * self.widths[0] if self.bypass else 0)

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """Yield for each layer the position of its weights, its outputs and its inputs."""
        at = 0
        for into, out in pairwise(self.widths):
            yield at, out, into
            at += out * (into + 1)

    def unpack(self, theta: Array) -> Unpacked:
        """View parameters, B x p, as weights and biases."""
        weights, biases = [], []
        for at, out, into in self.blocks():
            weights.append(theta[:, at : at + out * into].reshape(-1, out, into))
            biases.append(theta[:, at + out * into : at + out * (into + 1)])
        size = self.widths[-1] * self.widths[0]
        bypass = theta[:, -size:].reshape(-1, self.widths[-1], self.widths[0]) if self.bypass else None
        return Unpacked(tuple(weights), tuple(biases), bypass)

    def hidden(self, theta: Array, inputs: Array, layer: int) -> Array:
        """Compute h_layer of B students, B x units x rows, from inputs d x rows; layer counts from 1."""
        parts = self.unpack(theta)
        sigma = ACTIVATIONS[self.activation]
        state = inputs
        for weight, bias in zip(parts.weights[:layer], parts.biases[:layer], strict=True):
            state = sigma.value(_affine(weight, bias, state))
        return state

    def outputs(self, theta: Array, inputs: Array) -> Array:
        """Evaluate B students on inputs d x rows to B x o x rows."""
        parts = self.unpack(theta)
        state = self.hidden(theta, inputs, self.hidden_layers)
        result = _affine(parts.weights[-1], parts.biases[-1], state)
        if parts.bypass is not None:
            result += _affine(parts.bypass, None, inputs)
        return result

    def residuals(self, theta: Array, rows: Rows) -> Array:
        """Compute f - y, B x (outputs * rows)."""
        difference: Array = self.outputs(theta, rows.inputs) - rows.targets
        return difference.reshape(len(theta), -1)

    def mse(self, theta: Array, rows: Rows) -> Array:
        """Compute each student's mean squared error over rows and outputs, B."""
        residuals = self.residuals(theta, rows)
        squares: Array = np.einsum("bn,bn->b", residuals, residuals) / residuals.shape[1]
        return squares

    def linearise(self, theta: Array, rows: Rows) -> tuple[Array, Array]:
        """Compute the residuals and their derivatives by the parameters.

        Returns:
            Residuals, B x (outputs * rows), and the transposed Jacobian, B x p x (outputs * rows).
        """
        parts = self.unpack(theta)
        students, outputs, count = len(theta), self.widths[-1], rows.count
        states: list[Array] = [rows.inputs[None]]
        slopes: list[Array] = []
        for weight, bias in zip(parts.weights[:-1], parts.biases[:-1], strict=True):
            value, slope = value_and_slope(self.activation, _affine(weight, bias, states[-1]))
            states.append(value)
            slopes.append(slope)
        result = _affine(parts.weights[-1], parts.biases[-1], states[-1])
        jacobian = np.empty((students, self.parameters, outputs, count))
        self._output_block(jacobian, states[-1])
        if parts.bypass is not None:
            result += _affine(parts.bypass, None, rows.inputs)
            view = jacobian[:, -parts.bypass[0].size :].reshape(students, outputs, -1, outputs, count)
            view[...] = 0
            for output in range(outputs):
                view[:, output, :, output] = rows.inputs
        backward = parts.weights[-1].swapaxes(1, 2)[..., None] * slopes[-1][:, :, None]  # B x units x outputs x rows
        for layer, (at, out, into) in reversed(list(enumerate(self.blocks()))[:-1]):
            view = jacobian[:, at : at + out * into].reshape(students, out, into, outputs, count)
            np.multiply(backward[:, :, None], states[layer][:, None, :, None], out=view)
            jacobian[:, at + out * into : at + out * (into + 1)] = backward
            if layer:
                flat = backward.reshape(students, out, -1)
                backward = (parts.weights[layer].swapaxes(1, 2) @ flat).reshape(students, into, outputs, count)
                backward *= slopes[layer - 1][:, :, None]
        residuals = (result - rows.targets).reshape(students, -1)
        return residuals, jacobian.reshape(students, self.parameters, -1)

    def _output_block(self, jacobian: Array, state: Array) -> None:
        """Write the derivatives by the output layer."""
        at, out, into = list(self.blocks())[-1]
        view = jacobian[:, at : at + out * into].reshape(len(jacobian), out, into, out, -1)
        if out > 1:
            view[...] = 0
        for output in range(out):
            view[:, output, :, output] = state
        jacobian[:, at + out * into : at + out * (into + 1)] = np.eye(out)[:, :, None]

    def gradient(self, theta: Array, rows: Rows) -> Array:
        """Compute the gradient of each student's mean squared error, B x p, without the Jacobian."""
        parts = self.unpack(theta)
        states, slopes = [np.broadcast_to(rows.inputs, (len(theta), *rows.inputs.shape))], []
        for weight, bias in zip(parts.weights[:-1], parts.biases[:-1], strict=True):
            value, slope = value_and_slope(self.activation, _affine(weight, bias, states[-1]))
            states.append(value)
            slopes.append(slope)
        result = _affine(parts.weights[-1], parts.biases[-1], states[-1])
        if parts.bypass is not None:
            result += _affine(parts.bypass, None, rows.inputs)
        gradient = np.empty_like(theta)
        backward = (result - rows.targets) * (2 / rows.equations)
        if parts.bypass is not None:
            size = parts.bypass[0].size
            gradient[:, -size:] = (backward @ states[0].swapaxes(1, 2)).reshape(-1, size)
        for layer, (at, out, into) in reversed(list(enumerate(self.blocks()))):
            gradient[:, at : at + out * into] = (backward @ states[layer].swapaxes(1, 2)).reshape(len(theta), -1)
            gradient[:, at + out * into : at + out * (into + 1)] = backward.sum(axis=2)
            if layer:
                backward = (parts.weights[layer].swapaxes(1, 2) @ backward) * slopes[layer - 1]
        return gradient


def draw_students(architecture: Architecture, count: int, rows: Rows, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw initial parameters, count x p.

    The first layer's weights are divided by the inputs' standard deviation. So preactivations have a standard deviation
    near `GAIN` at any scale of the inputs, and hyperplanes pass through the data.
    """
    centre, spread = rows.inputs.mean(axis=1), rows.inputs.std(axis=1) + 1e-12
    theta = np.zeros((count, architecture.parameters))
    parts = architecture.unpack(theta)
    last = len(parts.weights) - 1
    for layer, (weight, bias) in enumerate(zip(parts.weights, parts.biases, strict=True)):
        into = weight.shape[2]
        weight[...] = rng.standard_normal(weight.shape) * (GAIN if layer < last else 1.0) / np.sqrt(into)
        if layer == 0:
            weight[...] /= spread
            bias[...] = rng.uniform(-1, 1, bias.shape) - weight @ centre
        elif layer < last:
            bias[...] = 0.1 * rng.standard_normal(bias.shape)
    parts.biases[-1][...] = rows.targets.mean(axis=1)
    return theta


GAIN = 1.5
"""Standard deviation of the initial preactivations. Larger values start students in the nonlinear range. Hand-set."""


def network_of_row(architecture: Architecture, row: NDArray[np.float64]) -> MLP:
    """Convert one student's parameters, p, to a network."""
    parts = architecture.unpack(np.array(row)[None])
    return MLP(
        tuple(weight[0] for weight in parts.weights),
        tuple(bias[0] for bias in parts.biases),
        architecture.activation,
        None if parts.bypass is None else parts.bypass[0],
    )


def parameters_of(network: MLP) -> tuple[Architecture, NDArray[np.float64]]:
    """Convert a network to its architecture and its parameters, p."""
    pieces = [part.ravel() for layer in network.layers() for part in layer]
    if network.bypass is not None:
        pieces.append(network.bypass.ravel())
    shape = Architecture(network.widths, network.activation, network.bypass is not None)
    return shape, np.concatenate(pieces)


def _affine(weight: Array, bias: Array | None, state: Array) -> Array:
    """Compute W h + b for B students; the state is shared, i x rows or 1 x i x rows, or own, B x i x rows."""
    if state.ndim == 2 or len(state) == 1 < len(weight):
        flat = weight.reshape(-1, weight.shape[2]) @ state.reshape(state.shape[-2:])
        result: Array = flat.reshape(*weight.shape[:2], -1)
    else:
        result = weight @ state
    if bias is not None:
        result += bias[..., None]
    return result
