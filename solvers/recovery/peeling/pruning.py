"""Reduce a network that fits its data exactly to its minimal widths.

The method is that of `solvers.recovery.core.pruning`, but more units are tried and fits are longer. In a network with
several hidden layers, the second-order estimate often ranks a superfluous unit behind needed ones, and some fits fail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.core.ensemble import network_of_row, parameters_of
from solvers.recovery.core.levenberg_marquardt import Stopping, levenberg_marquardt, polish
from solvers.recovery.core.pruning import remove_units, saliencies

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.recovery.network.mlp import MLP
    from solvers.recovery.core.ensemble import Rows

__all__ = ["minimal_network", "polished", "refitted"]

SHARE = 4
"""Divisor of a layer's width: so many units are removed at once, until this fails; then single units. A larger value
removes fewer units at once. Hand-set."""
TRIES = 12
"""Units of least saliency that are tried before a layer counts as minimal. Each unit takes one fit. From experiments:
with 3, a quarter of the networks of shape 4-6-6-1 kept a superfluous unit."""
SHARPEN = 30
"""Most Gauss-Newton steps by orthogonal factorisation after a fit, for badly conditioned networks. Hand-set."""
ITERATIONS = 200
"""Most iterations of Levenberg-Marquardt after a removal. A larger value is slower and removes more units. Hand-set."""


def minimal_network(network: MLP, rows: Rows, tolerance: float, out_of_time: Callable[[], bool]) -> tuple[MLP, bool]:
    """Remove units while the mean squared error stays below the tolerance, last hidden layer first.

    Args:
        network: a network that fits the rows.
        rows: data.
        tolerance: mean squared error that counts as exact.
        out_of_time: function that returns whether the deadline has passed.

    Returns:
        The smaller network, and whether all layers were tested before the deadline.
    """
    minimal: set[int] = set()
    while len(minimal) < network.hidden_layers and not out_of_time():
        for layer in range(network.hidden_layers, 0, -1):
            if layer not in minimal:
                network, removed = _minimal_layer(network, layer, rows, tolerance, out_of_time)
                minimal = {layer} if removed else minimal | {layer}
    return network, not out_of_time()


def polished(network: MLP, rows: Rows) -> MLP:
    """Fit a nearly exact network to round-off by Gauss-Newton steps."""
    shape, row = parameters_of(network)
    row, _ = polish(shape, row, rows)
    return network_of_row(shape, row)


def refitted(network: MLP, rows: Rows, stopping: Stopping) -> tuple[MLP, float]:
    """Fit all weights of a network again; return the network and its mean squared error."""
    shape, row = parameters_of(network)
    fit = levenberg_marquardt(shape, row[None], rows, replace(stopping, iterations=ITERATIONS, window=40))
    row, mse = polish(shape, fit.theta[0], rows, SHARPEN)
    return network_of_row(shape, row), mse


def _minimal_layer(
    network: MLP, layer: int, rows: Rows, tolerance: float, out_of_time: Callable[[], bool]
) -> tuple[MLP, bool]:
    removed, several = False, True
    stopping = Stopping(tolerance / 100, ITERATIONS, window=30, gain=0.3, out_of_time=out_of_time)
    while network.widths[layer] > 1 and not out_of_time():
        shape, row = parameters_of(network)
        order = np.argsort(saliencies(shape, row, rows, layer), kind="stable")
        count = len(order) // SHARE if several else 1
        tries = [order[:count]] if count > 1 else [order[[one]] for one in range(min(TRIES, len(order)))]
        for units in tries:
            smaller, start = remove_units(shape, row, rows, layer, units)
            fit = levenberg_marquardt(smaller, start[None], rows, stopping)
            if fit.mse[0] <= tolerance:
                network, removed = network_of_row(smaller, fit.theta[0]), True
                break
        else:
            if count <= 1:
                break
            several = False
    return network, removed
