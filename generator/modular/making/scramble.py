"""Scramble the weights of a folded network; its function is kept up to a common offset of the logits of each pair.

Secret permutations of the symbols come on top, see `generator.modular.relabelling`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from generator.modular.making.hidden import Layer, scrambled_layer
from generator.modular.network.mlp import MLP
from generator.modular.network.transformer import Block, Transformer

__all__ = ["scrambled"]

STRETCH = 2.0
"""Largest factor by which a change of basis inside an attention head stretches a direction. A larger value hides the
trained bases better and loses precision in float32. Hand-set."""


def scrambled(network: MLP | Transformer, width: int, rng: np.random.Generator) -> MLP | Transformer:
    """Scramble a network whose rows are in the order of the residues.

    Args:
        network: a folded network.
        width: units of every hidden layer; a wider layer keeps its width.
        rng: the secret draws.
    """
    if isinstance(network, MLP):
        return _scrambled_mlp(network, width, rng)
    return _scrambled_transformer(network, width, rng)


def _scrambled_mlp(network: MLP, width: int, rng: np.random.Generator) -> MLP:
    """Fill up, rescale and permute every hidden layer, and move constants between tables, bias and logits."""
    p = network.modulus
    hidden = list(network.hidden)
    first, second, bias = _centred(network)
    tables = torch.cat([first, second]).T
    layer = scrambled_layer(
        Layer(tables, bias, hidden[0][0] if hidden else network.unembed, _highest(first) + _highest(second)),
        width,
        network.activation,
        rng,
    )
    tables, bias, reader = layer.into, layer.bias, layer.out
    for number, (_, own) in enumerate(hidden):
        after = hidden[number + 1][0] if number + 1 < len(hidden) else network.unembed
        deep = scrambled_layer(Layer(reader, own, after), width, network.activation, rng)
        hidden[number], reader = (deep.into, deep.bias), deep.out
    first, second = tables[:, :p].T, tables[:, p:].T
    left, right = (_normal(rng, len(bias)) * tables.std(dim=1) for _ in range(2))
    same = torch.eye(len(bias), dtype=torch.float64)
    return replace(
        network,
        first=first + left,
        second=second + right,
        into_first=same,
        into_second=same,
        bias=bias - left - right,
        hidden=tuple(hidden),
        unembed=reader + _normal(rng, reader.shape[1]) * reader.std(),
        unembed_bias=network.unembed_bias + float(rng.standard_normal()) * reader.std(),
    )


def _centred(network: MLP) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Move the means of both tables into the bias, so that norms of rows do not depend on them."""
    first, second = network.first.mean(dim=0), network.second.mean(dim=0)
    return network.first - first, network.second - second, network.bias + first + second


def _highest(table: torch.Tensor) -> torch.Tensor:
    """Bound each column of a centred table, p x h, also after circles were removed: the sum of its amplitudes."""
    amplitudes: torch.Tensor = torch.fft.fft(table, dim=0).abs()
    return amplitudes.sum(dim=0) / len(table)


def _scrambled_transformer(network: Transformer, width: int, rng: np.random.Generator) -> Transformer:
    """Turn the residual stream, change the bases inside the heads, and scramble heads and hidden units."""
    turn = _orthogonal(rng, network.first.shape[1])
    unembed = network.unembed @ turn.T
    return replace(
        network,
        first=network.first @ turn.T,
        second=network.second @ turn.T,
        third=None if network.third is None else turn @ network.third,
        positions=network.positions @ turn.T,
        blocks=tuple(_scrambled_block(block, turn, width, network.activation, rng) for block in network.blocks),
        unembed=unembed + _normal(rng, unembed.shape[1]) * unembed.std(),
    )


def _scrambled_block(block: Block, turn: torch.Tensor, width: int, activation: str, rng: np.random.Generator) -> Block:
    heads, size, _ = block.value.shape
    key, query, value, output = [], [], [], []
    for head in rng.permutation(heads).tolist():
        scores, values = _basis(rng, size), _basis(rng, size)
        query.append(scores @ block.query[head] @ turn.T)
        key.append(torch.linalg.inv(scores).T @ block.key[head] @ turn.T)
        value.append(values @ block.value[head] @ turn.T)
        written = block.output[:, head * size : (head + 1) * size]
        output.append(turn @ written @ torch.linalg.inv(values))
    layer = scrambled_layer(Layer(block.into @ turn.T, block.into_bias, turn @ block.out), width, activation, rng)
    return Block(
        key=torch.stack(key),
        query=torch.stack(query),
        value=torch.stack(value),
        output=torch.cat(output, dim=1),
        into=layer.into,
        into_bias=layer.bias,
        out=layer.out,
        out_bias=turn @ block.out_bias,
    )


def _normal(rng: np.random.Generator, size: int) -> torch.Tensor:
    return torch.from_numpy(rng.standard_normal(size))


def _orthogonal(rng: np.random.Generator, size: int) -> torch.Tensor:
    """Draw an orthogonal matrix, uniformly."""
    matrix, upper = np.linalg.qr(rng.standard_normal((size, size)))
    return torch.from_numpy(matrix * np.sign(np.diag(upper)))


def _basis(rng: np.random.Generator, size: int) -> torch.Tensor:
    """Draw an invertible matrix that stretches no direction by more than `STRETCH`, nor shrinks it by more."""
    stretch = torch.from_numpy(STRETCH ** rng.uniform(-1, 1, size))
    return _orthogonal(rng, size) * stretch @ _orthogonal(rng, size)
