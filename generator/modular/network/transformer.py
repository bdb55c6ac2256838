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

    def __call__(self, first: torch.Tensor, second: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        """Compute the logits, ... x p, of pairs of embeddings, ... x d each, which are broadcast.

        Args:
            first: embeddings of the first residue.
            second: embeddings of the second residue.
            hidden: preactivations, ... x m, that replace those of the hidden units of the first layer at the last
                token; None leaves them as they are.
        """
        tokens = self._tokens(first, second)
        for number, block in enumerate(self.blocks):
            readers = tokens if number + 1 < len(self.blocks) else tokens[-1:]  # of the last layer one token is read
            states = [self._attend(block, token, tokens) for token in readers]
            before = [state @ block.into.T + block.into_bias for state in states]
            if number == 0 and hidden is not None:
                before[-1] = hidden
            tokens = [
                state + activate(self.activation, units) @ block.out.T + block.out_bias
                for state, units in zip(states, before, strict=True)
            ]
        return tokens[-1] @ self.unembed.T

    def preactivations(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Compute the preactivations, ... x m, of the hidden units of the first layer at the last token."""
        tokens = self._tokens(first, second)
        block = self.blocks[0]
        return self._attend(block, tokens[-1], tokens) @ block.into.T + block.into_bias

    def _tokens(self, first: torch.Tensor, second: torch.Tensor) -> list[torch.Tensor]:
        """List the tokens' states before the first layer."""
        tokens = [first, second] if self.third is None else [first, second, self.third]
        return [token + position for token, position in zip(tokens, self.positions, strict=True)]

    def _attend(self, block: Block, reader: torch.Tensor, tokens: list[torch.Tensor]) -> torch.Tensor:
        """Add to the state of one token, ... x d, what its heads read from all tokens.

        Tokens are projected before they are broadcast, so that all pairs of residues cost p projections, not p^2.
        """
        query = _heads(block.query, reader) / math.sqrt(block.query.shape[1])
        scores = [(query * _heads(block.key, token)).sum(dim=-1) for token in tokens]
        total: torch.Tensor = sum(scores[1:], scores[0])  # has the shape of all pairs
        softmax = torch.stack([score.expand_as(total) for score in scores]).softmax(dim=0)
        weights = self.rate * softmax + (1 - self.rate)
        read = [weight[..., None] * _heads(block.value, token) for weight, token in zip(weights, tokens, strict=True)]
        heads: torch.Tensor = sum(read[1:], read[0])
        return reader + heads.flatten(start_dim=-2) @ block.output.T

    def logits(self) -> torch.Tensor:
        """Compute the logits of all pairs, p x p x p: first residue, second residue, class."""
        return self(self.first[:, None], self.second[None, :])

    def with_tables(self, first: torch.Tensor, second: torch.Tensor) -> Self:
        """Return the same network with other embeddings."""
        return replace(self, first=first, second=second)


def _heads(weight: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """Project states, ... x d, to the heads, ... x H x dh, by weights H x dh x d."""
    projected = state @ weight.flatten(end_dim=1).T
    return projected.reshape(*state.shape[:-1], *weight.shape[:2])
