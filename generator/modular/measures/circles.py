"""Circles of the embedding tables: circularity, isolation and knock-out.

The paper (arXiv 2306.17844, definition B.1) finds circles as pairs of principal components. Components mix circles of
equal power, so this module also isolates a circle by its Fourier plane, which is unambiguous. Every change keeps the
mean of the table, and is made to both tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import torch

from generator.modular.network.circle import basis, circle, frequencies
from generator.modular.network.model import ModularNetwork

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["circle_power", "circularity", "isolate", "isolate_components", "knock_out", "principal_components"]

Network = TypeVar("Network", bound=ModularNetwork)

COMPONENTS = 4
"""Number of principal components whose circularity is averaged, as in the paper."""

CIRCULAR = 0.995
"""Circularity from which the paper calls a network circular."""

NEGLIGIBLE = 1e-10
"""Singular value, relative to the largest, from which a principal component exists. Hand-set, above rounding."""


def circle_power(table: torch.Tensor) -> torch.Tensor:
    """Compute the energy of each circle 1 ... floor(p / 2) in each column of a table; p x d to floor(p / 2) x d."""
    p = len(table)
    energy = (basis(p).T.to(table.dtype) @ table) ** 2
    owner = torch.tensor([k - 1 for k in frequencies(p) for _ in range(circle(k, p).shape[1])])
    return torch.zeros((p // 2, table.shape[1]), dtype=table.dtype).index_add(0, owner, energy[1:])


def principal_components(table: torch.Tensor) -> torch.Tensor:
    """Compute the principal components of the centred table as functions of the residue: orthonormal columns, p x r."""
    left, sizes, _ = torch.linalg.svd(table - table.mean(dim=0), full_matrices=False)
    components: torch.Tensor = left[:, sizes > NEGLIGIBLE * sizes.max()]
    return components


def circularity(table: torch.Tensor) -> float:
    """Compute the mean over the first four principal components of the largest share of energy in one circle.

    Tables of fewer components are measured on those they have. The value is pessimistic where circles have equal power.
    The two tables of a network with separate tables must be measured one by one.

    Returns:
        A value from 0 to 1; NaN for a constant table.
    """
    components = principal_components(table)[:, :COMPONENTS]
    return float(circle_power(components).amax(dim=0).mean())


def isolate(network: Network, kept: Iterable[int]) -> Network:
    """Keep only the given circles, and the mean, of both embedding tables."""
    plane = _plane(kept, network.modulus)
    return network.with_tables(*(_mean(table) + _project(plane, table) for table in (network.first, network.second)))


def knock_out(network: Network, removed: Iterable[int]) -> Network:
    """Remove the given circles from both embedding tables."""
    plane = _plane(removed, network.modulus)
    return network.with_tables(*(table - _project(plane, table) for table in (network.first, network.second)))


def isolate_components(network: Network, kept: Iterable[int]) -> Network:
    """Keep only the given principal components of each embedding table, and its mean, as the paper does.

    Args:
        network: the network.
        kept: numbers of the components, from 0, by descending variance.
    """
    chosen = list(kept)
    tables = []
    for table in (network.first, network.second):
        plane = principal_components(table)[:, chosen]
        tables.append(_mean(table) + _project(plane, table))
    return network.with_tables(*tables)


def _plane(chosen: Iterable[int], modulus: int) -> torch.Tensor:
    """Return an orthonormal basis of the span of circles, p x dimensions."""
    planes = [circle(k, modulus) for k in sorted(set(chosen)) if k]
    return torch.cat([torch.zeros((modulus, 0), dtype=torch.float64), *planes], dim=1)


def _project(plane: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    return plane.to(table.dtype) @ (plane.to(table.dtype).T @ table)


def _mean(table: torch.Tensor) -> torch.Tensor:
    return table.mean(dim=0, keepdim=True)
