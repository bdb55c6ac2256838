"""The steps of `hessian-span` with their shared state: oracle, budget and best network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from solvers.recovery.core.deadline import out_of_time
from solvers.recovery.core.derivatives import ask, draw_points, output_noise
from solvers.recovery.core.ensemble import Rows
from solvers.recovery.finishing.polish import polish, root_mean_square, sharpened, without_spare_units
from solvers.recovery.finishing.precision import weight_errors
from solvers.recovery.finishing.rounded import PLAUSIBLE, REFINING_ROWS, telling_points, within_bounds
from solvers.recovery.finishing.signs import settle_signs
from solvers.recovery.hessian.assembly import assemble, fit_units, parameters
from solvers.recovery.hessian.growing import grown, refitted
from solvers.recovery.hessian.probing import Probe, find_span, probe
from solvers.recovery.hessian.rank_one import search_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.finishing.recording import RecordingOracle

__all__ = ["Attack"]

UNLIMITED = 300_000
"""Rows that a puzzle without a budget may take per probe. Hand-set, for time."""

PROBE_SHARE = 0.7
"""Largest share of the rows left that a probe may take; the rest is for fitting and for the certificate."""

FIT_RATIO = 3.0
"""Outputs fitted per parameter."""

EXTRA_ROWS = 50
"""Rows fitted besides, so that small networks are determined too."""

CHECK_ROWS = 200
"""Fresh rows of the certificate."""

EXACT = 1e-11
"""Largest root mean square of the certificate's residuals relative to the outputs', for float64 outputs."""

FOUND = 0.8
"""Share of the span's dimension that the found directions must make up; the other units are grown. Hand-set."""

SPARE_UNITS = 1
"""Units that may be grown beyond the span's dimension: two near-duplicates span little more than one unit. Hand-set."""

ROUGH = 1e-7
"""Root mean square of the residuals, relative to the outputs', above which units are wrong or missing. Hand-set."""

STARTS = 2000
"""Most random starts for vectors that the algebraic method missed."""


@dataclass
class Attack:
    """The state of one attempt.

    Attributes:
        puzzle: the puzzle.
        oracle: its oracle, recorded.
        context: seed and limits.
        names: activations to try.
        rng: the source of randomness.
        best: best network so far.
        error: its root mean square error on fresh rows.
        certified: whether its residual is at the level of rounding errors; for float64 outputs also whether no weight
            error above the puzzle's tolerance can hide in it.
        predicted: largest weight error that can hide in its residual; for rounded outputs, the largest standard
            deviation of a weight that rounding errors cause.
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
        """Attack with derivatives of one order at points of one radius; tell whether the result is certified."""
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
        return len(vectors) >= FOUND * span.units and self.fit(probed, vectors, radius, span.units)

    def fit(self, probed: Probe, vectors: NDArray[np.float64], radius: float, units: int) -> bool:
        """Fit networks with the units' directions to fresh rows, one activation after the other.

        Activations whose curvature fits the samples better come first; only the first one's network is repaired.
        """
        size = parameters(self.puzzle.inputs, len(vectors), self.puzzle.outputs)
        rows = self.fresh(int(FIT_RATIO * size / self.puzzle.outputs) + EXTRA_ROWS, radius)
        before = self.oracle.asked
        held_out = self.fresh(CHECK_ROWS, radius)
        hidden = slice(before, self.oracle.asked)
        ridges = {name: fit_units(name, probed, vectors) for name in self.names}
        names = sorted(self.names, key=lambda name: float(np.median(ridges[name].misfit)))
        for at, name in enumerate(names):
            rough = assemble(name, ridges[name], rows)
            network = polish(rough, rows, self.stop)
            if at == 0 and self.is_rough(network, held_out):
                network = self.repair(rough, rows, units)
            if self.puzzle.public.precision == "float64":
                network = sharpened(settle_signs(network, rows, self.stop), rows)
            elif root_mean_square(network, held_out) < PLAUSIBLE * self.noise(held_out):
                network = self.refine(network, hidden)
            if self.check(network, rows, held_out):
                return True
        return False

    def repair(self, network: MLP, rows: Rows, units: int) -> MLP:
        """Choose norms and biases again, and add units that are missing."""
        network = refitted(network, rows, self.rough_level(rows), self.stop)
        if network.widths[1] >= units:
            network = polish(network, rows, self.stop)
        self.context.log(f"{network.widths[1]} units refitted: residual {root_mean_square(network, rows):.1e}")
        while self.is_rough(network, rows):
            if self.stop() or network.widths[1] >= units + SPARE_UNITS:
                return network
            network = grown(network, rows, self.rng, self.stop)
            self.context.log(f"grown to {network.widths[1]} units: residual {root_mean_square(network, rows):.1e}")
        return without_spare_units(network, rows, self.stop)

    def is_rough(self, network: MLP, rows: Rows) -> bool:
        """Tell whether units of a network are wrong or missing."""
        return root_mean_square(network, rows) > self.rough_level(rows)

    def rough_level(self, rows: Rows) -> float:
        """Compute the largest root mean square of a right network's residuals."""
        return max(PLAUSIBLE * self.noise(rows), ROUGH * size_of(rows))

    def refine(self, network: MLP, hidden: slice) -> MLP:
        """Fit imprecise outputs with all rows asked but the held-out ones, and with all rows that are left."""
        points = telling_points(self.puzzle, network, min(REFINING_ROWS, self.left()), self.rng)
        ask(self.oracle, points)
        asked = self.oracle.rows()
        return within_bounds(self.puzzle, network, asked.take(np.delete(np.arange(asked.count), hidden)), self.stop)

    def check(self, network: MLP, fitted: Rows, held_out: Rows) -> bool:
        """Compare a network with rows that it was not fitted to, and keep it if it is the best so far."""
        if network.bypass is not None and not self.puzzle.public.bypass:
            self.context.log(f"{network.activation}: no flips explain the by-pass")
            return False
        error, noise = root_mean_square(network, held_out), self.noise(held_out)
        exact = self.puzzle.public.precision == "float64"
        if exact:  # the largest weight error that residuals of this size can hide
            rows = np.concatenate([fitted.inputs, held_out.inputs], axis=1).T
            predicted = float(weight_errors(network, rows, error * np.sqrt(len(rows) * self.puzzle.outputs)).max())
            largest = min(float(np.abs(weight).max()) for weight in network.weights)
            good = error <= EXACT * size_of(held_out) and predicted <= self.puzzle.tolerance * largest
        else:
            predicted = float(weight_errors(network, self.oracle.rows().inputs.T, noise).max())
            good = error <= 1.5 * noise
        self.context.log(
            f"{network.widths[1]} units, {network.activation}: residual {error:.1e}, weight error up to {predicted:.1e}"
        )
        if good or error < self.error:
            self.best, self.error, self.predicted = network, error, predicted
            self.certified = good
            self.context.report(self.puzzle.answer(self.best))
        return good

    def noise(self, rows: Rows) -> float:
        """Estimate the noise of outputs."""
        return output_noise(self.puzzle.public.precision, self.puzzle.resolution, rows.targets)

    def fresh(self, count: int, radius: float) -> Rows:
        """Ask for rows at new points, as many of them as the budget has."""
        points = draw_points(self.puzzle, min(count, self.left()), radius, 0.0, self.rng)
        return Rows.of(points, ask(self.oracle, points))

    def left(self) -> int:
        """Rows that may be asked."""
        return UNLIMITED if self.oracle.left is None else self.oracle.left

    def stop(self) -> bool:
        """Tell whether time is up."""
        return out_of_time(self.context)()

    def answer(self) -> Answer:
        """Write the best network.

        Raises:
            UnsupportedPuzzleError: if there is none.
        """
        if self.best is None:
            raise UnsupportedPuzzleError("hessian-span found no units: too many for the inputs, or too few rows")
        note = (
            f"residual {self.error:.1e} on held-out rows, weight error at most about {self.predicted:.1e}, "
            f"{self.oracle.asked} rows asked"
        )
        return Answer(self.puzzle.answer(self.best), certified=self.certified, note=note)


def size_of(rows: Rows) -> float:
    """Compute the root mean square of the outputs."""
    return float(np.sqrt(np.mean(rows.targets**2)))
