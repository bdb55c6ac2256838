"""How well the outputs determine the weights of a hidden network: its condition number, and the puzzle's tolerance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import SpecError, TrainingError
from generator.recovery.making.synthetic import MOST_PARAMETERS
from generator.recovery.network.jacobian import determined, parameter_jacobian

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.spec import PublicSpec, RecoverySpec

__all__ = ["ROWS", "TOLERANCE", "difficulty"]

TOLERANCE = 1e-6
"""Tolerance of a puzzle whose outputs are not rounded: the largest weight error of a solved puzzle, relative to the
largest weight of the layer. It is far above the rounding errors of float64, and far below the error of a trained
imitation. Hand-set.
"""
ERRORS_ALLOWED = 10.0
"""Tolerance of a puzzle with rounded outputs, in standard errors of its worst weight. A larger value makes rounded
puzzles easier. Hand-set."""
LARGEST_TOLERANCE = 0.05
"""Tolerance above which a puzzle is refused, because its outputs are too coarse to determine the weights. Hand-set."""
ROWS = 2000
"""Inputs on which condition number and tolerance are computed. More inputs make both more precise and take longer.
Hand-set."""


def difficulty(network: MLP, inputs: NDArray[np.float64], spec: RecoverySpec) -> tuple[float | None, float]:
    """Compute the condition number of the parameter Jacobian, and the puzzle's tolerance.

    Args:
        network: the hidden network.
        inputs: rows x d, drawn like the inputs of the table.
        spec: the recipe: precision, rows or budget, and the tolerance if it is set.

    Returns:
        The condition number, rounded to two digits, None for more than `MOST_PARAMETERS` parameters; and the tolerance,
        relative to the largest weight of a layer.

    Raises:
        SpecError: if outputs are rounded, no tolerance is set, and the network has more than `MOST_PARAMETERS`
            parameters.
        TrainingError: if the outputs are too coarse to determine the weights.
    """
    public = spec.public
    noise = _output_error(network(inputs), public)
    parameters = sum(weight.size + len(weight) for weight in network.weights)
    if parameters > MOST_PARAMETERS:
        if noise and spec.tolerance is None:
            raise SpecError(
                f"the tolerance of a network with {parameters} parameters and rounded outputs is not computed "
                f"(at most {MOST_PARAMETERS} parameters); set tolerance"
            )
        return None, spec.tolerance or TOLERANCE
    condition, error = _spectrum(network, inputs)
    rows = public.rows or min(public.budget or ROWS, ROWS)
    worst = noise * error * math.sqrt(len(inputs) / max(rows, 1)) / max(np.abs(w).max() for w in network.weights)
    tolerance = spec.tolerance or max(TOLERANCE, _rounded_up(ERRORS_ALLOWED * worst))
    if tolerance > LARGEST_TOLERANCE:
        raise TrainingError(
            f"outputs of {spec.precision} determine weights only to {worst:.1e}; raise precision, rows or input_scale"
        )
    return float(f"{condition:.1e}"), tolerance


def _spectrum(network: MLP, inputs: NDArray[np.float64]) -> tuple[float, float]:
    """Return the condition number, and the largest standard error of a parameter per unit of output error."""
    jacobian = parameter_jacobian(network, inputs)
    _, values, directions = np.linalg.svd(jacobian, full_matrices=False)
    kept = determined(values, network)
    errors = np.sqrt(((directions[:kept] / values[:kept, None]) ** 2).sum(axis=0))
    return float(values[0] / values[kept - 1]), float(errors.max())


def _output_error(outputs: NDArray[np.float64], public: PublicSpec) -> float:
    """Return the standard deviation of the rounding error of the outputs; 0 for float64."""
    if public.precision == "float32":
        return float(np.sqrt((outputs**2).mean())) * 2.0**-24 / math.sqrt(3)
    return public.resolution / math.sqrt(3)


def _rounded_up(value: float) -> float:
    """Round up to one significant digit."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.ceil(value / unit) * unit:.1g}")
