"""Read a transformer of Zhong et al. 2023 (arXiv 2306.17844) from its checkpoint and configuration.

    embed.W_E                              d x tokens
    pos_embed.W_pos                        positions x d
    blocks.i.attn.W_K, .W_Q, .W_V          heads x dh x d
    blocks.i.attn.W_O                      d x (heads dh)
    blocks.i.attn.mask                     not used by the network
    blocks.i.mlp.W_in, .b_in               m x d, m
    blocks.i.mlp.W_out, .b_out             d x m, d
    unembed.W_U                            d x tokens

The configuration tells C (the modulus), attn_coeff (the attention rate), act_fn, diff_vocab and eqn_sign; n_heads,
d_model and n_layers must agree with the tensors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.errors import LayoutError
from generator.modular.layout.vocabulary import activation_of, vocabulary_of
from generator.modular.network.transformer import Block, Transformer

if TYPE_CHECKING:
    from generator.modular.layout.config import Config
    from generator.modular.layout.weights import Weights

__all__ = ["read_transformer"]


def read_transformer(
    weights: Weights, config: Config, activation: str | None = None
) -> tuple[Transformer, tuple[str, ...]]:
    """Read a transformer, and remarks on what is not read.

    Raises:
        LayoutError: naming the first fault.
    """
    if config.path is None:
        raise LayoutError(f"{weights.path} is a transformer; give its CONFIG.json, which tells attn_coeff and C")
    rate = config.number("attn_coeff")
    if rate is None or not 0 <= rate <= 1:
        told = "missing" if rate is None else f"{rate:g}"
        raise LayoutError(f"{config.path}: attn_coeff is {told}; expected an attention rate from 0 to 1")
    table = weights.take("embed.W_E", None, None).T
    tokens, width = table.shape
    config.check("d_model", width, f"embed.W_E has {width} rows")
    vocabulary = vocabulary_of(config, tokens, f"{weights.path}: embed.W_E")
    positions, needed = weights.take("pos_embed.W_pos", None, width), 3 if vocabulary.third else 2
    if len(positions) < needed or (len(positions) > needed and not vocabulary.third):
        raise LayoutError(
            f"{weights.path}: pos_embed.W_pos has {len(positions)} positions, but eqn_sign {int(vocabulary.third)} "
            f"means {needed} tokens; give this checkpoint's configuration"
        )
    blocks = _blocks(weights, width)
    config.check("n_layers", len(blocks), f"{weights.path} has {len(blocks)} blocks")
    heads = len(blocks[0].key)
    config.check("n_heads", heads, f"blocks.0.attn.W_K has {heads} heads")
    unembed = weights.take("unembed.W_U", width, None).T
    if len(unembed) < vocabulary.modulus:
        raise LayoutError(
            f"{weights.path}: unembed.W_U has {len(unembed)} classes; expected at least {vocabulary.modulus}"
        )
    weights.refuse_others("a transformer with attention and feed-forward layers")
    network = Transformer(
        first=vocabulary.first(table),
        second=vocabulary.second(table),
        positions=positions[:needed],
        blocks=blocks,
        unembed=unembed[: vocabulary.modulus],
        rate=rate,
        third=vocabulary.equals(table),
        activation=activation_of(config, activation) or "relu",
        shared=not vocabulary.apart,
    )
    return network, vocabulary.remarks()


def _blocks(weights: Weights, width: int) -> tuple[Block, ...]:
    """Read the layers in the order of their numbers."""
    found = {int(match[1]) for name in weights.names if (match := re.match(r"blocks\.(\d+)\.", name))}
    if not found or found != set(range(len(found))):
        raise LayoutError(f"{weights.path} has blocks {sorted(found) or 'nowhere'}; expected blocks.0, blocks.1, ...")
    return tuple(_block(weights, f"blocks.{number}", width) for number in sorted(found))


def _block(weights: Weights, name: str, width: int) -> Block:
    key = weights.take(f"{name}.attn.W_K", None, None, width)
    heads, size, _ = key.shape
    into = weights.take(f"{name}.mlp.W_in", None, width)
    units = len(into)
    return Block(
        key=key,
        query=weights.take(f"{name}.attn.W_Q", heads, size, width),
        value=weights.take(f"{name}.attn.W_V", heads, size, width),
        output=weights.take(f"{name}.attn.W_O", width, heads * size),
        into=into,
        into_bias=weights.take(f"{name}.mlp.b_in", units),
        out=weights.take(f"{name}.mlp.W_out", width, units),
        out_bias=weights.take(f"{name}.mlp.b_out", width),
    )
