"""The steps of `hessian-span`, and the state that they share: oracle, budget and best network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from solvers.recovery.core.deadline import out_of_time
from solvers.recovery.core.derivatives import ask, output_noise
from solvers.recovery.hessian.assembly import POLISH_STEPS, assemble, fit_units, parameters, settle_signs
from solvers.recovery.hessian.polish import Rows, polish, sharpened
from solvers.recovery.hessian.precision import centre, output_bounds, weight_errors
from solvers.recovery.hessian.probing import Probe, draw_points, find_span, probe
from solvers.recovery.hessian.rank_one import search_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.hessian.recording import RecordingOracle

__all__ = ["Attack"]

UNLIMITED = 300_000
"""Rows that a probe may take if the puzzle has no budget. A larger value takes longer. Hand-set."""

PROBE_SHARE = 0.7
"""Largest share of the remaining rows that a probe may take. The rest is for fits and for the certificate. Hand-set."""

FIT_RATIO = 3.0
"""Fitted outputs per parameter. A larger value takes more queries and gives smaller errors. Hand-set."""

EXTRA_ROWS = 50
"""Additional rows of a fit, so that small networks are determined too. Hand-set."""

CHECK_ROWS = 200
"""Fresh rows of the certificate. A larger value is more reliable and takes more queries. Hand-set."""

EXACT = 1e-11
"""Largest root mean square residual of a certified network, relative to the outputs, for float64 outputs. A larger
value certifies worse networks. Hand-set, above rounding errors."""

PLAUSIBLE = 3.0
"""Largest residual of a first fit that is refined with all rows, in multiples of the outputs' noise. Hand-set."""

REFINING_ROWS = 20_000
"""Rows that the refinement of imprecise outputs queries if the budget has them. A larger value gives smaller errors.
Hand-set."""

REFINING_RADII = (0.7, 1.0, 1.5, 2.0, 3.0)
"""Standard deviations of inputs among which the refinement chooses, in multiples of the input scale. Hand-set."""

STARTS = 2000
"""Most random starts for vectors that the algebraic method missed. A larger value finds more units and takes longer.
Hand-set."""


@dataclass
class Attack:
    """The state of one attempt.

    Attributes:
        puzzle: the puzzle.
        oracle: the puzzle's oracle, which records all rows.
        context: seed and limits.
        names: activations to try.
        rng: the trial's random generator.
        best: best network so far.
        error: root mean square error of `best` on fresh rows.
        certified: whether the residual of `best` is at the level of rounding errors. For float64 outputs, also whether
            this residual excludes weight errors above the puzzle's tolerance.
        predicted: largest weight error that the residual of `best` allows. For rounded outputs, the largest standard
            deviation of a weight by rounding errors.
    """

    puzzle: RecoveryPuzzle
    oracle: RecordingOracle
    context: Context
    names: tuple[str, ...]
    rng: np.random.Generator
    best: MLP | None = None
    error: float = np.inf
    certified: bool = False
    predicted: float = np.inf

    def run(self, radius: float, order: int) -> bool:
        """Attack with derivatives of one order at points of one radius; return whether the result is certified."""
        probed = probe(self.puzzle, self.oracle, radius, order, rows=int(PROBE_SHARE * self.left()), rng=self.rng)
        span = None if probed is None else find_span(probed)
        if probed is None or span is None:
            return False
        tolerance = float(np.clip(30 * span.noise**2, 1e-9, 0.1))
        vectors = search_vectors(probed.space, span.basis, tolerance, STARTS, self.rng)
        self.context.log(
            f"order {order}, radius {radius:g}: {len(probed.points)} points, error {probed.error:.1e}, "
            f"rank {span.units}, gap {span.gap:.1e}, {len(vectors)} directions"
        )
        return len(vectors) == span.units and self.fit(probed, vectors, radius)

    def fit(self, probed: Probe, vectors: NDArray[np.float64], radius: float) -> bool:
        """Fit networks with these directions of units to fresh rows, one activation after the other.

        Activations whose derivatives fit the samples better come first. Returns whether a network is certified.
        """
        size = parameters(self.puzzle.inputs, len(vectors), self.puzzle.outputs)
        rows = self.fresh(int(FIT_RATIO * size / self.puzzle.outputs) + EXTRA_ROWS, radius)
        before = self.oracle.asked
        held_out = self.fresh(CHECK_ROWS, radius)
        hidden = slice(before, self.oracle.asked)
        ridges = {name: fit_units(name, probed, vectors) for name in self.names}
        for name in sorted(self.names, key=lambda name: float(np.median(ridges[name].misfit))):
            network = assemble(name, ridges[name], rows, self.stop)
            if self.puzzle.public.precision == "float64":
                network = sharpened(settle_signs(network, rows, self.stop), rows)
            elif self.residual(network, held_out) < PLAUSIBLE * self.noise(held_out):
                network = self.refine(network, hidden)
            if self.check(network, rows, held_out):
                return True
        return False

    def refine(self, network: MLP, hidden: slice) -> MLP:
        """Fit a network to imprecise outputs, with up to `REFINING_ROWS` new rows and all earlier rows but `hidden`."""
        trials = {
            radius: draw_points(self.puzzle, REFINING_ROWS // 10, radius * self.puzzle.input_scale, 0.0, self.rng)
            for radius in REFINING_RADII
        }
        radius = min(trials, key=lambda radius: float(weight_errors(network, trials[radius], 1.0).max()))
        self.fresh(REFINING_ROWS, radius * self.puzzle.input_scale)
        asked = self.oracle.rows()
        rows = Rows(np.delete(asked.inputs, hidden, axis=0), np.delete(asked.outputs, hidden, axis=0))
        network = settle_signs(polish(network, rows, POLISH_STEPS, self.stop), rows, self.stop)
        bounds = output_bounds(self.puzzle.public.precision, self.puzzle.resolution, rows.outputs)
        return network if bounds is None else centre(network, rows, bounds, self.stop)

    def check(self, network: MLP, fitted: Rows, held_out: Rows) -> bool:
        """Test a network on held-out rows, and keep it if it is the best so far; return whether it is certified."""
        if network.bypass is not None and not self.puzzle.public.bypass:
            self.context.log(f"{network.activation}: no flips explain the by-pass")
            return False
        error, noise = self.residual(network, held_out), self.noise(held_out)
        exact = self.puzzle.public.precision == "float64"
        size = float(np.sqrt(np.mean(held_out.outputs**2)))
        if exact:  # the largest weight error that residuals of this size can hide
            rows = np.concatenate([fitted.inputs, held_out.inputs])
            predicted = float(weight_errors(network, rows, error * np.sqrt(len(rows) * self.puzzle.outputs)).max())
            largest = min(float(np.abs(weight).max()) for weight in network.weights)
            good = error <= EXACT * size and predicted <= self.puzzle.tolerance * largest
        else:
            predicted = float(weight_errors(network, self.oracle.rows().inputs, noise).max())
            good = error <= 1.5 * noise
        self.context.log(
            f"{network.widths[1]} units, {network.activation}: residual {error:.1e}, weight error up to {predicted:.1e}"
        )
        if error < self.error:
            self.best, self.error, self.predicted = network, error, predicted
            self.certified = good
            self.context.report(self.puzzle.answer(self.best))
        return good

    def residual(self, network: MLP, rows: Rows) -> float:
        """Compute the root mean square error on rows."""
        return float(np.sqrt(np.mean(rows.residual(network) ** 2))) if len(rows.inputs) else np.inf

    def noise(self, rows: Rows) -> float:
        """Estimate the standard deviation of the outputs' rounding errors."""
        return output_noise(self.puzzle.public.precision, self.puzzle.resolution, rows.outputs)

    def fresh(self, count: int, radius: float) -> Rows:
        """Query `count` new points with standard deviation `radius`, or as many as the budget has."""
        points = draw_points(self.puzzle, min(count, self.left()), radius, 0.0, self.rng)
        return Rows(points, ask(self.oracle, points))

    def left(self) -> int:
        """Return the number of rows that may still be queried."""
        return UNLIMITED if self.oracle.left is None else self.oracle.left

    def stop(self) -> bool:
        """Return whether the time is up."""
        return out_of_time(self.context)()

    def answer(self) -> Answer:
        """Write the best network.

        Raises:
            UnsupportedPuzzleError: if there is no network.
        """
        if self.best is None:
            raise UnsupportedPuzzleError("hessian-span found no units: too many for the inputs, or too few rows")
        note = (
            f"residual {self.error:.1e} on held-out rows, weight error at most about {self.predicted:.1e}, "
            f"{self.oracle.asked} rows asked"
        )
        return Answer(self.puzzle.answer(self.best), certified=self.certified, note=note)
