"""Adjoint-guided swaps: one forward and one backward pass predict the effect of every adjacent swap.

With states h_t and adjoints g_t = d y_hat / d h_t of the current order, exchanging the blocks
at t and t + 1 moves the state h_{t+2} to h'_{t+2}, found by running those two blocks alone, and
so the output, to first order, by g_{t+2} . (h'_{t+2} - h_{t+2}).

Source: github.com/cezarc1/droppedaneuralnet-puzzle, the fastest public solver. With several
outputs each has an adjoint of its own, since the change of a mean of squares needs them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.reassembly.network.residual import activation_function
from generator.reassembly.scoring.certificate import squared_error
from solvers.reassembly.core.activations import derivative_function
from solvers.reassembly.core.monitor import SILENT, Monitor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows

__all__ = ["Linearisation", "PredictedSwaps", "adjoint_swaps", "choose_swaps", "linearise", "predict_swaps"]

FIRST_ROWS = 250
"""Rows that the first rounds use: most misplaced neighbours show on few."""

ROW_GROWTH = 4
"""Factor by which rows grow when no swap is significant any more."""


@dataclass(frozen=True, eq=False)
class Linearisation:
    """A network around its states on some rows.

    Attributes:
        states: h_0 ... h_K, each n x d.
        adjoints: g_0 ... g_K, each o x n x d; [c, i] is the gradient of output c of row i.
        errors: n x o, prediction minus target.
        mse: mean square of the errors.
    """

    states: list[Tensor]
    adjoints: list[Tensor]
    errors: Tensor
    mse: float


@dataclass(frozen=True, eq=False)
class PredictedSwaps:
    """What each adjacent swap is predicted to change.

    Attributes:
        change: K - 1 predicted changes of the mean squared error.
        uncertainty: their standard errors over rows.
    """

    change: Tensor
    uncertainty: Tensor


def linearise(network: ResidualNetwork, rows: Rows, order: Sequence[int]) -> Linearisation:
    """Run the blocks in an order, forwards for the states and backwards for the adjoints."""
    sigma, derivative = activation_function(network.activation), derivative_function(network.activation)
    h = rows.inputs
    states, slopes = [h], []
    for k in order:
        z = torch.addmm(network.c[k], h, network.U[k].T)
        h = h + torch.addmm(network.e[k], sigma(z), network.V[k].T)
        states.append(h)
        slopes.append(derivative(z))
    predictions = network.read(h)
    g = network.head[:, None, :].expand(-1, rows.count, -1)
    adjoints = [g]
    for k, slope in zip(reversed(order), reversed(slopes), strict=True):
        g = g + ((g @ network.V[k]) * slope) @ network.U[k]
        adjoints.append(g)
    adjoints.reverse()
    return Linearisation(states, adjoints, predictions - rows.targets, squared_error(predictions, rows.targets))


def predict_swaps(network: ResidualNetwork, around: Linearisation, order: Sequence[int]) -> PredictedSwaps:
    """Predict the change of the mean squared error for every adjacent swap.

    With output changes D and errors e the change is the mean of 2 e D + D^2 over rows and outputs.
    """
    changes, uncertainties = [], []
    for t in range(len(order) - 1):
        h = around.states[t]
        for k in (order[t + 1], order[t]):
            h = h + network.residual(k, h)
        moved = (around.adjoints[t + 2] * (h - around.states[t + 2])).sum(dim=2).T
        effect = (2.0 * around.errors * moved + moved.square()).mean(dim=1)
        changes.append(effect.mean())
        uncertainties.append(effect.std() if len(effect) > 1 else effect.new_zeros(()))
    if not changes:
        return PredictedSwaps(torch.zeros(0), torch.zeros(0))
    return PredictedSwaps(torch.stack(changes), torch.stack(uncertainties) / around.errors.shape[0] ** 0.5)


def choose_swaps(predicted: PredictedSwaps, floor: float, confidence: float = 1.0) -> list[int]:
    """Choose swaps that share no block, the most promising first.

    Args:
        predicted: of the swaps at positions 0 ... K-2.
        floor: a swap must promise to lower the error by more than this.
        confidence: and by more than this many standard errors.
    """
    change = predicted.change.double()
    good = (change < -floor) & (change < -confidence * predicted.uncertainty)
    chosen: set[int] = set()
    for t in change.argsort(stable=True).tolist():
        if good[t] and not chosen & {t - 1, t + 1}:
            chosen.add(t)
    return sorted(chosen)


def adjoint_swaps(
    network: ResidualNetwork,
    rows: Rows,
    order: Sequence[int],
    monitor: Monitor = SILENT,
    *,
    confidence: float = 1.0,
    max_rounds: int = 80,
) -> list[int]:
    """Apply the swaps that are predicted to help, all that fit at once, until none does.

    It begins with few rows and takes more when they show nothing further, so that early
    rounds, with much to gain, are cheap; the published solver uses 1,000 rows throughout.

    Returns:
        The best order met, by the error on the rows used last.
    """
    count = min(FIRST_ROWS, rows.count)
    best, lowest, current = list(order), float("inf"), list(order)
    seen: set[tuple[int, ...]] = set()
    for step in range(max_rounds):
        if monitor.deadline.passed():
            break
        part = rows.head(count)
        around = linearise(network, part, current)
        if around.mse < lowest:
            best, lowest = current, around.mse
            monitor.found(best, lowest, count)
        # An order met before, on the same rows, would lead round the same circle again.
        over = lowest < rows.floor or tuple(current) in seen
        seen.add(tuple(current))
        chosen = [] if over else choose_swaps(predict_swaps(network, around, current), rows.floor, confidence)
        monitor.log(f"adjoint round {step + 1}: {count} rows, mse {around.mse:.3e}, {len(chosen)} swaps")
        if chosen:
            current = _swapped(current, chosen)
        elif count == rows.count:
            break
        else:
            count = min(ROW_GROWTH * count, rows.count)
            current, lowest = best, float("inf")
            seen.clear()
    return best


def _swapped(order: Sequence[int], positions: Sequence[int]) -> list[int]:
    swapped = list(order)
    for t in positions:
        swapped[t], swapped[t + 1] = swapped[t + 1], swapped[t]
    return swapped
