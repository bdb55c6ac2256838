"""Adjoint-guided swaps: one forward and one backward pass predict the effect of every adjacent swap.

Let h_t be the states and g_t = d y_hat / d h_t the adjoints of the current order. Exchanging the blocks at t and t + 1
changes the state h_{t+2} to h'_{t+2}, which is computed by running only these two blocks. To first order, the output
changes by g_{t+2} . (h'_{t+2} - h_{t+2}).

Source: github.com/cezarc1/droppedaneuralnet-puzzle, the fastest public solver. Each output has its own adjoint, because
the change of a mean of squares needs all outputs.
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
"""Number of rows in the first rounds. Few rows show most misplaced neighbours; more rows are slower. Hand-set."""

ROW_GROWTH = 4
"""Factor by which the number of rows grows when no swap is significant. Hand-set."""


@dataclass(frozen=True, eq=False)
class Linearisation:
    """A network linearised around its states on some rows.

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
    """The predicted change of every adjacent swap.

    Attributes:
        change: K - 1 predicted changes of the mean squared error.
        uncertainty: standard errors of the changes over rows.
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
    """Choose swaps that share no block, in order of the predicted gain.

    Args:
        predicted: predicted changes of the swaps at positions 0 ... K-2.
        floor: smallest predicted gain of a swap, as a mean squared error.
        confidence: smallest predicted gain of a swap, in standard errors.
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
    """Apply all disjoint swaps with a predicted gain per round, until no swap has a predicted gain.

    The search begins with few rows, so that the early rounds are fast, and uses more rows when no swap is significant.
    The published solver uses 1,000 rows in all rounds.

    Returns:
        The order of the lowest error on the rows used last.
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
        # A repeated order on the same rows would start a cycle.
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
