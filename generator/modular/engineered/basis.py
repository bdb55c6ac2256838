"""Random bases and fillings that leave a network's function unchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.network.mlp import MLP

__all__ = ["frame", "widen"]


def frame(rows: int, columns: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw orthonormal rows of a random orthogonal matrix, rows x columns.

    Raises:
        SpecError: if there are more rows than columns.
    """
    if rows > columns:
        raise SpecError(f"the network needs {rows} embedding columns, embedding is {columns}; raise it to that")
    orthogonal: NDArray[np.float64] = np.linalg.qr(rng.standard_normal((columns, columns)))[0]
    return orthogonal[:rows]


def widen(network: MLP, width: int, embedding: int, rng: np.random.Generator, spread: float = 0.4) -> MLP:
    """Bring a network of one hidden ReLU layer to a width and a number of embedding columns.

    Dead units are added, all units are shuffled and rescaled by positive factors of log standard deviation `spread`,
    and the embedding gets a random orthogonal basis. The function stays the same.

    Raises:
        SpecError: if the network is larger than that.
    """
    units = len(network.bias)
    if units > width:
        raise SpecError(f"the network has {units} hidden units, width is {width}; raise width to that")
    picks = rng.integers(0, units, (2, width - units))
    order = torch.from_numpy(rng.permutation(width))
    factors = torch.from_numpy(np.exp(spread * rng.standard_normal(width)))[:, None]
    rotation = torch.from_numpy(frame(network.first.shape[1], embedding, rng))
    into = [torch.cat([weight, weight[picks[0]]]) for weight in (network.into_first, network.into_second)]
    highest = (network.first @ into[0][units:].T).amax(0) + (network.second @ into[1][units:].T).amax(0)
    silent = -highest - highest.abs() * torch.from_numpy(rng.uniform(0.1, 0.5, width - units))
    bias = torch.cat([network.bias, silent])[order] * factors[:, 0]
    unembed = torch.cat([network.unembed, network.unembed[:, picks[1]]], dim=1)[:, order] / factors.T
    return replace(
        network,
        first=network.first @ rotation,
        second=network.second @ rotation,
        into_first=(into[0][order] * factors) @ rotation,
        into_second=(into[1][order] * factors) @ rotation,
        bias=bias,
        unembed=unembed,
    )
