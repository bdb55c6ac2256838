"""Activations in float64 with two derivatives, and the symmetry that each one gives to a hidden unit.

A hidden unit computes a sigma(w x + b). The symmetry of sigma determines which other triples (w, b, a) compute the same
function (Martinelli et al. 2024, arXiv 2304.12794, section 3 and appendix A):

| symmetry | identity | other triples |
|---|---|---|
| none | - | - |
| odd | sigma(-z) = -sigma(z) | (-w, -b, -a) |
| odd-constant | sigma(-z) = 1 - sigma(z) | (-w, -b, -a), and a is added to the next bias |
| even-linear | sigma(z) - sigma(-z) = 2 k z | (-w, -b, a), if other units or a by-pass add 2 k a (w x + b) |
| even-linear-scaling | the same, and sigma(c z) = c sigma(z) for c > 0 | also (c w, c b, a / c) |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, ndtr

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Pointwise = Callable[[NDArray[np.float64]], NDArray[np.float64]]

__all__ = ["ACTIVATIONS", "LEAK", "Activation", "Symmetry"]

Symmetry = Literal["none", "odd", "odd-constant", "even-linear", "even-linear-scaling"]

LEAK = 0.01
"""Slope of `leaky_relu` below zero, the default of torch."""
_ROOT_2_PI = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class Activation:
    """An activation.

    Attributes:
        name: name in puzzles and answers.
        symmetry: the changes of a unit that leave the network's function unchanged, see the module's docstring.
        value: sigma(z), elementwise.
        slope: sigma'(z), elementwise; at a kink the mean of both sides.
        curvature: sigma''(z), elementwise; 0 at a kink.
        half_slope: k of the identity sigma(z) - sigma(-z) = 2 k z; 0 for the other symmetries.
    """

    name: str
    symmetry: Symmetry
    value: Pointwise
    slope: Pointwise
    curvature: Pointwise
    half_slope: float = 0.0

    @property
    def scales(self) -> bool:
        """Whether sigma(c z) = c sigma(z) for c > 0. The norm of a unit's weights is then not determined."""
        return self.symmetry == "even-linear-scaling"

    @property
    def piecewise_linear(self) -> bool:
        """Whether sigma is linear on both sides of a kink at 0."""
        return self.scales


def _tanh_slope(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 - np.tanh(z) ** 2


def _tanh_curvature(z: NDArray[np.float64]) -> NDArray[np.float64]:
    curvature: NDArray[np.float64] = -2 * np.tanh(z) * _tanh_slope(z)
    return curvature


def _expit_slope(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.multiply(expit(z), expit(-z))


def _expit_curvature(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return _expit_slope(z) * (expit(-z) - expit(z))


def _softplus(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.logaddexp(0.0, z)


def _relu(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(z, 0.0)


def _step(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.heaviside(z, 0.5)


def _zero(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.zeros_like(z)


def _normal(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(np.exp(-0.5 * z**2), _ROOT_2_PI)


_TABLE = (
    Activation("tanh", "odd", np.tanh, _tanh_slope, _tanh_curvature),
    Activation("sigmoid", "odd-constant", expit, _expit_slope, _expit_curvature),
    Activation("relu", "even-linear-scaling", _relu, _step, _zero, half_slope=0.5),
    Activation(
        "leaky_relu",
        "even-linear-scaling",
        lambda z: np.maximum(z, LEAK * z),
        lambda z: LEAK + (1 - LEAK) * _step(z),
        _zero,
        half_slope=0.5 * (1 + LEAK),
    ),
    Activation("softplus", "even-linear", _softplus, expit, _expit_slope, half_slope=0.5),
    Activation(
        "gelu",
        "even-linear",
        lambda z: z * ndtr(z),
        lambda z: ndtr(z) + z * _normal(z),
        lambda z: (2 - z**2) * _normal(z),
        half_slope=0.5,
    ),
    Activation(
        "silu",
        "even-linear",
        lambda z: z * expit(z),
        lambda z: expit(z) + z * _expit_slope(z),
        lambda z: 2 * _expit_slope(z) + z * _expit_curvature(z),
        half_slope=0.5,
    ),
    # The asymmetric activation of Expand-and-Cluster. Its only symmetry is the permutation of units.
    Activation(
        "g",
        "none",
        lambda z: expit(4 * z) + _softplus(z),
        lambda z: 4 * _expit_slope(4 * z) + expit(z),
        lambda z: 16 * _expit_curvature(4 * z) + _expit_slope(z),
    ),
)

ACTIVATIONS = {activation.name: activation for activation in _TABLE}
"""Activations by name. `gelu` is z Phi(z) with the Gaussian distribution function Phi, not its tanh approximation."""
