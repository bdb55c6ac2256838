"""Symbols and residues: a relabelling gives the residue of every symbol of the inputs and of the classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from generator.modular.network.mlp import MLP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.network.transformer import Transformer

__all__ = ["Relabelling", "in_residues", "in_symbols", "without_offset"]


@dataclass(frozen=True, eq=False)
class Relabelling:
    """The residue of each symbol: three permutations of 0 ... p - 1, each of length p, int64.

    A network does not tell x from u x + v: with residues u x + v of the first input, u y + v' of the second and
    u z + v + v' of the classes it still adds. So a relabelling is known up to one u that is prime to p, v and v'.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    out: NDArray[np.int64]

    @classmethod
    def identity(cls, modulus: int) -> Self:
        """Return the relabelling of a puzzle with public names."""
        residues = np.arange(modulus)
        return cls(residues, residues, residues)

    @classmethod
    def drawn(cls, modulus: int, rng: np.random.Generator, *, same: bool) -> Self:
        """Draw three permutations, or one for all three."""
        first = rng.permutation(modulus)
        if same:
            return cls(first, first, first)
        return cls(first, rng.permutation(modulus), rng.permutation(modulus))

    def moved(self, unit: int, first: int = 0, second: int = 0) -> Relabelling:
        """Return the equivalent relabelling with residues u x + v, u y + v' and u z + v + v'."""
        modulus = len(self.first)
        return Relabelling(
            (unit * self.first + first) % modulus,
            (unit * self.second + second) % modulus,
            (unit * self.out + first + second) % modulus,
        )


def in_symbols(network: MLP | Transformer, names: Relabelling) -> MLP | Transformer:
    """Order the rows of tables and unembedding by symbol; they are in the order of the residues."""
    return _ordered(network, names.first, names.second, names.out)


def in_residues(network: MLP | Transformer, names: Relabelling) -> MLP | Transformer:
    """Order the rows of tables and unembedding by residue; they are in the order of the symbols."""
    return _ordered(network, np.argsort(names.first), np.argsort(names.second), np.argsort(names.out))


def without_offset(network: MLP | Transformer) -> MLP | Transformer:
    """Remove what the logits of all classes share, which changes no answer but hides what depends on a - b."""
    network = replace(network, unembed=network.unembed - network.unembed.mean(dim=0))
    if isinstance(network, MLP):
        return replace(network, unembed_bias=network.unembed_bias - network.unembed_bias.mean())
    return network


def _ordered(
    network: MLP | Transformer, first: NDArray[np.int64], second: NDArray[np.int64], out: NDArray[np.int64]
) -> MLP | Transformer:
    rows = torch.from_numpy(out)
    network = replace(
        network,
        first=network.first[torch.from_numpy(first)],
        second=network.second[torch.from_numpy(second)],
        unembed=network.unembed[rows],
        shared=False,
    )
    return replace(network, unembed_bias=network.unembed_bias[rows]) if isinstance(network, MLP) else network
