"""Checkpoints in the published layouts, and the logits of their networks by plain forward passes on token ids."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import torch

from generator.modular.layout.config import read_config

if TYPE_CHECKING:
    from pathlib import Path

    from generator.modular.layout.config import Config
    from generator.modular.network.transformer import Transformer

__all__ = [
    "config_of",
    "linear_logits",
    "linear_state",
    "one_layer_state",
    "pairs",
    "transformer_logits",
    "transformer_state",
    "transformer_state_of",
]

Tensors = dict[str, torch.Tensor]


def _draws(seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(*shape, generator=generator)


def config_of(path: Path, **values: Any) -> Config:
    """Write a configuration and read it."""
    path.write_text(json.dumps(values), encoding="utf-8")
    return read_config(path)


def pairs(p: int) -> torch.Tensor:
    """All pairs of residues, p^2 x 2."""
    return torch.cartesian_prod(torch.arange(p), torch.arange(p))


def transformer_state(tokens: int, positions: int, *, layers: int = 1, seed: int = 0) -> Tensors:
    """A random transformer of width 8 with 2 heads of size 4 and 12 hidden units."""
    draw = _draws(seed)
    state: Tensors = {"embed.W_E": draw(8, tokens), "pos_embed.W_pos": draw(positions, 8)}
    for number in range(layers):
        name = f"blocks.{number}"
        state |= {f"{name}.attn.W_{kind}": draw(2, 4, 8) for kind in "KQV"}
        state |= {
            f"{name}.attn.W_O": draw(8, 8),
            f"{name}.attn.mask": torch.ones(positions, positions).tril(),
            f"{name}.mlp.W_in": draw(12, 8),
            f"{name}.mlp.b_in": draw(12),
            f"{name}.mlp.W_out": draw(8, 12),
            f"{name}.mlp.b_out": draw(8),
        }
    return {**state, "unembed.W_U": draw(8, tokens)}


def transformer_state_of(network: Transformer) -> Tensors:
    """Write one of our transformers in the published layout, in float32."""
    state: Tensors = {"embed.W_E": network.first.T, "pos_embed.W_pos": network.positions}
    for number, block in enumerate(network.blocks):
        name = f"blocks.{number}"
        state |= {
            f"{name}.attn.W_K": block.key,
            f"{name}.attn.W_Q": block.query,
            f"{name}.attn.W_V": block.value,
            f"{name}.attn.W_O": block.output,
            f"{name}.mlp.W_in": block.into,
            f"{name}.mlp.b_in": block.into_bias,
            f"{name}.mlp.W_out": block.out,
            f"{name}.mlp.b_out": block.out_bias,
        }
    state["unembed.W_U"] = network.unembed.T
    return {name: tensor.float().contiguous() for name, tensor in state.items()}


def transformer_logits(state: Tensors, tokens: torch.Tensor, rate: float, *, gelu: bool = False) -> torch.Tensor:
    """Logits of the whole vocabulary at the last of the tokens, n x length, by sums over heads and positions."""
    state = {name: tensor.double() for name, tensor in state.items()}
    stream = state["embed.W_E"].T[tokens] + state["pos_embed.W_pos"][: tokens.shape[1]]
    for number in range(sum(name.endswith("W_K") for name in state)):
        block = {name.removeprefix(f"blocks.{number}."): tensor for name, tensor in state.items()}
        read = []
        for head in range(len(block["attn.W_K"])):
            keys, queries, values = (stream @ block[f"attn.W_{kind}"][head].T for kind in "KQV")
            scores = queries @ keys.transpose(1, 2) / math.sqrt(keys.shape[2])
            read.append((rate * scores.softmax(dim=2) + 1 - rate) @ values)
        stream = stream + torch.cat(read, dim=2) @ block["attn.W_O"].T
        before = stream @ block["mlp.W_in"].T + block["mlp.b_in"]
        after = torch.nn.functional.gelu(before) if gelu else before.clamp_min(0)
        stream = stream + after @ block["mlp.W_out"].T + block["mlp.b_out"]
    return stream[:, -1] @ state["unembed.W_U"]


def linear_state(model: str, tokens: int = 7, seed: int = 0) -> Tensors:
    """A random linear model of 6 hidden units per layer, on embeddings of 6 numbers, 3 for model D."""
    draw, width = _draws(seed), 3 if model == "D" else 6
    state = {"embed.weight": draw(tokens, width), "unembed.weight": draw(tokens, 6)}
    if model == "X":
        state = {"embed1.weight": draw(tokens, 6), "embed2.weight": draw(tokens, 6), "unembed.weight": draw(tokens, 6)}
    state |= {"l1.weight": draw(6, 6), "l1.bias": draw(6)}
    return state | ({"l2.weight": draw(6, 6), "l2.bias": draw(6)} if model in {"B", "C"} else {})


def linear_logits(model: str, state: Tensors, tokens: torch.Tensor) -> torch.Tensor:
    """Logits of the whole vocabulary at pairs of tokens, with the layers of torch."""
    linear = torch.nn.functional.linear
    state = {name: tensor.double() for name, tensor in state.items()}
    one = state["embed1.weight" if model == "X" else "embed.weight"][tokens[:, 0]]
    two = state["embed2.weight" if model == "X" else "embed.weight"][tokens[:, 1]]
    if model == "C":
        layers = [linear(side, state["l1.weight"], state["l1.bias"]) for side in (one, two)]
        units = (layers[0] + layers[1]).relu()
    elif model == "D":
        units = linear(torch.cat([one, two], dim=1), state["l1.weight"], state["l1.bias"]).relu()
    else:
        units = linear(one + two, state["l1.weight"], state["l1.bias"]).relu()
    if model in {"B", "C"}:
        units = linear(units, state["l2.weight"], state["l2.bias"]).relu()
    return units @ state["unembed.weight"].T


def one_layer_state(p: int = 7, width: int | None = None, seed: int = 0) -> Tensors:
    """A random one-layer network of 9 units, with an embedding of a width or on one-hot tokens."""
    draw = _draws(seed)
    state = {"mlp.W_in": draw(9, width or p), "mlp.W_out": draw(p, 9), "mlp.basis": draw(p, p)}
    return {"embed.W_E": draw(width, p), **state} if width else state
