"""Estimate inverted pairs of blocks by linear regression, and reorder the blocks.

An order near the answer differs from the answer by a set of inverted pairs. Each inverted pair changes the output by
about A[p, q], independently of the other pairs (`window.py`). So the error of the current order is a sum of some of
these changes. There are more rows than pairs within a window, so linear least squares estimates the set z of inverted
pairs:

    e + A^T z = 0,    z = -(A A^T + r D)^-1 A e,    D the diagonal of A A^T,

If blocks are small, as in deep networks, the entries of z are close to 0 and 1. A block then moves towards the end by
the number of its inverted pairs with later blocks, less the number of its inverted pairs with earlier blocks. A search
that judges single moves, even on the same quadratic model, gets stuck if many neighbouring pairs are inverted at once,
because the changes of these pairs are similar. The regression estimates all pairs jointly. The regression ignores pairs
beyond the window and second-order effects; repeated regressions correct both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.ordering.exchange import exchange_effects
from solvers.reassembly.ordering.window import inverted_pairs, pair_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.adjoint import Linearisation
    from solvers.reassembly.core.evaluation import Rows

__all__ = ["exchange_gains", "largest_window", "pairs_within", "regressed_orders", "regression_data", "rows_for"]

RIDGES = (1e-2, 1e-1, 1e-4, 1.0)
"""Ridges r that are tried in turn. Large changes of the order need a large ridge, small changes a small one. Hand-set.
"""

ROWS_PER_PAIR = 2.0
"""Wanted rows x outputs per pair. A larger value estimates pairs better and takes longer. Hand-set."""

FEWEST_PER_PAIR = 1.3
"""Smallest rows x outputs per pair; the window narrows until this holds. Hand-set."""

FEWEST_ROWS = 500
"""Smallest wanted rows x outputs of a regression, whatever the number of pairs. Hand-set."""

MOST_NUMBERS = 50_000_000
"""Largest number of values in the changes of all pairs: 200 MB in float32. Hand-set memory limit."""

LEAST_BELIEVED = 0.4
"""Smallest coefficient of an exchange that counts as a gain; a right exchange has the coefficient 1, others 0.
Hand-set.
"""

MOST_PRODUCTS = 100_000_000
"""Largest number of products of pairs and exchanges; above it no exchange is proposed. Hand-set memory limit."""

EFFECTS = 1 << 26
"""Largest number of values in the effects of exchanges on one chunk of rows: 256 MiB in float32. Hand-set memory limit.
"""

STATES = 1 << 24
"""Largest number of values in the states and adjoints of one chunk of rows: 64 MiB in float32. Hand-set memory limit.
"""


def pairs_within(depth: int, window: int) -> int:
    """Count the pairs of positions whose distance is at most the window."""
    window = min(window, depth - 1)
    return window * depth - window * (window + 1) // 2


def largest_window(depth: int, rows: int) -> int:
    """Find the widest window whose pairs can be estimated from this many rows x outputs within the memory limit."""
    window = 0
    while window < depth - 1:
        pairs = pairs_within(depth, window + 1)
        if FEWEST_PER_PAIR * pairs > rows or FEWEST_PER_PAIR * pairs * pairs > MOST_NUMBERS:
            break
        window += 1
    return window


def rows_for(pairs: int, outputs: int) -> int:
    """Compute the number of rows for a regression on this many pairs."""
    wanted = max(FEWEST_ROWS, ROWS_PER_PAIR * pairs)
    return max(1, int(min(wanted, MOST_NUMBERS / max(1, pairs))) // outputs)


def regression_data(network: ResidualNetwork, rows: Rows, window: int) -> tuple[Tensor, Tensor]:
    """Compute the changes of all pairs within a window, pairs x (o n), and the errors, both in the same order of rows.

    Args:
        network: blocks in the current order.
        rows: rows to compute on; processed in chunks, because the states of deep networks are large.
        window: largest distance of a pair, in positions.
    """
    parts = [
        (pair_changes(network, around, window), around.errors.T.reshape(-1)) for around in linearisations(network, rows)
    ]
    return torch.cat([part[0] for part in parts], dim=1), torch.cat([part[1] for part in parts])


def linearisations(network: ResidualNetwork, rows: Rows, most: int | None = None) -> Iterator[Linearisation]:
    """Linearise a network around its own order, in chunks of rows, because the states of deep networks are large.

    Args:
        network: blocks in their order.
        rows: rows to linearise on.
        most: largest rows x outputs of a chunk, if the caller needs smaller chunks than the states do.
    """
    outputs = rows.targets.shape[1]
    size = STATES // ((network.depth + 1) * rows.inputs.shape[1] * (1 + outputs))
    size = max(64, size if most is None else min(size, most // outputs))
    for start in range(0, rows.count, size):
        yield linearise(network, rows.part(slice(start, start + size)), range(network.depth))


def exchange_gains(network: ResidualNetwork, rows: Rows, window: int) -> Tensor:
    """Compute the error that each exchange of two partners explains beyond inverted pairs, K x K.

    The order was fitted with a wrong pair in it. Inverted pairs compensate for the wrong pair and hide the gain of the
    right exchange. So the regression covers pairs and exchanges jointly. In the space orthogonal to the changes of
    pairs, an exchange of effect d explains (e . d)^2 / |d|^2 of the error. The exchange counts if its coefficient is at
    least `LEAST_BELIEVED`; otherwise its gain is 0.

    Args:
        network: blocks in the current order.
        rows: rows to regress on.
        window: largest distance of an inverted pair, in positions.
    """
    depth = network.depth
    p, q = torch.triu_indices(depth, depth, 1)
    if pairs_within(depth, window) * len(p) > MOST_PRODUCTS:
        return torch.zeros(depth, depth, dtype=torch.double)
    pairs, exchanges = pairs_within(depth, window), len(p)
    gram, targets = torch.zeros(pairs, pairs), torch.zeros(pairs)
    shared, energy, hit = torch.zeros(pairs, exchanges), torch.zeros(exchanges), torch.zeros(exchanges)
    for around in linearisations(network, rows, EFFECTS // depth**2):
        changes, errors = pair_changes(network, around, window), around.errors.T.reshape(-1)
        effects = exchange_effects(network, around, side="outgoing")[p, q]
        gram += changes @ changes.T
        targets += changes @ errors
        shared += changes @ effects.T
        energy += effects.square().sum(dim=1)
        hit += effects @ errors
    damped = gram.double()
    damped.diagonal().mul_(1.0 + RIDGES[0]).add_(1e-300)
    factor, info = torch.linalg.cholesky_ex(damped)
    if int(info):
        return torch.zeros(depth, depth, dtype=torch.double)
    solved = torch.cholesky_solve(shared.double(), factor)
    left = (energy - (shared * solved).sum(dim=0)).clamp_min(1e-300)
    along = hit - targets.double() @ solved
    gains = torch.zeros(depth, depth, dtype=torch.double)
    gains[p, q] = torch.where(-along > LEAST_BELIEVED * left, along.square() / left, torch.zeros_like(left))
    return gains


def regressed_orders(changes: Tensor, errors: Tensor, depth: int, window: int) -> Iterator[list[int]]:
    """Yield an order for every ridge: perm[t] is the position whose block goes to position t.

    Args:
        changes: changes from `regression_data`.
        errors: errors from `regression_data`.
        depth: number of blocks.
        window: window that the changes were computed for.
    """
    gram, targets = (changes @ changes.T).double(), (changes @ errors).double()
    scale = gram.diagonal().clamp_min(1e-300).sqrt()
    gram /= scale[:, None]
    gram /= scale
    targets /= -scale
    for ridge in RIDGES:
        damped = gram.clone()
        damped.diagonal().add_(ridge)
        factor, info = torch.linalg.cholesky_ex(damped)
        if int(info) == 0:
            inverted = torch.cholesky_solve(targets[:, None], factor)[:, 0] / scale
            yield _sorted(inverted.clamp(0.0, 1.0), depth, window)


def _sorted(inverted: Tensor, depth: int, window: int) -> list[int]:
    """Move every block by the number of its inverted pairs, and sort."""
    numbers = inverted_pairs(depth, window)
    p, q = np.nonzero(np.triu(numbers >= 0))
    share = inverted.numpy()[numbers[p, q]]
    positions = np.arange(depth, dtype=np.float64)
    np.add.at(positions, p, share)
    np.add.at(positions, q, -share)
    return [int(position) for position in positions.argsort(kind="stable")]
