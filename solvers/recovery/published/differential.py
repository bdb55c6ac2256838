"""Differential extraction of ReLU networks, layer by layer: critical points, signatures, merging, signs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import SpecError, UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from generator.recovery.network.mlp import MLP
from solvers.recovery.published.critical.merging import merged_rows, partial_rows
from solvers.recovery.published.critical.planes import lasting_rows
from solvers.recovery.published.critical.points import critical_points
from solvers.recovery.published.critical.prefix import Prefix
from solvers.recovery.published.critical.probe import Probe, SpentError
from solvers.recovery.published.critical.signatures import rows_per_signature, signatures
from solvers.recovery.published.critical.signs import last_signs, voted_signs, wiggle, wiggle_votes
from solvers.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context

__all__ = ["Differential"]

SOURCE = "Carlini, Jagielski and Mironov 2020, arXiv:2003.04884; Canales-Martinez et al. 2023, signs"
REACH = (1.0, 2.0, 4.0)
"""Standard deviations of the ends of the segments, in standard deviations of the inputs. Larger values reach units
whose hyperplanes are far from the data. Hand-set."""
SAMPLES = 4
"""Samples of the final regression per unknown. A larger value averages rounding errors and takes more queries.
Hand-set."""
SOLVED = 1e-9
"""Relative error on fresh inputs up to which the network counts as extracted. A larger value certifies worse networks.
Hand-set, above the rounding errors."""


@register(family="recovery", name="differential", source=SOURCE)
@dataclass(frozen=True)
class Differential:
    """Extract a ReLU network from its kinks, layer by layer: critical points, second differences, merging, signs.

    The solver needs an oracle and outputs in float64.

    One hidden layer may have any size that the budget covers. If the layer has more units than inputs times outputs,
    the signs of 18 units are searched exhaustively. The neuron wiggle decides the other signs; it fails with 16 inputs
    and 32 units.

    Of two or more hidden layers, each layer but the last must have no more units than the layer before, because the
    signs of inner layers come from the system of equations of Canales-Martinez et al. Two published steps are left out:
    the neuron wiggle for expanding inner layers, and the targeted search for critical points of weights that no random
    segment shows. A unit that never switches on the segments is not found.

    Attributes:
        lines: segments per round. A larger value takes more queries per round. Rounds end when the network is
            extracted.
        most_rounds: largest number of rounds.
    """

    lines: int = 20
    most_rounds: int = 60

    def __post_init__(self) -> None:
        """Check the settings."""
        if min(self.lines, self.most_rounds) < 1:
            raise SpecError(f"lines is {self.lines} and most_rounds {self.most_rounds}; both must be at least 1")

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer | None:
        """Extract the network.

        Raises:
            UnsupportedPuzzleError: if the activation is not ReLU, the outputs are rounded, or there is no oracle.
        """
        if puzzle.activation != "relu" or puzzle.public.precision != "float64":
            raise UnsupportedPuzzleError("the differential extraction needs ReLU units and outputs in float64")
        if puzzle.oracle is None:
            raise UnsupportedPuzzleError("the differential extraction needs an oracle; this puzzle has a table")
        rng = context.rng()
        mix = rng.standard_normal(puzzle.outputs)
        probe = Probe(puzzle.oracle, mix, puzzle.input_scale, puzzle.box)
        search = _Search(probe, rng, puzzle.hidden_layers)
        best, error = None, math.inf
        for number in range(1, self.most_rounds + 1):
            if context.time_left() <= 0.0:
                break
            try:
                search.look(self.lines, puzzle.inputs)
                network, found = search.assembled()
            except SpentError:
                context.log("the budget is spent")
                break
            context.log(f"round {number}: {len(search.points)} critical points, error {found:.1e}")
            if network is not None and found < error:
                best, error = network, found
                context.report(_answer(puzzle, network, found))
            if error <= SOLVED:
                break
        return None if best is None else _answer(puzzle, best, error)


class _Search:
    """The critical points found so far, with their signatures and wiggles."""

    def __init__(self, probe: Probe, rng: np.random.Generator, hidden_layers: int) -> None:
        self._probe, self._rng, self._hidden_layers = probe, rng, hidden_layers
        self.points: NDArray[np.float64] = np.empty((0, 0))
        self._signatures: NDArray[np.float64] = np.empty((0, 0))
        self._wiggles: NDArray[np.float64] = np.empty(0)

    def look(self, lines: int, inputs: int) -> None:
        """Search random segments for critical points, and measure signatures and wiggles.

        Raises:
            SpentError: if the budget ends.
        """
        ends = self._rng.standard_normal((2, lines, inputs)) * self._rng.choice(REACH, (1, lines, 1))
        starts, stops = self._probe.clip(self._probe.scale * ends)
        points = critical_points(self._probe, starts, stops)
        if len(points) * (rows_per_signature(inputs) + 3) > self._probe.left:
            points = points[: int(self._probe.left // rows_per_signature(inputs) // 2)]
        points, found = signatures(self._probe, points)
        self._wiggles = np.concatenate([self._wiggles, wiggle(self._probe, points, found)])
        self.points = np.concatenate([self.points.reshape(-1, inputs), points])
        self._signatures = np.concatenate([self._signatures.reshape(-1, inputs), found])

    def assembled(self) -> tuple[MLP | None, float]:
        """Build a network layer by layer from all critical points.

        Returns:
            The network, None if a layer fails; and its relative error on fresh inputs.

        Raises:
            SpentError: if the budget ends.
        """
        prefix = Prefix()
        for _ in range(self._hidden_layers - 1):
            rows = merged_rows(partial_rows(prefix, self.points, self._signatures))
            kept = lasting_rows(self._probe, prefix, [row for row in rows if row.seen > 1], self._rng)
            signs = voted_signs(self._probe, prefix, kept, self._rng) if len(kept) else None
            if signs is None:
                return None, math.inf
            signed = kept * signs[:, None]
            prefix = Prefix((*prefix.layers, (signed[:, :-1], signed[:, -1])))
        rows = merged_rows(partial_rows(prefix, self.points, self._signatures))
        wanted = [np.nan_to_num(row.entries) for row in rows if row.seen > 1]
        return (None, math.inf) if not wanted else self._closed(prefix, np.array(wanted))

    def _closed(self, prefix: Prefix, rows: NDArray[np.float64]) -> tuple[MLP | None, float]:
        """Find the signs of the last hidden layer, and the output layer by regression."""
        inputs = self.points.shape[1]
        count = SAMPLES * (len(rows) + rows.shape[1])
        samples = self._probe.clip(2.0 * self._probe.scale * self._rng.standard_normal((count, inputs)))
        outputs, states = self._probe.outputs(samples), prefix.states(samples)
        fit, check = slice(0, count - count // SAMPLES), slice(count - count // SAMPLES, None)
        votes = wiggle_votes(prefix, rows, self.points, self._signatures, self._wiggles)
        found = last_signs(states[fit], outputs[fit], rows, votes)
        if found is None:
            return None, math.inf
        signs, acting = found
        last = rows[acting] * signs[:, None]
        hidden = Prefix((*prefix.layers, (last[:, :-1], last[:, -1])))
        table = np.column_stack([hidden.states(samples), np.ones(count)])
        solution = np.linalg.lstsq(table[fit], outputs[fit], rcond=None)[0]
        error = np.abs(table[check] @ solution - outputs[check]).max() / (np.ptp(outputs) + np.abs(outputs).max())
        return MLP.of([*hidden.layers, (solution[:-1].T, solution[-1])], "relu"), float(error)


def _answer(puzzle: RecoveryPuzzle, network: MLP, error: float) -> Answer:
    widths = "-".join(str(width) for width in network.widths)
    note = f"widths {widths}, relative error {error:.1e} on fresh inputs"
    return Answer(puzzle.answer(network), certified=error <= SOLVED, note=note)
