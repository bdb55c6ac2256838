"""The transformer of arXiv 2306.17844 (section 2 and appendix A) on raw parameters.

In the first block every token is a row of a table with p rows, so scores are tables of p x p entries per head, and the
values are multiplied by the output weights before the p^2 pairs are formed. Only the last token is followed through the
last block. With constant attention (rate 0) the first block is a sum of a table of a and a table of b.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from generator.modular.network.activations import activate
from generator.modular.network.transformer import Block, Transformer
from generator.modular.training.loss import read_out
from generator.modular.training.pairs import Pairs, pair_sum, pick
from generator.modular.training.parameters import Parameter, normal, zero
from generator.modular.training.recipe import HEADS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.modular.training.recipe import Recipe

__all__ = ["build_transformer", "transformer_layout", "transformer_logits"]


def transformer_layout(recipe: Recipe) -> tuple[Parameter, ...]:
    """List the parameters; variances as in the paper's code."""
    p, d = recipe.modulus, recipe.width
    inner, units = HEADS * (d // HEADS), 4 * d
    layout = [normal("embed", p, d, variance=1 / d)]
    if recipe.two_tables:
        layout.append(normal("embed_second", p, d, variance=1 / d))
    if recipe.third_token:
        layout.append(normal("third", 1, d, variance=1 / d))
    layout.append(normal("positions", recipe.tokens, d, variance=1 / d))
    for i in range(recipe.layers):
        layout += [normal(f"{name}{i}", inner, d, variance=1 / d) for name in ("key", "query", "value")]
        layout += [
            normal(f"output{i}", d, inner, variance=1 / d),
            normal(f"into{i}", units, d, variance=1 / units),
            zero(f"into_bias{i}", units),
            normal(f"out{i}", d, units, variance=1 / d),
            zero(f"out_bias{i}", d),
        ]
    return (*layout, normal("unembed", p, d, variance=1 / p))


def transformer_logits(
    weights: Mapping[str, torch.Tensor], recipe: Recipe, pairs: Pairs, *, everything: bool
) -> torch.Tensor:
    """Compute the logits of all rows, or of the rows that a training step needs, n x p."""
    last = recipe.layers - 1
    embeddings = [weights["embed"], weights.get("embed_second", weights["embed"])]
    if recipe.third_token:
        embeddings.append(weights["third"])
    tables = [table + weights["positions"][t] for t, table in enumerate(embeddings)]
    block = _block(weights, 0)

    def form(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return pick(pair_sum(left, right, pairs), pairs, everything=everything)

    tokens = range(recipe.tokens)[-1 if last == 0 else 0 :]
    if recipe.rate == 0:
        summed = _constant_attention(block, tables, tokens)
        states = [form(left, right) for left, right in summed]
        inner = [
            form(left @ block.into.T, functional.linear(right, block.into, block.into_bias)) for left, right in summed
        ]
    else:
        mixed = _first_attention(block, tables, tokens, recipe.rate)
        states = [pick(state, pairs, everything=everything) for state in mixed]
        inner = [functional.linear(state, block.into, block.into_bias) for state in states]
    for i in range(recipe.layers):
        if i:
            states = _later_attention(block, states, recipe.tokens if i < last else 1, recipe.rate)
            inner = [functional.linear(state, block.into, block.into_bias) for state in states]
        hidden = [activate(recipe.activation, values) for values in inner]
        if i < last:
            states = [
                state + functional.linear(units, block.out, block.out_bias)
                for state, units in zip(states, hidden, strict=True)
            ]
            block = _block(weights, i + 1)
    unembed = weights["unembed"]
    if recipe.width > recipe.modulus:  # one product of 4 d x p is smaller than one of 4 d x d
        direct = read_out(states[0] + block.out_bias, unembed)
        return direct + read_out(hidden[0], unembed @ block.out)
    return read_out(states[0] + functional.linear(hidden[0], block.out, block.out_bias), unembed)


def build_transformer(weights: Mapping[str, torch.Tensor], recipe: Recipe) -> Transformer:
    """Build the network of float64 parameters."""
    heads = (HEADS, recipe.width // HEADS, recipe.width)
    blocks = []
    for i in range(recipe.layers):
        block = _block(weights, i)
        apart = {name: getattr(block, name).view(heads) for name in ("key", "query", "value")}
        rest = {name: getattr(block, name) for name in ("output", "into", "into_bias", "out", "out_bias")}
        blocks.append(Block(**apart, **rest))
    return Transformer(
        first=weights["embed"],
        second=weights.get("embed_second", weights["embed"]),
        positions=weights["positions"],
        blocks=tuple(blocks),
        unembed=weights["unembed"],
        rate=recipe.rate,
        third=weights["third"][0] if recipe.third_token else None,
        activation=recipe.activation,
        shared=not recipe.two_tables,
    )


def _block(weights: Mapping[str, torch.Tensor], i: int) -> Block:
    """Collect the parameters of a block; heads are not split, so key, query and value are (H dh) x d."""
    names = ("key", "query", "value", "output", "into", "into_bias", "out", "out_bias")
    return Block(**{name: weights[f"{name}{i}"] for name in names})


def _by_head(values: torch.Tensor) -> torch.Tensor:
    """View the last axis, of H dh entries, as H x dh."""
    return values.reshape(*values.shape[:-1], HEADS, values.shape[-1] // HEADS)


def _constant_attention(
    block: Block, tables: Sequence[torch.Tensor], tokens: Sequence[int]
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Compute, for each token, the tables of a and of b whose sum is the state after attention of rate 0."""
    values = [table @ block.value.T @ block.output.T for table in tables]
    if len(tables) > 2:
        values[1] = values[1] + values[2]
    return [(values[0] + tables[0] if t == 0 else values[0], values[1] + tables[t] if t else values[1]) for t in tokens]


def _first_attention(
    block: Block, tables: Sequence[torch.Tensor], tokens: Sequence[int], rate: float
) -> list[torch.Tensor]:
    """Compute the states of some tokens after the attention of the first block, each p^2 x d."""
    p, d = tables[0].shape
    keys = [_by_head(table @ block.key.T) for table in tables]
    values = [_by_head(table @ block.value.T) for table in tables]
    moved = [torch.einsum("phe,dhe->phd", value, _by_head(block.output)) for value in values]
    states = []
    for t in tokens:
        query = _by_head(tables[t] @ block.query.T) / math.sqrt(d // HEADS)
        scores = [_table_scores(query, key, t, s).expand(HEADS, p, p) for s, key in enumerate(keys)]
        weights = rate * torch.stack(scores).softmax(dim=0) + (1 - rate)
        own = tables[t][:, None] if t < 2 else tables[t]
        of_first = weights[0].permute(1, 2, 0) @ moved[0]
        of_second = weights[1].permute(2, 1, 0) @ moved[1]
        first, second = (of_first + own, of_second) if t == 0 else (of_first, of_second + own)
        state = first + second.transpose(0, 1)
        if len(tables) > 2:
            state = state + weights[2].permute(1, 2, 0) @ moved[2][0]
        states.append(state.reshape(p * p, d))
    return states


def _table_scores(query: torch.Tensor, key: torch.Tensor, t: int, s: int) -> torch.Tensor:
    """Compute the scores of token t for token s, H x p x p over (a, b); axes that do not matter have size 1."""
    if t == s:
        own = (query * key).sum(dim=2).T
        return own[:, :, None] if t == 0 else own[:, None, :]
    # the axis of a comes from token 0 and that of b from token 1; the third token has one row and takes the other axis
    over_first, over_second = (query, key) if t == 0 or s == 1 else (key, query)
    return torch.einsum("ahe,bhe->hab", over_first, over_second)


def _later_attention(block: Block, states: list[torch.Tensor], wanted: int, rate: float) -> list[torch.Tensor]:
    """Compute the states of the last `wanted` tokens after the attention of a later block, each n x d."""
    values = [state @ block.value.T for state in states]
    if rate == 0:
        moved = sum(values[1:], start=values[0]) @ block.output.T
        return [state + moved for state in states[-wanted:]]
    split: list[torch.Tensor] = [_by_head(value) for value in values]
    keys = [_by_head(state @ block.key.T) for state in states]
    after = []
    for state in states[-wanted:]:
        query = _by_head(state @ block.query.T) / math.sqrt(block.query.shape[0] // HEADS)
        scores = torch.stack([(query * key).sum(dim=2) for key in keys])
        weights = rate * scores.softmax(dim=0) + (1 - rate)
        mixed = sum(
            (weights[s + 1, :, :, None] * split[s + 1] for s in range(len(split) - 1)),
            weights[0, :, :, None] * split[0],
        )
        after.append(state + mixed.flatten(start_dim=1) @ block.output.T)
    return after
