"""Functions of one symbol that a network computes: rows of units x p, for the first and for the second symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.modular.measures.neurons import first_layer
from generator.modular.network.mlp import MLP

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from generator.modular.network.transformer import Transformer

__all__ = ["symbol_rows"]


@torch.no_grad()
def symbol_rows(network: MLP | Transformer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Collect functions of the first symbol and functions of the second symbol, each units x p.

    A feed-forward network gives its contributions to the first hidden layer. A transformer gives the mean effects of a
    symbol on the preactivations of its first hidden layer, and the singular vectors of the attention scores between a
    second and a first symbol. A rotation of the residual stream changes neither.
    """
    if isinstance(network, MLP):
        return (network.first @ network.into_first.T).T.numpy(), (network.second @ network.into_second.T).T.numpy()
    layer = first_layer(network)
    first = [] if layer is None else [layer.left.T]
    second = [] if layer is None else [layer.right.T]
    block = network.blocks[0]
    if network.rate > 0:
        for key, query in zip(block.key, block.query, strict=True):
            scores = (network.second @ query.T) @ (network.first @ key.T).T
            scores = scores - scores.mean(dim=0) - scores.mean(dim=1, keepdim=True) + scores.mean()
            left, _, right = torch.linalg.svd(scores, full_matrices=False)
            first.append(right[: len(key)])
            second.append(left[:, : len(key)].T)
    return torch.cat(first).numpy(), torch.cat(second).numpy()
