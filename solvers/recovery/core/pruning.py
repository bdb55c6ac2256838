"""Remove superfluous hidden units by the optimal-brain-surgeon rule, and fit again.

Source: Hassibi and Stork 1993, Second order derivatives for network pruning, applied to whole units. If unit i is
removed and the next layer is fitted again, the squared error of the next layer's preactivations rises by
|a_i|^2 / [(Phi Phi^T)^-1]_ii. The rows of Phi are the layer's units and a constant. After each removal,
Levenberg-Marquardt fits all parameters again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.core.levenberg_marquardt import Stopping, levenberg_marquardt
from solvers.recovery.core.output_layer import fit_output_layer, linear_columns, linear_map

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.recovery.core.ensemble import Architecture, Rows

    Array = NDArray[np.float64]

__all__ = ["Pruned", "Pruning", "prune", "remove_units", "saliencies"]

FIRST_SHARE = 0.25
"""Share of a layer's units that the first attempt removes at once. The share is halved after each failure. From
experiments.
"""
CANDIDATES = 3
"""Units of least saliency that are tried one by one before a layer counts as minimal. A larger value finds removals
that the second-order estimate ranks low, and takes one more fit per unit. From experiments."""
GROWTH = 1.5
"""Factor by which one removal may raise an error that is above the zero level. A larger value removes more units.
Hand-set."""
SETTLE = 5
"""Most iterations before single units are removed, in multiples of the iterations after a removal. A larger value is
slower and removes fewer needed units. Hand-set."""
RIDGE = 1e-14
"""Ridge of the Gram matrix, relative to its diagonal, so that duplicate units have a saliency near zero. Hand-set."""


@dataclass(frozen=True)
class Pruning:
    """Settings of `prune`.

    Attributes:
        zero: mean squared error that counts as zero.
        iterations: Levenberg-Marquardt iterations after a removal.
        out_of_time: function that returns whether the deadline has passed.
    """

    zero: float
    iterations: int = 40
    out_of_time: Callable[[], bool] = lambda: False


@dataclass(frozen=True, eq=False)
class Pruned:
    """A pruned network.

    Attributes:
        architecture: shape of the network.
        row: parameters, p.
        mse: mean squared error.
    """

    architecture: Architecture
    row: Array
    mse: float


def prune(start: Pruned, rows: Rows, settings: Pruning) -> Pruned:
    """Remove hidden units while the error stays at the zero level, or does not grow by much.

    The last hidden layer is pruned first, then the earlier ones, until no layer loses a unit.

    Args:
        start: the network to prune.
        rows: data; more residuals than parameters.
        settings: zero level and limits.

    Returns:
        The smallest network reached.
    """
    best = start
    sizes: tuple[int, ...] = ()
    while best.architecture.widths != sizes:
        sizes = best.architecture.widths
        for layer in reversed(range(1, best.architecture.hidden_layers + 1)):
            best = _prune_layer(best, rows, layer, settings)
    return best


def _prune_layer(best: Pruned, rows: Rows, layer: int, settings: Pruning) -> Pruned:
    """Prune one hidden layer: first many units at once, at last one by one."""
    count = max(1, int(FIRST_SHARE * best.architecture.widths[layer]))
    while best.architecture.widths[layer] > 1 and not settings.out_of_time():
        count = min(count, best.architecture.widths[layer] - 1)
        if count == 1:
            best = _settled(best, rows, settings)
        order = np.argsort(saliencies(best.architecture, best.row, rows, layer), kind="stable")
        chosen = [order[:count]] if count > 1 else [order[one : one + 1] for one in range(CANDIDATES)]
        smaller = _refitted(best, rows, layer, [units for units in chosen if len(units)], settings)
        if smaller.mse <= max(settings.zero, GROWTH * best.mse):
            best = smaller
        elif count > 1:
            count //= 2
        else:
            break
    return best


def _settled(best: Pruned, rows: Rows, settings: Pruning) -> Pruned:
    """Fit until the error is zero or stops falling.

    Otherwise the error of an unfinished fit could hide the rise by the removal of a needed unit, above all of one unit
    of a near-duplicate pair.
    """
    stopping = Stopping(0.1 * settings.zero, SETTLE * settings.iterations, out_of_time=settings.out_of_time)
    fit = levenberg_marquardt(best.architecture, best.row[None], rows, stopping)
    return Pruned(best.architecture, fit.theta[0], float(fit.mse[0]))


def _refitted(best: Pruned, rows: Rows, layer: int, chosen: list[NDArray[np.intp]], settings: Pruning) -> Pruned:
    """Remove each of the chosen sets of units in turn, fit again, and return the best result."""
    starts = [remove_units(best.architecture, best.row, rows, layer, units) for units in chosen]
    shape = starts[0][0]
    stopping = Stopping(
        tolerance=0.1 * settings.zero, iterations=settings.iterations, window=15, out_of_time=settings.out_of_time
    )
    result = Pruned(shape, starts[0][1], np.inf)
    for _, row in starts:
        fit = levenberg_marquardt(shape, row[None], rows, stopping)
        if fit.mse[0] < result.mse:
            result = Pruned(shape, fit.theta[0], float(fit.mse[0]))
        if result.mse <= max(settings.zero, GROWTH * best.mse):
            break
    return result


def saliencies(architecture: Architecture, row: Array, rows: Rows, layer: int) -> Array:
    """Estimate how much the squared error of the next layer's preactivations rises without each unit.

    Args:
        architecture: shape of the network.
        row: parameters, p.
        rows: data.
        layer: hidden layer, counted from 1.

    Returns:
        Sums over rows and next units, one per unit. For the last hidden layer they are the rises of the outputs'
        squared error after fitting the output layer again.
    """
    state = architecture.hidden(row[None], rows.inputs, layer)[0]
    columns = linear_columns(state, _bypassed(architecture, rows, layer))
    gram = columns @ columns.T
    size = np.sqrt(gram.diagonal())
    scale = np.where(size > 0, size, 1.0)  # a unit that is off for all rows
    gram = gram / np.outer(scale, scale)
    gram.flat[:: len(gram) + 1] += RIDGE
    inverse = np.linalg.inv(gram).diagonal()[: len(state)] / scale[: len(state)] ** 2
    outgoing = architecture.unpack(row[None]).weights[layer][0]
    with np.errstate(over="ignore"):  # a student may have diverged
        result: Array = (outgoing**2).sum(axis=0) / np.abs(inverse)
    return result


def remove_units(
    architecture: Architecture, row: Array, rows: Rows, layer: int, units: NDArray[np.intp]
) -> tuple[Architecture, Array]:
    """Remove hidden units, and fit the next layer to the remaining units by least squares.

    Args:
        architecture: shape of the network.
        row: parameters, p.
        rows: data.
        layer: hidden layer, counted from 1.
        units: numbers of the units to remove.

    Returns:
        The smaller shape and its parameters.
    """
    parts = architecture.unpack(row[None])
    keep = np.setdiff1d(np.arange(architecture.widths[layer]), units)
    widths = list(architecture.widths)
    widths[layer] = len(keep)
    smaller = replace(architecture, widths=tuple(widths))
    result = np.empty((1, smaller.parameters))
    new = smaller.unpack(result)
    for number, (weight, bias) in enumerate(zip(parts.weights, parts.biases, strict=True), start=1):
        rest = weight[:, keep] if number == layer else weight[:, :, keep] if number == layer + 1 else weight
        new.weights[number - 1][...] = rest
        new.biases[number - 1][...] = bias[:, keep] if number == layer else bias
    if new.bypass is not None and parts.bypass is not None:
        new.bypass[...] = parts.bypass
    if layer == architecture.hidden_layers:
        return smaller, fit_output_layer(smaller, result[0], rows)
    state = architecture.hidden(row[None], rows.inputs, layer)[0]
    goal = parts.weights[layer][0] @ state + parts.biases[layer][0][:, None]
    solution = linear_map(linear_columns(state[keep]), goal)
    new.weights[layer][0], new.biases[layer][0] = solution[:, : len(keep)], solution[:, len(keep)]
    return smaller, result[0]


def _bypassed(architecture: Architecture, rows: Rows, layer: int) -> Array | None:
    return rows.inputs if architecture.bypass and layer == architecture.hidden_layers else None
