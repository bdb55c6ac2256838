"""The transformer of Zhong et al. 2023 (arXiv 2306.17844, section 2 and appendix A), without layer norm.

The attention rate r mixes softmax attention with constant attention: weights are r softmax(scores) + (1 - r). A rate
of 0 adds the values of all tokens. Below rate 1 the weights of a token do not sum to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import torch

from generator.modular.network.activations import activate

__all__ = ["Block", "Transformer"]


@dataclass(frozen=True, eq=False)
class Block:
    """One layer: attention and a feed-forward network, each added to the residual stream.

    Attributes:
        key, query, value: H x dh x d.
        output: d x (H dh), on the concatenated heads.
        into: weights of the hidden units, m x d.
        into_bias: m.
        out: d x m.
        out_bias: d.
    """

    key: torch.Tensor
    query: torch.Tensor
    value: torch.Tensor
    output: torch.Tensor
    into: torch.Tensor
    into_bias: torch.Tensor
    out: torch.Tensor
    out_bias: torch.Tensor


@dataclass(frozen=True, eq=False)
class Transformer:
    """Tokens a, b (and "=" where there is a third) with learned positions; logits are read at the last token.

    Attributes:
        first: embeddings of the first residue, p x d.
        second: embeddings of the second residue, p x d.
        positions: tokens x d.
        blocks: the layers.
        unembed: p x d.
        rate: attention rate, from 0 (constant attention) to 1 (softmax).
        third: embedding of the token "=", d; None if there are two tokens.
        activation: name of the activation of the hidden units.
        shared: whether both residues use one table; `first` and `second` are then equal.
    """

    first: torch.Tensor
    second: torch.Tensor
    positions: torch.Tensor
    blocks: tuple[Block, ...]
    unembed: torch.Tensor
    rate: float
    third: torch.Tensor | None = None
    activation: str = "relu"
    shared: bool = True

    @property
    def modulus(self) -> int:
        """The number of residues, p."""
        return len(self.first)

    def __call__(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Compute the logits, n x p, of n pairs of embeddings, each n x d."""
        tokens = [first, second]
        if self.third is not None:
            tokens.append(self.third.expand_as(first))
        state = torch.stack(tokens, dim=-2) + self.positions
        for block in self.blocks:
            state = self._step(block, state)
        return state[..., -1, :] @ self.unembed.T

    def _step(self, block: Block, state: torch.Tensor) -> torch.Tensor:
        """Apply one layer to n x tokens x d."""
        query, key, value = (
            torch.einsum("hed,...td->...hte", weight, state) for weight in (block.query, block.key, block.value)
        )
        scores = query @ key.transpose(-1, -2) / math.sqrt(block.query.shape[1])
        weights = self.rate * scores.softmax(dim=-1) + (1 - self.rate)
        heads = (weights @ value).transpose(-2, -3).flatten(start_dim=-2)
        state = state + heads @ block.output.T
        hidden = activate(self.activation, state @ block.into.T + block.into_bias)
        return state + hidden @ block.out.T + block.out_bias

    def logits(self) -> torch.Tensor:
        """Compute the logits of all pairs, p x p x p: first residue, second residue, class."""
        p = self.modulus
        residues = torch.arange(p)
        first, second = residues.repeat_interleave(p), residues.repeat(p)
        return self(self.first[first], self.second[second]).reshape(p, p, -1)

    def with_tables(self, first: torch.Tensor, second: torch.Tensor) -> Self:
        """Return the same network with other embeddings."""
        return replace(self, first=first, second=second)
