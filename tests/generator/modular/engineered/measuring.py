"""The amplitude of a circle in isolation, for tests of hand-made networks; independent of the package's measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.modular.network.circle import circle

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from generator.modular.network.model import ModularNetwork

__all__ = ["amplitude", "correlation", "isolated", "variation"]


def isolated(network: ModularNetwork, frequency: int) -> ModularNetwork:
    """Keep one circle, and the means, of both tables."""
    plane = circle(frequency, network.modulus)

    def kept(table: torch.Tensor) -> torch.Tensor:
        return table.mean(dim=0) + plane @ (plane.T @ table)

    return network.with_tables(kept(network.first), kept(network.second))


def amplitude(network: ModularNetwork, frequency: int) -> NDArray[np.float64]:
    """Compute the amplitude of cos(w (a + b - c)) in the logits over d = a - b, p values."""
    logits = network.logits().numpy()
    p = len(logits)
    residues = np.arange(p)
    turn = np.exp(2j * np.pi * frequency * residues / p)
    spun = 2 / p * (logits @ turn) * turn.conj()[:, None] * turn.conj()[None]
    values = np.array([spun[(residues + d) % p, residues].mean() for d in residues])
    mean = values.mean()
    return np.asarray((values * mean.conj() / abs(mean)).real)


def variation(network: ModularNetwork, frequency: int) -> float:
    """Compute standard deviation over mean of the amplitude of an isolated circle."""
    values = amplitude(isolated(network, frequency), frequency)
    return float(values.std() / values.mean())


def correlation(network: ModularNetwork, frequency: int) -> float:
    """Compute the correlation of the isolated amplitude with that of a pizza."""
    values = amplitude(isolated(network, frequency), frequency)
    angle = np.pi * frequency * np.arange(len(values)) / len(values)
    return float(np.corrcoef(values, np.abs(np.cos(angle)))[0, 1])
