"""The hidden units of the first layer that reads both residues: frequencies, phases, alignment, symmetry.

A unit's preactivation is close to |A| cos(w a + phi) + |B| cos(w b + psi) + constant, and its weights to the answers
are close to |C| cos(w c + chi), all at one frequency w = 2 pi k / p. In a pizza phi = psi for all units; in a clock of
one hidden layer ("torus") phi and psi are independent; in both chi = phi + psi. See Gromov (arXiv 2301.02679), He et
al. (arXiv 2602.16849), Moisescu-Pareja et al. (arXiv 2512.25060) and McCracken et al. (arXiv 2505.18266).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from generator.modular.measures.circles import circle_power
from generator.modular.network.activations import activate
from generator.modular.network.mlp import MLP
from generator.modular.network.transformer import Transformer

if TYPE_CHECKING:
    from generator.modular.network.model import ModularNetwork

__all__ = ["FirstLayer", "Neurons", "describe", "first_layer", "merged"]

ALIVE = 1e-9
"""Standard deviation or output weight of a unit, relative to those of the layer, below which it is dead. Hand-set."""


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """Preactivations of the first hidden layer over all pairs, split into effects of a and b; m units.

    Attributes:
        level: mean over all pairs, m.
        left: effect of a: mean over b minus `level`, p x m.
        right: effect of b, p x m.
        energy: variance over all pairs, m. Attention adds effects of a and b together, which `left` and `right` lack.
        highest: largest preactivation, m.
        readout: weights from the units to the answers, p x m. Further layers of a feed-forward network are replaced by
            the product of their mean derivatives; of a transformer the direct path alone counts.
    """

    level: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor
    energy: torch.Tensor
    highest: torch.Tensor
    readout: torch.Tensor


@dataclass(frozen=True, eq=False)
class Neurons:
    """Frequencies and phases of the units of the first hidden layer that are alive; n of them.

    Attributes:
        units: their numbers in the layer, n.
        modulus: p.
        frequency: dominant frequency: the circle with most energy in both effects together, n.
        share: share of the variance of the preactivation in the dominant circle: R^2 of the best pair of sinusoids
            of one frequency, n.
        first, second, output: complex amplitudes A, B and C at the dominant frequency, n each. The angle is the phase.
        participation: inverse participation ratio of the circles' energies: 1 for one circle, 2 / p for white noise, n.
    """

    units: torch.Tensor
    modulus: int
    frequency: torch.Tensor
    share: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
    output: torch.Tensor
    participation: torch.Tensor

    @cached_property
    def weight(self) -> torch.Tensor:
        """Influence of each unit, n. It does not change if a ReLU unit's input is scaled up and its output down."""
        return (self.first.abs() * self.second.abs()).sqrt() * self.output.abs()

    def per_frequency(self) -> dict[int, int]:
        """Count the units of each dominant frequency, in ascending order."""
        counts = torch.bincount(self.frequency, minlength=1)
        return {int(k): int(counts[k]) for k in counts.nonzero()[:, 0]}

    def phase_alignment(self) -> float:
        """Compute sum Re(A conj B) / sum (|A|^2 + |B|^2) / 2: 1 for a pizza, about 0 for a torus clock."""
        energy = (self.first.abs() ** 2 + self.second.abs() ** 2) / 2
        return _ratio((self.first * self.second.conj()).real.sum(), energy.sum())

    def phase_coherence(self) -> float:
        """Compute the phase alignment after the best rotation of the circle of b for each frequency, from 0 to 1.

        It equals `phase_alignment` where both residues share one table. With separate tables the circles of a and b may
        start at different angles, which is no misalignment. n units of random phases have about n^(-1/2).
        """
        product = self.first * self.second.conj()
        energy = (self.first.abs() ** 2 + self.second.abs() ** 2) / 2
        found = sum(float(product[self.frequency == k].sum().abs()) for k in self.per_frequency())
        return found / float(energy.sum())

    def output_alignment(self) -> float:
        """Compute the mean of cos(chi - phi - psi), weighted by influence: 1 if chi = phi + psi for all units."""
        lag = self.output.angle() - self.first.angle() - self.second.angle()
        return _ratio((self.weight * lag.cos()).sum(), self.weight.sum())

    def phase_symmetry(self) -> dict[int, float]:
        """Measure for each frequency how evenly the phases phi + psi of its units are spread.

        The unwanted terms of a frequency cancel if the mean of exp(i n (phi + psi)) vanishes for n = 1 and n = 2 (n = 2
        and 4 in phi, if phi = psi). The measure is 1 minus the larger absolute value of these two means, weighted by
        influence: 1 if all cancels, 0 for a single unit. Frequency p / 2, whose phases are 0 or pi, is left out.
        """
        angle = self.first.angle() + self.second.angle()
        found = {}
        for k in self.per_frequency():
            if 2 * k == self.modulus:
                continue
            chosen = self.frequency == k
            weight = self.weight[chosen]
            sizes = [_ratio((weight * torch.exp(1j * n * angle[chosen])).sum().abs(), weight.sum()) for n in (1, 2)]
            found[k] = 1 - max(sizes)
        return found

    def offset(self, frequency: int) -> tuple[float, float]:
        """Estimate the angle by which the circle of a is ahead of that of b, from the units of one frequency.

        Returns:
            The angle in radians, and how well the units agree on it, from 0 (not at all) to 1. (0, 0) without units.
        """
        chosen = self.frequency == frequency
        product = (self.first * self.second.conj())[chosen]
        if not len(product) or not float(product.abs().sum()):
            return 0.0, 0.0
        energy = (self.first.abs() ** 2 + self.second.abs() ** 2)[chosen].sum() / 2
        return float(product.sum().angle()), _ratio(product.sum().abs(), energy)


def first_layer(network: ModularNetwork) -> FirstLayer | None:
    """Compute the preactivations of the first hidden layer that reads both residues; None if there is no such layer."""
    if isinstance(network, MLP):
        network = merged(network)
        if network.separate:
            return None
        left, right = network.first @ network.into_first.T, network.second @ network.into_second.T
        level = left.mean(dim=0) + right.mean(dim=0) + network.bias
        highest = left.amax(dim=0) + right.amax(dim=0) + network.bias
        energy = left.var(dim=0, correction=0) + right.var(dim=0, correction=0)
        left, right = left - left.mean(dim=0), right - right.mean(dim=0)
        return FirstLayer(level, left, right, energy, highest, _readout(network))
    if isinstance(network, Transformer) and network.blocks and len(network.blocks[0].into):
        values = network.preactivations(network.first[:, None], network.second[None, :])
        level = values.mean(dim=(0, 1))
        left, right = values.mean(dim=1) - level, values.mean(dim=0) - level
        energy = values.var(dim=(0, 1), correction=0)
        return FirstLayer(level, left, right, energy, values.amax(dim=(0, 1)), network.unembed @ network.blocks[0].out)
    return None


def merged(network: MLP) -> MLP:
    """Return an equal network whose first hidden layer reads both residues.

    In model gamma each unit of the first layer reads one residue, so the layer becomes a part of the embeddings. A
    separate first layer without a further layer stays as it is: no unit reads both residues.
    """
    if not network.separate or not network.hidden:
        return network
    (weight, bias), *hidden = network.hidden
    left, right = network.first @ network.into_first.T, network.second @ network.into_second.T
    return replace(
        network,
        first=activate(network.activation, left + network.bias),
        second=activate(network.activation, right + network.bias),
        into_first=weight,
        into_second=weight,
        bias=bias,
        hidden=tuple(hidden),
        separate=False,
    )


def describe(layer: FirstLayer, activation: str) -> Neurons | None:
    """Find the dominant frequency and the phases of every unit that is alive; None if all are dead.

    A unit is dead if it is constant, if it has no weights to the answers, or if it is a ReLU that is never on.
    """
    p = len(layer.left)
    power = circle_power(layer.left) + circle_power(layer.right)
    size = layer.readout.norm(dim=0)
    alive = (layer.energy > ALIVE**2 * layer.energy.sum()) & (size > ALIVE * size.sum())
    if activation == "relu":
        alive &= layer.highest > 0
    units = alive.nonzero()[:, 0]
    if not len(units):
        return None
    power = power[:, units]
    frequency = power.argmax(dim=0) + 1

    def amplitude(table: torch.Tensor) -> torch.Tensor:
        waves = torch.fft.rfft(table[:, units], dim=0) * (2 / p)
        if p % 2 == 0:
            waves[p // 2] /= 2  # this circle has no sine
        chosen: torch.Tensor = waves.gather(0, frequency[None])[0]
        return chosen

    return Neurons(
        units=units,
        modulus=p,
        frequency=frequency,
        share=power.gather(0, frequency[None] - 1)[0] / (p * layer.energy[units]),
        first=amplitude(layer.left),
        second=amplitude(layer.right),
        output=amplitude(layer.readout),
        participation=(power**2).sum(dim=0) / power.sum(dim=0) ** 2,
    )


def _readout(network: MLP) -> torch.Tensor:
    """Compute the mean derivative of the logits by the units of the first layer, p x m."""
    if not network.hidden:
        return network.unembed
    left, right = network.first @ network.into_first.T, network.second @ network.into_second.T
    state = network.combine(left[:, None], right[None, :]).flatten(end_dim=1)
    chain = torch.eye(state.shape[1], dtype=state.dtype)
    for weight, bias in network.hidden:
        with torch.enable_grad():
            before = (state @ weight.T + bias).detach().requires_grad_()
            after = activate(network.activation, before)
            (slopes,) = torch.autograd.grad(after.sum(), before)
        chain = slopes.mean(dim=0)[:, None] * (weight @ chain)
        state = after.detach()
    return network.unembed @ chain


def _ratio(part: torch.Tensor, whole: torch.Tensor) -> float:
    return float(part / whole) if float(whole) else math.nan
