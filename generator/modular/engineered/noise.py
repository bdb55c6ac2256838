"""Damage to a finished network: Gaussian noise on its weights, and pairs with a wrong answer."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from generator.modular.network.mlp import MLP
from generator.modular.network.transformer import Transformer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["plant_exceptions", "with_noise"]

Network = TypeVar("Network", bound=MLP | Transformer)

LEAD = 1.0
"""By how much the logit of a planted class exceeds all others, in units of the largest spread of logits. Hand-set."""


def with_noise(network: Network, sigma: float, rng: np.random.Generator) -> Network:
    """Add Gaussian noise to every tensor, of standard deviation `sigma` times that of the tensor.

    A table that both residues share stays shared. The network may no longer solve every pair.
    """
    noisy: Network = _disturbed(network, sigma, rng)
    return replace(noisy, second=noisy.first) if network.shared else noisy


def _disturbed(value: Any, sigma: float, rng: np.random.Generator) -> Any:
    """Disturb all tensors inside a value."""
    if isinstance(value, torch.Tensor):
        scale = sigma * float(value.std(correction=0))
        return value + scale * torch.from_numpy(rng.standard_normal(tuple(value.shape)))
    if isinstance(value, tuple):
        return tuple(_disturbed(item, sigma, rng) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        parts = {field.name: _disturbed(getattr(value, field.name), sigma, rng) for field in fields(value)}
        return replace(value, **parts)
    return value


def plant_exceptions(network: MLP, count: int, rng: np.random.Generator) -> tuple[MLP, NDArray[np.int64]]:
    """Overwrite the answer of some pairs by a wrong class.

    Each exception is a ReLU unit that fires on one pair only. It reads two new columns of the embedding, each of which
    is 1 at one residue. No residue occurs twice as a first or twice as a second one.

    Args:
        network: a network of one hidden ReLU layer.
        count: pairs, at most p.
        rng: source of randomness.

    Returns:
        The network, and its exceptions, count x 3: first residue, second residue, class.
    """
    p = network.modulus
    firsts, seconds = rng.permutation(p)[:count], rng.permutation(p)[:count]
    classes = (firsts + seconds + rng.integers(1, p, count)) % p
    logits = network.logits()
    lead = (1 + LEAD) * float((logits.amax(dim=2) - logits.amin(dim=2)).max())
    columns = torch.eye(p, dtype=torch.float64)[:, np.concatenate([firsts, seconds])]
    reading = torch.eye(2 * count, dtype=torch.float64)
    unembed = torch.zeros(p, count, dtype=torch.float64)
    unembed[classes, np.arange(count)] = 2 * lead
    first = torch.cat([network.first, columns], dim=1)
    changed = replace(
        network,
        first=first,
        second=first if network.shared else torch.cat([network.second, columns], dim=1),
        into_first=_beside(network.into_first, reading[:count]),
        into_second=_beside(network.into_second, reading[count:]),
        bias=torch.cat([network.bias, torch.full((count,), -1.5, dtype=torch.float64)]),
        unembed=torch.cat([network.unembed, unembed], dim=1),
    )
    return changed, np.stack([firsts, seconds, classes], axis=1)


def _beside(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """Put two matrices on the diagonal of one."""
    return torch.block_diag(old, new)  # type: ignore[no-untyped-call, no-any-return]
