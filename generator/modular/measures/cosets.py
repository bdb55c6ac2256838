"""How well approximate cosets explain a network (McCracken et al., arXiv 2505.18266).

Every unit of the first hidden layer is replaced by its best pair of sinusoids of one frequency, one in a and one in b.
After the residues are multiplied by the inverse of the frequency, such a unit is on for a run of neighbours: an
approximate coset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.modular.measures.neurons import merged
from generator.modular.network.circle import circle
from generator.modular.network.mlp import MLP
from generator.modular.network.transformer import Transformer

if TYPE_CHECKING:
    from generator.modular.measures.neurons import FirstLayer, Neurons
    from generator.modular.network.model import ModularNetwork

__all__ = ["replaced_logits"]


def replaced_logits(network: ModularNetwork, layer: FirstLayer, neurons: Neurons) -> torch.Tensor:
    """Compute all logits, p x p x p, with every living unit of the first layer replaced. Other units keep their means.

    Transformers of several layers are changed at the last token of the first layer only.
    """
    left, right = (_sinusoids(table, neurons) for table in (layer.left, layer.right))
    if isinstance(network, MLP):
        network = merged(network)
        centre = (
            (network.first @ network.into_first.T).mean(dim=0),
            (network.second @ network.into_second.T).mean(dim=0),
        )
        return network.read_out(network.combine((left + centre[0])[:, None], (right + centre[1])[None, :]))
    if not isinstance(network, Transformer):
        raise TypeError(f"units of {type(network).__name__} cannot be replaced")
    units = layer.level + left[:, None] + right[None, :]
    return network(network.first[:, None], network.second[None, :], units)


def _sinusoids(table: torch.Tensor, neurons: Neurons) -> torch.Tensor:
    """Project each column of a unit that is alive on its circle; set the others to 0."""
    found = torch.zeros_like(table)
    for k in neurons.per_frequency():
        units = neurons.units[neurons.frequency == k]
        plane = circle(k, len(table))
        found[:, units] = plane @ (plane.T @ table[:, units])
    return found
