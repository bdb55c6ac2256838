"""Random networks on two residues, which need not add: for tests of what keeps a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.modular.network.mlp import MLP
from generator.modular.network.transformer import Block, Transformer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["centred", "random_mlp", "random_transformer"]


def _draws(seed: int) -> Callable[..., torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


def random_mlp(p: int = 11, *, layers: int = 1, activation: str = "relu", separate: bool = False, seed: int = 0) -> MLP:
    """Draw a network of 7 units per layer on embeddings of 5 and 6 numbers."""
    draw = _draws(seed)
    return MLP(
        first=draw(p, 5),
        second=draw(p, 6),
        into_first=draw(7, 5),
        into_second=draw(7, 6),
        bias=draw(7),
        unembed=draw(p, 7),
        unembed_bias=draw(p),
        activation=activation,
        hidden=tuple((draw(7, 7), draw(7)) for _ in range(layers - 1)),
        separate=separate,
    )


def random_transformer(
    p: int = 11, *, layers: int = 1, rate: float = 0.6, third: bool = False, seed: int = 0
) -> Transformer:
    """Draw a transformer of width 8 with 2 heads of size 4 and 9 hidden units."""
    draw = _draws(seed)
    blocks = tuple(
        Block(
            key=draw(2, 4, 8),
            query=draw(2, 4, 8),
            value=draw(2, 4, 8),
            output=draw(8, 8),
            into=draw(9, 8),
            into_bias=draw(9),
            out=draw(8, 9),
            out_bias=draw(8),
        )
        for _ in range(layers)
    )
    table = draw(p, 8)
    return Transformer(
        first=table,
        second=table,
        positions=draw(3 if third else 2, 8),
        blocks=blocks,
        unembed=draw(p, 8),
        rate=rate,
        third=draw(8) if third else None,
    )


def centred(network: MLP | Transformer) -> torch.Tensor:
    """Compute all logits without the common offset of each pair."""
    logits = network.logits()
    return logits - logits.mean(dim=2, keepdim=True)
