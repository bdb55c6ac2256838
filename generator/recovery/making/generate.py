"""Make one recovery puzzle from a recipe and a seed: draw or train the network, measure its difficulty, seal it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import SpecError, TrainingError
from generator.puzzle.canonical import sha256_json, sha256_tensors
from generator.puzzle.sealing import seal, silent
from generator.recovery.making.synthetic import MOST_PARAMETERS, WORST_CONDITION, SyntheticRules, draw_network
from generator.recovery.making.training import train_network
from generator.recovery.network.jacobian import determined, parameter_jacobian
from generator.recovery.oracle import rounded
from generator.recovery.sealed import answer_of, arrays_of
from generator.recovery.units.reduce import reduced

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import JsonValue

    from generator.puzzle.sealing import Made, Progress
    from generator.recovery.network.mlp import MLP
    from generator.recovery.spec import PublicSpec, RecoverySpec

__all__ = ["TOLERANCE", "difficulty", "generate"]

TOLERANCE = 1e-6
"""Largest weight error of a solved puzzle whose outputs are not rounded, relative to a layer's largest weight. It is
far above the rounding errors of float64, and far below the error of a trained imitation. Hand-set.
"""
ERRORS_ALLOWED = 10.0
"""Tolerance of a puzzle with rounded outputs, in standard errors of its worst weight. Hand-set."""
LARGEST_TOLERANCE = 0.05
"""Tolerance above which a puzzle is refused: its outputs are too coarse to tell the weights. Hand-set."""
ROWS_JUDGED = 2000
"""Inputs on which condition number and tolerance are computed. Hand-set."""
MOST_CONDITION = 1e12
"""Condition number above which weights cannot be told in float64, so that no puzzle is made."""


def generate(spec: RecoverySpec, *, name: str, seed: int, progress: Progress = silent) -> Made:
    """Make one puzzle.

    Raises:
        SpecError: if a rounded puzzle is too large for the computation of its tolerance.
        TrainingError: if no network meets the rules, the training diverges, or the outputs are too coarse to tell the
            weights.
    """
    network_rng, table_rng, judged_rng = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    public = spec.public
    table = _inputs(public.rows, spec, table_rng) if public.mode == "passive" else None
    seen = reduced(_hidden_network(spec, network_rng, progress), box=public.box, rows=table)
    network = seen.network
    condition, tolerance = difficulty(network, _inputs(ROWS_JUDGED, spec, judged_rng), spec)
    data = {} if table is None else {"inputs": table, "outputs": rounded(network.exact(table), public)}
    facts: dict[str, JsonValue] = {"tolerance": tolerance}
    if condition is not None:
        facts["condition"] = condition
    arrays = arrays_of(network)
    return seal(
        family="recovery",
        name=name,
        seed=seed,
        secret=sha256_json(sha256_tensors(arrays)),
        answer=answer_of(network, seen.fixed),
        arrays=arrays,
        pieces={},
        data=data,
        spec=public.model_dump(mode="json", exclude_defaults=True),
        facts=facts,
        notes={"recipe": spec.model_dump(mode="json"), "units": seen.record()},
        warnings=seen.warnings,
    )


def _hidden_network(spec: RecoverySpec, rng: np.random.Generator, progress: Progress) -> MLP:
    if spec.teacher != "synthetic":
        return train_network(spec, rng, progress)
    rules = SyntheticRules(
        widths=(spec.inputs, *spec.hidden, spec.outputs),
        activation=spec.activation,
        norms=(spec.norm_low, spec.norm_high),
        distance=spec.distance,
        input_scale=spec.input_scale,
        worst_condition=MOST_CONDITION if spec.distance is not None else WORST_CONDITION,
    )
    network = draw_network(rules, rng)
    progress(1, 1, 0.0)
    return network


def _inputs(rows: int, spec: RecoverySpec, rng: np.random.Generator) -> NDArray[np.float64]:
    return spec.input_scale * rng.standard_normal((rows, spec.inputs))


def difficulty(network: MLP, inputs: NDArray[np.float64], spec: RecoverySpec) -> tuple[float | None, float]:
    """Compute the condition number, rounded to two digits, and the tolerance."""
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
    values, errors = _spectrum(network, inputs)
    rows = public.rows or min(public.budget or ROWS_JUDGED, ROWS_JUDGED)
    worst = noise * errors * math.sqrt(len(inputs) / max(rows, 1)) / max(np.abs(w).max() for w in network.weights)
    tolerance = spec.tolerance or max(TOLERANCE, _rounded_up(ERRORS_ALLOWED * worst))
    if tolerance > LARGEST_TOLERANCE:
        raise TrainingError(
            f"outputs of {spec.precision} tell the weights only to {worst:.1e}; raise precision, rows or input_scale"
        )
    return float(f"{values:.1e}"), tolerance


def _spectrum(network: MLP, inputs: NDArray[np.float64]) -> tuple[float, float]:
    """Return the condition number, and the standard error of the worst parameter per unit of output error."""
    jacobian = parameter_jacobian(network, inputs)
    _, values, directions = np.linalg.svd(jacobian, full_matrices=False)
    kept = determined(values, network)
    errors = np.sqrt(((directions[:kept] / values[:kept, None]) ** 2).sum(axis=0))
    return float(values[0] / values[kept - 1]), float(errors.max())


def _output_error(outputs: NDArray[np.float64], public: PublicSpec) -> float:
    """Standard deviation of the rounding error of the outputs; 0 for float64."""
    if public.precision == "float32":
        return float(np.sqrt((outputs**2).mean())) * 2.0**-24 / math.sqrt(3)
    return public.resolution / math.sqrt(3)


def _rounded_up(value: float) -> float:
    """Round up to one significant digit."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.ceil(value / unit) * unit:.1g}")
