"""The exchange model: the first-order effect on the output of exchanging partners of halves.

If the incoming halves stay at their positions and outgoing half j writes at position t, the output gains the term

    X[t, j] = g_{t+1} . (V_j sigma(U_t h_t + c_t) + e_j),

If the outgoing halves stay and incoming half i reads at position t, the term is g_{t+1} . V_t sigma(U_i h_t + c_i).
The change of the output is linear in the matrix of the permutation of partners, so the error is a quadratic assignment
problem. The search applies exchanges of two halves and predicts the change of all exchanges at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.core.band import Band

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.adjoint import Linearisation

__all__ = ["ExchangeSearch", "exchange_effects", "exchange_features", "exchange_model"]

LEAST_GAIN = 1e-9
"""Smallest predicted gain of an exchange, as a share of the current error. Hand-set, above float rounding."""


def exchange_model(
    network: ResidualNetwork, around: Linearisation, *, side: str, band: Band | None = None
) -> ExchangeSearch:
    """Build the model around a network linearised in the order of its blocks.

    Args:
        network: paired blocks in their order.
        around: its linearisation.
        side: "outgoing" or "incoming", the halves that may change positions.
        band: positions from which a position may take its half; by default as many positions as fit into memory.
    """
    band = band or Band.fitting(network.depth)
    features = exchange_features(network, around, side=side, band=band)
    errors = around.errors.T.reshape(-1)
    # Subtract the current partner's effect, because the model needs differences.
    present = torch.from_numpy(band.numbers.diagonal().copy())
    features -= features[present].repeat_interleave(band.span, dim=0)
    gram = (features @ features.T).div_(len(errors))
    linear = (features @ errors).div_(-len(errors))
    return ExchangeSearch(gram, linear, around.mse, band)


def exchange_features(
    network: ResidualNetwork, around: Linearisation, *, side: str, band: Band | None = None
) -> Tensor:
    """Compute the effect of half j at position t on every output: (K L) x (o n); K^2 x (o n) without a band."""
    band = band or Band(network.depth, network.depth)
    sigma = activation_function(network.activation)
    depth, hidden, width = network.U.shape
    outputs, rows = around.adjoints[0].shape[:2]
    features = torch.empty(depth, band.span, outputs, rows)
    for t in range(depth):
        near = slice(band.start(t), band.start(t) + band.span)
        readers, biases = network.U[near].reshape(-1, width), network.c[near].reshape(-1)
        writers = network.V[near].transpose(1, 2).reshape(-1, width)
        h, g = around.states[t], around.adjoints[t + 1]
        for c in range(outputs):
            if side == "outgoing":
                active = sigma(torch.addmm(network.c[t], h, network.U[t].T))
                pulled = (g[c] @ writers.T).view(rows, band.span, hidden)
                contribution = torch.matmul(pulled, active[:, :, None])[:, :, 0]
                features[t, :, c] = (contribution + g[c] @ network.e[near].T).T
            else:
                active = sigma(torch.addmm(biases, h, readers.T)).view(rows, band.span, hidden)
                features[t, :, c] = torch.matmul(active, (g[c] @ network.V[t])[:, :, None])[:, :, 0].T
    return features.view(depth * band.span, outputs * rows)


def exchange_effects(network: ResidualNetwork, around: Linearisation, *, side: str) -> Tensor:
    """Predict the effect of every single exchange of two partners on every output: K x K x (o n), symmetric."""
    depth = network.depth
    features = exchange_features(network, around, side=side).view(depth, depth, -1)
    features -= features.diagonal().T[:, None].clone()
    return features + features.transpose(0, 1)


class ExchangeSearch:
    """A quadratic model of assignments: constant - 2 linear . x + x^T gram x, x the entries of a permutation.

    The model holds the entries in a band around every position. Exchanges outside the bands have no predicted change.

    Attributes:
        depth: number of positions, K.
    """

    def __init__(self, gram: Tensor, linear: Tensor, constant: float, band: Band) -> None:
        self.depth, self._numbers = band.depth, band.numbers
        self._gram = gram.numpy()
        self._linear = linear.double().numpy()
        self._energy = self._gram.diagonal().astype(np.float64)
        self._constant = constant

    def descend(self, damping: float, max_exchanges: int = 500) -> list[int]:
        """Apply the best exchange repeatedly until no exchange lowers the penalised model.

        Args:
            damping: penalty of each changed partner, as a multiple of its energy (its diagonal entry of gram); a larger
                value changes fewer partners.
            max_exchanges: largest number of exchanges.

        Returns:
            The permutation: perm[t] = half that goes to position t.
        """
        depth = self.depth
        perm = np.arange(depth)
        slope = -2.0 * self._linear + damping * self._energy
        least = LEAST_GAIN * self._constant
        for _ in range(max_exchanges):
            change = self._predicted_changes(perm, slope)
            best = int(change.argmin())
            if not change.flat[best] < -least:
                break
            a, b = divmod(best, depth)
            new, old = self._numbers[[a, b], perm[[b, a]]], self._numbers[[a, b], perm[[a, b]]]
            slope += 2.0 * (self._gram[new].sum(axis=0) - self._gram[old].sum(axis=0))
            perm[a], perm[b] = perm[b], perm[a]
        return [int(t) for t in perm]

    def _predicted_changes(self, perm: NDArray[np.int64], slope: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predict the change of the exchange of positions a and b for all a, b: K x K, 0 on the diagonal."""
        depth = self.depth
        a, b = np.arange(depth)[:, None], np.arange(depth)[None, :]
        pairs = ((a, perm[b]), (b, perm[a]), (a, perm[a]), (b, perm[b]))
        numbers = [np.broadcast_to(self._numbers[pair], (depth, depth)) for pair in pairs]
        unknown = (numbers[0] < 0) | (numbers[1] < 0)
        signs = (1.0, 1.0, -1.0, -1.0)
        change = np.zeros((depth, depth))
        for sign, number in zip(signs, numbers, strict=True):
            change += sign * slope[number]
        for i, first in enumerate(numbers):
            change += self._energy[first]
            for j in range(i):
                change += 2.0 * signs[i] * signs[j] * self._gram[first, numbers[j]]
        change[unknown] = np.inf
        np.fill_diagonal(change, 0.0)
        return change
