"""Which frequencies a network uses: in its embeddings, and in its logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.modular.measures.amplitude import spectrum
from generator.modular.measures.circles import circle_power
from generator.modular.network.circle import companion
from generator.modular.network.mlp import MLP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.modular.network.model import ModularNetwork

__all__ = ["companions", "embedding_frequencies", "embedding_power", "key_frequencies", "logit_amplitudes"]

KEY_AMPLITUDE = 0.10
"""Amplitude in the logits, relative to the largest, above which a frequency is a key frequency. Brief, 3.4."""

EMBEDDED_POWER = 0.04
"""Share of the power of a centred table above which a circle is present. Brief, 3.4; 1 / 29 is chance for p = 59."""


def embedding_power(table: torch.Tensor) -> torch.Tensor:
    """Compute the shares of the circles 1 ... floor(p / 2) in the power of a centred table, p x d; NaN if constant."""
    power = circle_power(table).sum(dim=1)
    return power / power.sum()


def embedding_frequencies(network: ModularNetwork) -> tuple[int, ...]:
    """List the circles with more than 4 % of the power of either table, in ascending order; companions included.

    The tables of a feed-forward network are the contributions of the residues to the first preactivations, W1 x and
    W2 y. They do not depend on the basis of the embeddings, and exist where embeddings are not given.
    """
    tables = (network.first, network.second)
    if isinstance(network, MLP):
        tables = (network.first @ network.into_first.T, network.second @ network.into_second.T)
    present = torch.stack([embedding_power(table) for table in tables]).nan_to_num().amax(dim=0) > EMBEDDED_POWER
    return tuple(int(k) + 1 for k in present.nonzero())


def logit_amplitudes(logits: torch.Tensor) -> torch.Tensor:
    """Compute the absolute mean over all pairs of the complex amplitude of each frequency, floor(p / 2) values."""
    return spectrum(logits).mean(dim=1).abs()


def key_frequencies(logits: torch.Tensor, threshold: float = KEY_AMPLITUDE) -> tuple[int, ...]:
    """List the frequencies above a share of the largest amplitude in the logits, by descending amplitude."""
    amplitudes = logit_amplitudes(logits)
    order = amplitudes.argsort(descending=True, stable=True)
    return tuple(int(k) + 1 for k in order if amplitudes[k] > threshold * amplitudes.max())


def companions(keys: Iterable[int], present: Iterable[int], modulus: int) -> dict[int, int]:
    """Map each key frequency whose double is present in the embeddings to this double.

    This is the paper's sign of a companion. It says nothing of what the doubled circle does; `summary` measures that.
    """
    found = set(present)
    return {k: companion(k, modulus) for k in keys if companion(k, modulus) in found}
