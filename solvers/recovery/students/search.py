"""Search for the hidden network with students of growing width, until a certificate holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.core.clustering import centres, cluster_units
from solvers.recovery.core.ensemble import Architecture, draw_students
from solvers.recovery.core.levenberg_marquardt import Fit, Stopping, levenberg_marquardt
from solvers.recovery.core.output_layer import fit_output_layer
from solvers.recovery.core.warm_start import warm_start
from solvers.recovery.students.reduction import Candidate, Levels, needs_bypass, reduce_student, unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from solvers.recovery.core.ensemble import Rows
    from solvers.recovery.students.sampling import Sampler

    Array = NDArray[np.float64]

__all__ = ["Run", "Settings", "candidates", "clustered", "train"]

FIRST_WIDTH = 4
"""Hidden units of the first students. Hand-set."""
LEAST_EQUATIONS = 1.2
"""Least number of equations per parameter of a student. With fewer, a wrong network could fit the data. Hand-set."""
PROMISING = 1e-3
"""Largest mean squared error of a promising student, relative to the outputs' variance. Such a student is nearly wide
enough, or wide enough and stuck. From experiments."""
NEAR_BEST = 30.0
"""Largest error of a promising width, relative to the best error of its pass. If wider students are better by more, the
width is still too small. From experiments on functions that narrow students imitate well."""
WIDEST = 3.5
"""Largest width of the first pass, relative to the least promising width. A larger value takes longer. From
experiments."""
WIDER = 1.1
"""Factor by which each further pass raises `WIDEST`. Hand-set."""
MOST_REDUCED = 2
"""Most students of one ensemble that are pruned. A larger value takes longer. Hand-set: the best student usually
suffices."""
NEARLY = 100.0
"""Largest error of a student that is pruned, in units of the loose level. A larger value prunes more students.
Hand-set: pruning also lowers the error."""
MOST_PASSES = 16
"""Passes after which the search ends if there is no time limit. Hand-set."""
SHARE = 0.5
"""Least number of members of a cluster, relative to the number of students. A larger value keeps fewer clusters.
Martinelli et al. 2024 use 0.5 to 0.9."""


@dataclass(frozen=True)
class Settings:
    """Settings of the search.

    Attributes:
        students: students per width in the first pass; each further pass has as many more.
        growth: factor between successive widths.
        ratio: equations per parameter of a student's fit.
        steps: steps of the warm start by Adam.
        iterations: most Levenberg-Marquardt iterations of a student.
        cluster: whether the units of an ensemble are clustered if its students fail.
    """

    students: int = 3
    growth: float = 1.5
    ratio: float = 3.5
    steps: int = 200
    iterations: int = 100
    cluster: bool = True


@dataclass(frozen=True, eq=False)
class Run:
    """Data, settings, generator and clock of one search.

    Attributes:
        sampler: the data.
        settings: the settings.
        rng: the trial's random generator.
        out_of_time: function that returns whether the deadline has passed.
        log: function that takes progress lines.
    """

    sampler: Sampler
    settings: Settings
    rng: np.random.Generator
    out_of_time: Callable[[], bool]
    log: Callable[[str], None]

    def levels(self, rows: Rows) -> Levels:
        """Compute the levels of error for a fit to these rows."""
        return Levels.of(self.sampler.variance, self.sampler.noise, rows.equations)


def candidates(run: Run, activation: str) -> Iterator[Candidate]:
    """Yield candidates until the time is up or no width suits the data.

    A pass trains ensembles of growing width. Later passes have more students, and start at the least promising width.
    """
    sampler, settings = run.sampler, run.settings
    lowest = float(FIRST_WIDTH)
    for number in range(1, MOST_PASSES + 1):
        width, errors = lowest, dict[float, float]()
        while width <= WIDEST * WIDER ** (number - 1) * _promising(errors) and not run.out_of_time():
            shape = Architecture((sampler.puzzle.inputs, round(width), sampler.puzzle.outputs), activation)
            shape = replace(shape, bypass=needs_bypass(activation))
            rows = _rows_for(shape, sampler, settings.ratio)
            if rows.equations < LEAST_EQUATIONS * shape.parameters:
                break
            fit = train(run, shape, number * settings.students, rows)
            errors[width] = float(fit.mse[0]) / sampler.variance
            run.log(f"{activation}, pass {number}, width {shape.widths[1]}: best relative error {errors[width]:.1e}")
            yield unfinished(shape, fit.theta[0], rows, sampler)
            yield from _reduced(run, shape, fit, rows)
            width = max(width + 1, settings.growth * width)
        if _promising(errors) < np.inf:
            lowest = _promising(errors)
        if not errors or run.out_of_time():
            return


def _promising(errors: dict[float, float]) -> float:
    """Return the least width whose error is near zero and near the best error of its pass; infinite for none."""
    bound = min(PROMISING, NEAR_BEST * min(errors.values(), default=0.0))
    return min((width for width, error in errors.items() if error <= bound), default=np.inf)


def train(run: Run, shape: Architecture, students: int, rows: Rows) -> Fit:
    """Train an ensemble to the loose level; the best student comes first."""
    theta = draw_students(shape, students, rows, run.rng)
    theta = warm_start(shape, theta, rows, run.settings.steps, run.rng)
    stopping = Stopping(run.levels(rows).loose, run.settings.iterations, out_of_time=run.out_of_time)
    return levenberg_marquardt(shape, theta, rows, stopping).sorted()


def clustered(shape: Architecture, fit: Fit, rows: Rows) -> tuple[Architecture, Array] | None:
    """Build one network from the units that several students share; return None if they share none.

    Source: Martinelli et al. 2024, arXiv 2304.12794, section 4. Differences: centres are medians, and least squares
        give the
    output layer.

    Returns:
        Shape and parameters, p, of the network.
    """
    sigma = ACTIVATIONS[shape.activation]
    parts = shape.unpack(fit.theta)
    vectors = np.concatenate([parts.weights[0], parts.biases[0][..., None]], axis=2).reshape(-1, shape.widths[0] + 1)
    if sigma.scales:
        vectors = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + np.finfo(float).tiny)
    signless = sigma.symmetry != "none"
    groups = cluster_units(vectors, max(2, int(SHARE * len(fit.theta))), signless=signless)
    if not groups:
        return None
    units = centres(vectors, groups, signless=signless)
    smaller = Architecture((shape.widths[0], len(units), shape.widths[-1]), shape.activation, shape.bypass)
    row = np.zeros((1, smaller.parameters))
    new = smaller.unpack(row)
    new.weights[0][0], new.biases[0][0] = units[:, :-1], units[:, -1]
    return smaller, fit_output_layer(smaller, row[0], rows)


def _reduced(run: Run, shape: Architecture, fit: Fit, rows: Rows) -> Iterator[Candidate]:
    """Reduce the students with errors near zero, then the network of the ensemble's clusters."""
    loose = NEARLY * run.levels(rows).loose
    good = [row for row, mse in zip(fit.theta, fit.mse, strict=True) if mse < loose]
    for row in good[:MOST_REDUCED]:
        yield reduce_student(shape, row, rows, run.sampler, run.out_of_time)
    if run.settings.cluster and len(fit.theta) > 2 and fit.mse[0] < PROMISING * run.sampler.variance:
        found = clustered(shape, fit, rows)
        if found is not None and found[0].parameters < rows.equations:
            stopping = Stopping(loose, run.settings.iterations, out_of_time=run.out_of_time)
            refit = levenberg_marquardt(found[0], found[1][None], rows, stopping)
            if refit.mse[0] < loose:
                yield reduce_student(found[0], refit.theta[0], rows, run.sampler, run.out_of_time)


def _rows_for(shape: Architecture, sampler: Sampler, ratio: float) -> Rows:
    """Draw rows for a student, enough for all its parameters and for its output layer."""
    outputs = sampler.puzzle.outputs
    return sampler.rows(int(max(ratio * shape.parameters / outputs, 2 * ratio * (shape.widths[1] + 1))), fresh=True)
