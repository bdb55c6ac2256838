"""Names of first and second symbols together, from the weights, without the unembedding.

Each table names its residues up to an affine map of its own, u x + v. The network ties both: what it computes on all
pairs holds products of one circle of the first symbol with the same circle of the second. This gives u of the second
names relative to the first, up to its sign. The sign, a + b or a - b, shows in two ways. Units of a pizza read both
circles with equal phases. Later layers hold more of a + b than of a - b. A clock of one hidden layer shows neither: its
sign is known from the unembedding only, or from look-ups.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np
import torch

from solvers.modular.relabelling.layers import symbol_rows
from solvers.modular.relabelling.planes import circle_planes
from solvers.modular.relabelling.residues import name_residues

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer

__all__ = ["names_from_weights", "ours", "product_energy", "related"]

COHERENT = 1.5
"""Ratio of the phase coherence of both signs from which it decides. Equal signs have about 1. Hand-set."""


def ours(rows: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Name the residues of the symbols of one table, units x p, by all circles together; None without a circle."""
    named = name_residues(circle_planes(rows))
    return None if named is None else named.residues


def names_from_weights(
    network: MLP | Transformer, *, same: bool, namer: Callable[[NDArray[np.float64]], NDArray[np.intp] | None] = ours
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Name first and second symbols; None if a table shows no circle.

    Args:
        network: rows in the order of the symbols; its unembedding is not needed.
        same: whether one permutation hides the names of both symbols.
        namer: names the residues of one table.
    """
    first_rows, second_rows = symbol_rows(network)
    if same:
        names = namer(np.concatenate([first_rows, second_rows]))
        return None if names is None else (names, names)
    first, second = namer(first_rows), namer(second_rows)
    if first is None or second is None:
        return None
    return first, related(network, first, second)


@torch.no_grad()
def related(network: MLP | Transformer, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.intp]:
    """Multiply the names of the second symbols by the u that makes both tables use the same residues."""
    p = len(first)
    units = np.array([u for u in range(1, p) if gcd(u, p) == 1])
    products = product_energy(network, first, second)
    waves = np.arange(1, p)
    # energy of e^(i w_k a) e^(i w_(u k) b) over all k
    energy = np.array([products[waves, u * waves % p].sum() for u in units])
    both = energy + energy[::-1]  # u and -u
    unit = int(units[both[: (len(units) + 1) // 2].argmax()])
    plus, minus = _coherence(network, first, second, unit)
    if max(plus, minus) > COHERENT * min(plus, minus):
        sign = 1 if plus > minus else -1
    else:
        index = int(np.flatnonzero(units == unit)[0])
        sign = 1 if energy[index] >= energy[::-1][index] else -1
    # a wave of frequency u k in the old names has the frequency k in the names multiplied by u
    found: NDArray[np.intp] = sign * unit * second % p
    return found


@torch.no_grad()
def product_energy(
    network: MLP | Transformer, first: NDArray[np.intp], second: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Compute the energy of every pair of waves in the last hidden state over all pairs, p x p frequencies.

    The unembedding must be withheld. Every unit counts alike, so that a positive rescaling of units changes nothing.
    """
    state = network.logits().numpy()[np.argsort(first)][:, np.argsort(second)]
    spread = state.std(axis=(0, 1))
    state = state[:, :, spread > 1e-9 * spread.max(initial=0.0)]
    state = (state - state.mean(axis=(0, 1))) / state.std(axis=(0, 1))
    energy = np.zeros(state.shape[:2])
    for unit in range(state.shape[2]):
        energy += np.abs(np.fft.fft2(state[:, :, unit])) ** 2
    return energy


def _coherence(
    network: MLP | Transformer, first: NDArray[np.intp], second: NDArray[np.intp], unit: int
) -> tuple[float, float]:
    """Measure how well the phases of both symbols agree across units, for u and for -u."""
    left, right = (
        np.fft.fft((rows - rows.mean(axis=1, keepdims=True))[:, np.argsort(names)], axis=1)
        for rows, names in zip(_units(network), (first, second), strict=True)
    )
    p = left.shape[1]
    waves = np.arange(1, (p + 1) // 2)
    mine, other = left[:, waves], right[:, unit * waves % p]
    sizes = np.sqrt((np.abs(left) ** 2).sum(axis=1) * (np.abs(right) ** 2).sum(axis=1))[:, None]
    alive = sizes[:, 0] > 1e-9 * sizes.max(initial=0.0)
    mine, other = mine[alive] / sizes[alive], other[alive]
    same = float(np.abs((mine * other.conj()).sum(axis=0)).sum())
    mirrored = float(np.abs((mine * other).sum(axis=0)).sum())
    return same, mirrored


def _units(network: MLP | Transformer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rows of the units that read both symbols."""
    first, second = symbol_rows(network)
    count = len(first) if not hasattr(network, "blocks") else len(network.blocks[0].into)
    return first[:count], second[:count]
