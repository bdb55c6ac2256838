"""Networks in the form of a puzzle: embeddings folded into the first hidden layer, positions into the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from generator.errors import SpecError
from generator.modular.network.activations import activate
from generator.modular.network.mlp import MLP

if TYPE_CHECKING:
    from generator.modular.network.transformer import Transformer

__all__ = ["folded"]


def folded(network: MLP | Transformer) -> MLP | Transformer:
    """Return the same function with tables that are read directly, so that no shape tells how they were made.

    Raises:
        SpecError: for a network without a hidden layer behind separate first layers.
    """
    return _mlp(network) if isinstance(network, MLP) else _transformer(network)


def _mlp(network: MLP) -> MLP:
    """Fold embeddings and first weights to contributions, p x h; both residues then have a table."""
    left, right = network.first @ network.into_first.T, network.second @ network.into_second.T
    bias, hidden = network.bias, network.hidden
    if network.separate:
        if not hidden:
            raise SpecError("a network with separate first layers needs a further hidden layer")
        (weight, bias), *rest = hidden
        left, right = (activate(network.activation, side + network.bias) @ weight.T for side in (left, right))
        hidden = tuple(rest)
    same = torch.eye(len(bias), dtype=torch.float64)
    return replace(
        network,
        first=left,
        second=right,
        into_first=same,
        into_second=same,
        bias=bias,
        hidden=hidden,
        separate=False,
        shared=False,
    )


def _transformer(network: Transformer) -> Transformer:
    """Add the positions to the tables and to the third token."""
    positions = network.positions
    return replace(
        network,
        first=network.first + positions[0],
        second=network.second + positions[1],
        third=None if network.third is None else network.third + positions[2],
        positions=torch.zeros_like(positions),
        shared=False,
    )
