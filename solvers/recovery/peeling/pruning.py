"""Reduce a network that fits its data exactly to its minimal widths.

The steps are those of `solvers.recovery.core.pruning`, with more units tried and longer fits: in a network with several
hidden layers the second-order estimate often ranks the superfluous unit behind needed ones, and one fit in a few fails.
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
"""The first tries remove one unit in this many at once; after a failure, single units."""
TRIES = 12
"""Units of least saliency that are tried before a layer counts as minimal. Each costs one fit. With 3, a quarter of the
networks of shape 4-6-6-1 kept a superfluous unit."""
SHARPEN = 30
"""Most Gauss-Newton steps by orthogonal factorisation after the fits, for badly conditioned networks."""
ITERATIONS = 200
"""Most iterations of Levenberg-Marquardt after a removal."""


def minimal_network(network: MLP, rows: Rows, tolerance: float, out_of_time: Callable[[], bool]) -> tuple[MLP, bool]:
    """Remove units while the mean squared error stays below the tolerance, last hidden layer first.

    Args:
        network: network that fits the rows.
        rows: data.
        tolerance: mean squared error that counts as exact.
        out_of_time: tells that the deadline has passed.

    Returns:
        The smaller network, and whether every layer was found to be minimal in time.
    """
    minimal: set[int] = set()
    while len(minimal) < network.hidden_layers and not out_of_time():
        for layer in range(network.hidden_layers, 0, -1):
            if layer not in minimal:
                network, removed = _minimal_layer(network, layer, rows, tolerance, out_of_time)
                minimal = {layer} if removed else minimal | {layer}
    return network, not out_of_time()


def polished(network: MLP, rows: Rows) -> MLP:
    """Take the last Gauss-Newton steps to round-off."""
    shape, row = parameters_of(network)
    row, _ = polish(shape, row, rows)
    return network_of_row(shape, row)


def refitted(network: MLP, rows: Rows, stopping: Stopping) -> tuple[MLP, float]:
    """Fit all weights of a network anew; return it with its mean squared error."""
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
