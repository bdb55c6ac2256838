"""Networks with a planted signal, for tests of the statistics that must find the signal."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch

from solvers.reassembly.core.evaluation import Rows
from solvers.reassembly.pairing.alignment import standard_scores
from solvers.reassembly.pairing.statistics import match

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

DEPTH = 16
INPUTS = torch.randn(400, 12, generator=torch.Generator().manual_seed(9))
PARTNERS = [int(j) for j in np.random.default_rng(5).permutation(DEPTH)]


def noise(seed: int, depth: int = DEPTH) -> Tensor:
    return standard_scores(torch.randn(depth, depth, generator=torch.Generator().manual_seed(seed)))


def rows_of(network: ResidualNetwork) -> Rows:
    targets = network(INPUTS)
    return Rows(INPUTS, targets, float(targets.var()))


def count_right(partners: list[int], truth: list[int]) -> int:
    return sum(found == true for found, true in zip(partners, truth, strict=True))


def planted(network: ResidualNetwork, partners: list[int], read: Tensor, strength: float) -> ResidualNetwork:
    """Add to every outgoing half a signal of what its partner reads along a direction: w V_j += s U_i c."""
    w = network.head[0]
    V = network.V.clone()
    for i, j in enumerate(partners):
        V[j] += strength * torch.outer(w, network.U[i] @ read) / (w @ w)
    return dataclasses.replace(network, V=V)


def with_permuted_units(network: ResidualNetwork, seed: int) -> ResidualNetwork:
    rng = torch.Generator().manual_seed(seed)
    hidden = network.V.shape[2]
    return dataclasses.replace(
        network, V=torch.stack([half[:, torch.randperm(hidden, generator=rng)] for half in network.V])
    )


def matched_mean(scores: Tensor) -> float:
    return float(scores[torch.arange(len(scores)), torch.tensor(match(scores))].mean())
