"""From a wide student to the hidden network: prune, resolve signs, polish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.core.certificate import Certificate, certify
from solvers.recovery.core.ensemble import Architecture, network_of_row
from solvers.recovery.core.levenberg_marquardt import Stopping, levenberg_marquardt
from solvers.recovery.core.output_layer import fit_output_layer
from solvers.recovery.core.pruning import Pruned, Pruning, prune
from solvers.recovery.finishing.polish import root_mean_square, sharpened
from solvers.recovery.finishing.precision import weight_errors
from solvers.recovery.finishing.rounded import within_bounds
from solvers.recovery.finishing.signs import settle_signs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from solvers.recovery.core.ensemble import Rows
    from solvers.recovery.students.sampling import Sampler

    Array = NDArray[np.float64]

__all__ = ["Candidate", "Levels", "finish", "needs_bypass", "reduce_student", "unfinished"]

LOOSE = 1e-8
"""Mean squared error, relative to the outputs' variance, at which a wide student is good enough to prune. A smaller
value trains longer; pruning and fitting again converge faster than the wide student itself. From experiments."""
ZERO = 1e-22
"""Mean squared error, relative to the outputs' variance, that counts as zero while pruning."""
FINAL_ROWS = 6
"""Equations per parameter of the last fit to exact outputs. Rounded outputs use all rows."""


@dataclass(frozen=True)
class Levels:
    """Mean squared errors that decide.

    Attributes:
        loose: a wide student is trained to this.
        zero: pruning keeps this.
    """

    loose: float
    zero: float

    @classmethod
    def of(cls, variance: float, noise: float, equations: int) -> Levels:
        """Set the levels for outputs of a variance and of a mean squared rounding error."""
        slack = 1 + 6 / np.sqrt(equations)
        return cls(max(LOOSE * variance, slack * noise), max(ZERO * variance, slack * noise))


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network that may be the hidden one.

    Attributes:
        network: the network, without a by-pass.
        certificate: its certificate.
    """

    network: MLP
    certificate: Certificate


def needs_bypass(activation: str) -> bool:
    """Whether students get a linear by-pass: sigma is even plus linear, so signs are resolved after the fit."""
    return ACTIVATIONS[activation].half_slope > 0


def reduce_student(
    shape: Architecture, row: Array, rows: Rows, sampler: Sampler, out_of_time: Callable[[], bool]
) -> Candidate:
    """Prune a student, resolve its signs, fit all weights to round-off, and certify the result."""
    levels = Levels.of(sampler.variance, sampler.noise, rows.equations)
    start = Pruned(shape, row, float(shape.mse(row[None], rows)[0]))
    small = prune(start, rows, Pruning(levels.zero, out_of_time=out_of_time))
    return finish(small.architecture, small.row, sampler, out_of_time)


def unfinished(shape: Architecture, row: Array, rows: Rows, sampler: Sampler) -> Candidate:
    """Take a student as it is, without its by-pass: an imitation, to answer with if nothing better comes."""
    return _certified(_without_bypass(shape, row, rows), rows, sampler)


def finish(shape: Architecture, row: Array, sampler: Sampler, out_of_time: Callable[[], bool]) -> Candidate:
    """Resolve the signs of a network of the final width, fit it to round-off, and certify it."""
    wanted = FINAL_ROWS * shape.parameters // sampler.puzzle.outputs + 1
    rows = sampler.rows(sampler.most if sampler.noise else wanted)
    levels = Levels.of(sampler.variance, sampler.noise, rows.equations)
    stopping = Stopping(tolerance=1e-4 * levels.zero, iterations=60, window=20, out_of_time=out_of_time)
    fit = levenberg_marquardt(shape, row[None], rows, stopping)
    if fit.mse[0] > 1e4 * levels.zero:
        return unfinished(shape, fit.theta[0], rows, sampler)
    network = network_of_row(shape, fit.theta[0])
    if sampler.noise:
        network = within_bounds(sampler.puzzle, network, rows, out_of_time)
    else:
        network = sharpened(settle_signs(sharpened(network, rows), rows, out_of_time), rows)
    return _certified(replace(network, bypass=None), rows, sampler)


def _certified(network: MLP, rows: Rows, sampler: Sampler) -> Candidate:
    certificate = certify(network, rows, sampler.held_out, sampler.puzzle.public)
    if certificate.holds and not sampler.noise and not _determined(network, rows, sampler.puzzle.tolerance):
        certificate = replace(certificate, holds=False, reason="the rows do not determine all weights")
    return Candidate(network, certificate)


def _determined(network: MLP, rows: Rows, tolerance: float) -> bool:
    """Tell whether a weight error above the tolerance would show in the residuals.

    Few rows of a table, or none, lie between the kinks of two near-duplicate ReLU units.
    """
    error = root_mean_square(network, rows) * np.sqrt(rows.equations)
    largest = min(float(np.abs(weight).max()) for weight in network.weights)
    return float(weight_errors(network, rows.inputs.T, error).max()) <= tolerance * largest


def _without_bypass(shape: Architecture, row: Array, rows: Rows) -> MLP:
    """Drop the by-pass, and fit the output layer again."""
    if not shape.bypass:
        return network_of_row(shape, row)
    size = shape.widths[-1] * shape.widths[0]
    plain = replace(shape, bypass=False)
    return network_of_row(plain, fit_output_layer(plain, row[:-size], rows))
