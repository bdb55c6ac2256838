"""An order by regression: which pairs of blocks stand the wrong way round?

Near the answer an order differs from it by a set of inverted pairs, and each of them moves the output by about the
same A[p, q], whatever the others do (`window.py`). So the error of the present order is a sum of some of these
changes, and there are more rows than pairs within a window: linear least squares tells which,

    e + A^T z = 0,    z = -(A A^T + r D)^-1 A e,    D the diagonal of A A^T,

and where blocks are small, as in deep networks, z comes out close to 0 and 1. A block then belongs as many positions on
as it has pairs with blocks behind it that are inverted, less those with blocks before it. Single moves that are judged
one by one, even on the same quadratic model, get stuck where many neighbouring pairs are inverted at once, since their
changes are much alike; the regression takes all of them together. What it leaves out, pairs further apart than the
window and the changes' own changes, is put right by doing it again.
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
"""Ridges r that are tried: much where the changes are large, little near the end."""

ROWS_PER_PAIR = 2.0
"""Rows x outputs that are regressed on for every pair, if there are as many."""

FEWEST_PER_PAIR = 1.3
"""And without which pairs are not asked for."""

FEWEST_ROWS = 500
"""Rows x outputs that are regressed on at least, if there are as many."""

MOST_NUMBERS = 50_000_000
"""Numbers that the changes of all pairs may hold: 200 MB in float32."""

LEAST_BELIEVED = 0.4
"""Coefficient that an exchange must have at least, where 1 is that of an exchange to be made."""

MOST_PRODUCTS = 100_000_000
"""Products of pairs and exchanges that may be held; no exchange is believed in where there are more."""

EFFECTS = 1 << 26
"""Numbers that the effects of exchanges on one chunk of rows may hold: 256 MiB in float32."""

STATES = 1 << 24
"""Numbers that the states and adjoints of one chunk of rows may hold: 64 MiB in float32."""


def pairs_within(depth: int, window: int) -> int:
    """Count the pairs of positions at most a window apart."""
    window = min(window, depth - 1)
    return window * depth - window * (window + 1) // 2


def largest_window(depth: int, rows: int) -> int:
    """Find the widest window whose pairs so many rows x outputs can tell apart, within the memory allowed."""
    window = 0
    while window < depth - 1:
        pairs = pairs_within(depth, window + 1)
        if FEWEST_PER_PAIR * pairs > rows or FEWEST_PER_PAIR * pairs * pairs > MOST_NUMBERS:
            break
        window += 1
    return window


def rows_for(pairs: int, outputs: int) -> int:
    """Say how many rows so many pairs are regressed on."""
    wanted = max(FEWEST_ROWS, ROWS_PER_PAIR * pairs)
    return max(1, int(min(wanted, MOST_NUMBERS / max(1, pairs))) // outputs)


def regression_data(network: ResidualNetwork, rows: Rows, window: int) -> tuple[Tensor, Tensor]:
    """Compute the changes of all pairs within a window, pairs x (o n), and the errors, in the same order of rows.

    Args:
        network: blocks in the order that is judged.
        rows: to compute them on; taken in chunks, since the states of deep networks are large.
        window: positions that a pair may be apart.
    """
    parts = [
        (pair_changes(network, around, window), around.errors.T.reshape(-1)) for around in linearisations(network, rows)
    ]
    return torch.cat([part[0] for part in parts], dim=1), torch.cat([part[1] for part in parts])


def linearisations(network: ResidualNetwork, rows: Rows, most: int | None = None) -> Iterator[Linearisation]:
    """Linearise a network around its own order, chunk by chunk of the rows: the states of deep ones are large.

    Args:
        network: blocks in their order.
        rows: of which no chunk is given twice.
        most: rows x outputs of a chunk, if there is a reason for fewer than the states allow.
    """
    outputs = rows.targets.shape[1]
    size = STATES // ((network.depth + 1) * rows.inputs.shape[1] * (1 + outputs))
    size = max(64, size if most is None else min(size, most // outputs))
    for start in range(0, rows.count, size):
        yield linearise(network, rows.part(slice(start, start + size)), range(network.depth))


def exchange_gains(network: ResidualNetwork, rows: Rows, window: int) -> Tensor:
    """Tell how much of the error each exchange of two partners explains beside the pairs that may be inverted, K x K.

    An order is put as right as it can be with a wrong pair in it, so that what an exchange would gain hides behind
    inverted pairs that make up for it. Here both are regressed on together: in the space that the changes of pairs
    leave, an exchange of effect d explains (e . d)^2 / |d|^2 of the error, and is believed if its coefficient is that
    of one exchange rather than of none. What is not believed gains nothing.

    Args:
        network: blocks in the order that is judged.
        rows: to regress on.
        window: positions that an inverted pair may be apart.
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
    """Yield an order for every ridge: perm[t] = position whose block goes to position t.

    Args:
        changes: of `regression_data`.
        errors: likewise.
        depth: number of blocks.
        window: that the changes were computed for.
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
    """Put every position's block as many positions on as pairs with it say."""
    numbers = inverted_pairs(depth, window)
    p, q = np.nonzero(np.triu(numbers >= 0))
    share = inverted.numpy()[numbers[p, q]]
    positions = np.arange(depth, dtype=np.float64)
    np.add.at(positions, p, share)
    np.add.at(positions, q, -share)
    return [int(position) for position in positions.argsort(kind="stable")]
