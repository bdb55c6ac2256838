"""First orders of paired blocks: proxies of depth, a chain through the biases, greedy orders.

A proxy of depth is one number per block by which blocks are sorted. No proxy holds for all networks: weights grow with
depth in the published network and shrink in other networks. So every solver states the direction of the sort.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from generator.errors import SpecError
from generator.reassembly.scoring.certificate import squared_error
from generator.suggest import did_you_mean
from solvers.reassembly.core.activations import derivative_function

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows

__all__ = [
    "PROXIES",
    "bias_chain",
    "delta_norm",
    "fitting_order",
    "frobenius_norm",
    "greedy_order",
    "jacobian_norm",
    "l1_norm",
    "random_order",
    "seed_order",
    "sorted_order",
    "weight_variance",
]


def delta_norm(network: ResidualNetwork, inputs: Tensor) -> Tensor:
    """Measure the mean |block_k(x) - x| over raw inputs, n x d, for every block: K.

    Source: Park 2026, arXiv:2602.19845, section 4.
    """
    return torch.stack([network.residual(k, inputs).norm(dim=1).mean() for k in range(network.depth)])


def frobenius_norm(network: ResidualNetwork, inputs: Tensor) -> Tensor:  # noqa: ARG001 - proxies share one signature
    """Measure |V_k|_F for every block: K.

    Source: Park 2026, arXiv:2602.19845, and its code (github.com/hynwprk/droppedaneuralnet).
    """
    return network.V.square().sum(dim=(1, 2)).sqrt()


def l1_norm(network: ResidualNetwork, inputs: Tensor) -> Tensor:  # noqa: ARG001 - proxies share one signature
    """Measure the sum of |V_k| over its entries for every block: K.

    Source: the fastest public solver (github.com/cezarc1/droppedaneuralnet-puzzle).
    """
    return network.V.abs().sum(dim=(1, 2))


def weight_variance(network: ResidualNetwork, inputs: Tensor) -> Tensor:  # noqa: ARG001 - proxies share one signature
    """Measure the variance of V_k's entries for every block: K.

    Source: the puzzle's public discussion (huggingface.co/spaces/jane-street/droppedaneuralnet).
    """
    return torch.var(network.V, dim=(1, 2), correction=0)


def jacobian_norm(network: ResidualNetwork, inputs: Tensor) -> Tensor:
    """Measure the mean |Df_k(x)|_F of the residual branch over raw inputs, n x d, for every block: K.

    With gates s = sigma'(U x + c), |V diag(s) U|_F^2 = s^T (V^T V * U U^T) s, so no Jacobian is formed.

    Source: the puzzle's public discussion (huggingface.co/spaces/jane-street/droppedaneuralnet).
    """
    derivative = derivative_function(network.activation)
    norms = []
    for U, c, V in zip(network.U, network.c, network.V, strict=True):
        gates = derivative(torch.addmm(c, inputs, U.T))
        squares = ((gates @ ((V.T @ V) * (U @ U.T))) * gates).sum(dim=1)
        norms.append(squares.clamp_min(0.0).sqrt().mean())
    return torch.stack(norms)


PROXIES: dict[str, Callable[[ResidualNetwork, Tensor], Tensor]] = {
    "delta-norm": delta_norm,
    "frobenius": frobenius_norm,
    "jacobian": jacobian_norm,
    "l1": l1_norm,
    "variance": weight_variance,
}
"""Proxy of depth by name."""


def sorted_order(values: Tensor, *, descending: bool = False) -> list[int]:
    """Sort blocks by a proxy. Ties keep the order of the blocks; NaN goes last."""
    keys = (-values if descending else values).double()
    return [int(k) for k in torch.where(keys.isnan(), torch.inf, keys).argsort(stable=True)]


def seed_order(network: ResidualNetwork, inputs: Tensor, proxy: str, *, descending: bool = False) -> list[int]:
    """Order blocks by a named proxy.

    Raises:
        SpecError: if no proxy has that name.
    """
    if proxy not in PROXIES:
        raise SpecError(f"no seed order {proxy!r}{did_you_mean(proxy, PROXIES)}")
    return sorted_order(PROXIES[proxy](network, inputs), descending=descending)


def bias_chain(network: ResidualNetwork, start: int) -> list[int]:
    """Walk from each block to the nearest unvisited block, by the distance between outgoing biases e_k.

    Ties keep the order of the blocks; in a network without biases all distances are tied.

    Source: the puzzle's public discussion (huggingface.co/spaces/jane-street/droppedaneuralnet).
    """
    distances = torch.cdist(network.e, network.e, compute_mode="donot_use_mm_for_euclid_dist")
    distances[:, start] = torch.inf
    order = [start]
    while len(order) < network.depth:
        order.append(int(distances[order[-1]].argmin()))
        distances[:, order[-1]] = torch.inf
    return order


def greedy_order(network: ResidualNetwork, inputs: Tensor) -> list[int]:
    """Repeatedly append the block that changes the current states least: smallest mean |f_k(h)| over rows.

    Source: a public solver (github.com/alyxya/janestreet-droppedaneuralnet).
    """
    return _appended(network, inputs, lambda _, step: float(step.norm(dim=1).mean()))


def fitting_order(network: ResidualNetwork, rows: Rows) -> list[int]:
    """Repeatedly append the block after which the head's output is nearest to the predictions.

    Source: a public solver (github.com/danieltyukov/jane-street-neural-net-puzzle, greedy start).
    """
    return _appended(network, rows.inputs, lambda h, step: squared_error(network.read(h + step), rows.targets))


def random_order(depth: int, rng: np.random.Generator) -> list[int]:
    """Draw an order uniformly."""
    return [int(k) for k in rng.permutation(depth)]


def _appended(network: ResidualNetwork, h: Tensor, cost: Callable[[Tensor, Tensor], float]) -> list[int]:
    """Repeatedly append the block of the lowest cost at the current states, until no block is left."""
    remaining: list[int] = list(range(network.depth))
    order: list[int] = []
    while remaining:
        steps = {k: network.residual(k, h) for k in remaining}
        costs = {k: cost(h, step) for k, step in steps.items()}
        chosen = min(remaining, key=lambda k: costs[k] if math.isfinite(costs[k]) else math.inf)
        remaining.remove(chosen)
        order.append(chosen)
        h = h + steps[chosen]
    return order
