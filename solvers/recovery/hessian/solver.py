"""The solver `hessian-span`: one hidden layer of smooth units, recovered from derivatives by an adaptive oracle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.core.derivatives import ask, output_noise
from solvers.recovery.hessian.assembly import assemble, fit_units, parameters, settle_signs
from solvers.recovery.hessian.polish import Rows
from solvers.recovery.hessian.probing import Probe, draw_points, find_span, probe
from solvers.recovery.hessian.rank_one import search_vectors
from solvers.recovery.hessian.recording import RecordingOracle
from solvers.registry import register

if TYPE_CHECKING:
    from generator.recovery.network.mlp import MLP
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context

__all__ = ["HessianSpan"]

SOURCE = (
    "Own: rank-one tensors in the span of the Hessians, as Fornasier, Vybiral and Daubechies 2021, arXiv:1804.01592"
)

SMOOTH = tuple(name for name, activation in ACTIVATIONS.items() if not activation.piecewise_linear)
"""Activations with derivatives."""

RADII = (1.0, 2.0, 0.5, 4.0, 0.25)
"""Standard deviations of the probed points, in multiples of the puzzle's input scale, in the order of trial."""

UNLIMITED = 300_000
"""Rows that a puzzle without a budget may take per probe. Hand-set, for time."""

PROBE_SHARE = 0.7
"""Largest share of the rows left that a probe may take; the rest is for fitting and for the certificate."""

FIT_RATIO = 3.0
"""Outputs fitted per parameter."""

CHECK_ROWS = 200
"""Fresh rows of the certificate."""

EXACT = 1e-10
"""Largest root mean square of the certificate's residuals relative to the outputs', for float64 outputs."""

STARTS = 2000
"""Most random starts for vectors that the algebraic method missed."""


@register(family="recovery", name="hessian-span", source=SOURCE)
@dataclass(frozen=True)
class HessianSpan:
    """Find the units as rank-one tensors in the span of sampled second to fourth derivatives.

    Attributes:
        orders: highest order of the derivatives, 2 to 4; higher orders find more units and need more rows.
    """

    orders: int = 4

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer:
        """Probe, find the units' directions, fit, settle signs, polish, and check on fresh rows.

        Raises:
            UnsupportedPuzzleError: if the puzzle has no oracle, several hidden layers or a piecewise-linear activation,
                or has too many units for its inputs.
        """
        if puzzle.oracle is None:
            raise UnsupportedPuzzleError("hessian-span needs an oracle; this puzzle has a fixed table")
        if puzzle.hidden_layers != 1:
            raise UnsupportedPuzzleError(f"hessian-span needs one hidden layer; this puzzle has {puzzle.hidden_layers}")
        if puzzle.activation is not None and puzzle.activation not in SMOOTH:
            raise UnsupportedPuzzleError(f"hessian-span needs a smooth activation; {puzzle.activation} has a kink")
        attack = Attack(puzzle, RecordingOracle(puzzle.oracle), context, context.rng())
        for radius in RADII:
            for order in range(2, self.orders + 1):
                if attack.run(radius * puzzle.input_scale, order):
                    return attack.answer()
        return attack.answer()


@dataclass
class Attack:
    """The state of one attempt: oracle and best network so far."""

    puzzle: RecoveryPuzzle
    oracle: RecordingOracle
    context: Context
    rng: np.random.Generator
    best: MLP | None = None
    error: float = np.inf
    certified: bool = False

    def run(self, radius: float, order: int) -> bool:
        """Attack with derivatives of one order at points of one radius; tell whether the result is certified."""
        probed = probe(self.puzzle, self.oracle, radius, order, int(PROBE_SHARE * self.left()), self.rng)
        span = None if probed is None else find_span(probed)
        if probed is None or span is None:
            return False
        tolerance = float(np.clip(30 * span.noise**2, 1e-9, 0.1))
        vectors = search_vectors(probed.space, span.basis, tolerance, STARTS, self.rng)
        self.context.log(
            f"order {order}, radius {radius:g}: {len(probed.points)} points, error {probed.error:.1e}, rank {span.units}, "
            f"gap {span.gap:.1e}, {len(vectors)} directions"
        )
        if len(vectors) < span.units:
            return False
        return self.fit(probed, vectors, radius)

    def fit(self, probed: Probe, vectors: np.ndarray, radius: float) -> bool:
        """Fit a network to fresh rows."""
        size = parameters(self.puzzle.inputs, len(vectors), self.puzzle.outputs)
        rows = self.fresh(int(FIT_RATIO * size / self.puzzle.outputs) + 50, radius)
        names = SMOOTH if self.puzzle.activation is None else (self.puzzle.activation,)
        for name in names:
            network = assemble(name, fit_units(name, probed, vectors), rows, self.stop)
            network = settle_signs(network, rows, self.stop)
            if self.check(network, radius):
                return True
        return False

    def check(self, network: MLP, radius: float) -> bool:
        """Compare a network with fresh rows, and keep it if it is the best so far."""
        rows = self.fresh(CHECK_ROWS, radius)
        error = float(np.sqrt(np.mean(rows.residual(network) ** 2)))
        size = float(np.sqrt(np.mean(rows.outputs**2)))
        if network.bypass is not None and not self.puzzle.public.bypass:
            self.context.log(f"no flips explain the by-pass; residual {error:.1e}")
            return False
        if error < self.error:
            self.best, self.error = network, error
            self.context.report(self.puzzle.answer(network))
        noise = output_noise(self.puzzle.public.precision, self.puzzle.resolution, rows.outputs)
        self.certified = error <= max(EXACT * size if self.puzzle.public.precision == "float64" else 0.0, 1.5 * noise)
        self.context.log(f"{network.widths[1]} units, {network.activation}: residual {error:.1e}, {self.certified}")
        return self.certified

    def fresh(self, count: int, radius: float) -> Rows:
        """Ask for rows at new points, as many of them as the budget has."""
        count = min(count, self.left())
        points = draw_points(self.puzzle, count, radius, 0.0, self.rng)
        return Rows(points, ask(self.oracle, points))

    def left(self) -> int:
        """Rows that may be asked."""
        return UNLIMITED if self.oracle.left is None else self.oracle.left

    def stop(self) -> bool:
        """Tell whether time is up."""
        return self.context.time_left() < 0.2

    def answer(self) -> Answer:
        """Write the best network.

        Raises:
            UnsupportedPuzzleError: if there is none.
        """
        if self.best is None:
            raise UnsupportedPuzzleError("hessian-span found no units; too many for the inputs, or too few rows")
        note = f"residual {self.error:.1e} on fresh rows, {self.oracle.asked} rows asked"
        return Answer(self.puzzle.answer(self.best), certified=self.certified, note=note)
