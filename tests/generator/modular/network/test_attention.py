"""The transformer against a plain forward pass of one pair of tokens, position by position."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from tests.generator.modular.measures.networks import random_transformer

if TYPE_CHECKING:
    from generator.modular.network.transformer import Transformer


def plain(network: Transformer, first: int, second: int) -> torch.Tensor:
    """Compute the logits of one pair without any batching."""
    tokens = [network.first[first], network.second[second]] + ([] if network.third is None else [network.third])
    states = [token + network.positions[n] for n, token in enumerate(tokens)]
    for block in network.blocks:
        mixed = []
        for state in states:
            heads = []
            for key, query, value in zip(block.key, block.query, block.value, strict=True):
                scores = torch.stack([(query @ state) @ (key @ other) / math.sqrt(len(query)) for other in states])
                weights = network.rate * scores.softmax(dim=0) + 1 - network.rate
                read = [weight * (value @ other) for weight, other in zip(weights, states, strict=True)]
                heads.append(torch.stack(read).sum(dim=0))
            mixed.append(state + block.output @ torch.cat(heads))
        states = [
            state + block.out @ torch.relu(block.into @ state + block.into_bias) + block.out_bias for state in mixed
        ]
    return network.unembed @ states[-1]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("tokens", [2, 3])
def test_all_pairs_have_the_logits_of_a_plain_pass(layers: int, tokens: int) -> None:
    network = replace(random_transformer(7, 8, layers=layers), rate=0.6)
    if tokens == 3:
        extra = torch.randn((4, 8), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        network = replace(network, third=extra[0], positions=extra[1:])
    grid = network.logits()
    assert grid.shape == (7, 7, 7)
    rows = network(network.first[[1, 5]], network.second[[6, 5]])
    for row, (a, b) in zip(rows, ((1, 6), (5, 5)), strict=True):
        assert (grid[a, b] - plain(network, a, b)).abs().max() < 1e-12
        assert (row - plain(network, a, b)).abs().max() < 1e-12
