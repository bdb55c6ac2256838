"""The mean-field flow: every block, or every pair of halves, acts with a small weight at every time step.

While order and pairing are unknown, a network can be run as the average over orders and pairings. Let W[l, k] be the
share of block k that acts at time step l = 0 ... L-1, and M[i, j] the belief that halves i and j form one block:

    h_{l+1} = h_l + sum_k W[l, k] f_k(h_l)                                       (order unknown, pairing known)
    h_{l+1} = h_l + sum_ij W[l, i] M_ij [V_j sigma(U_i h_l + c_i) + e_j]         (both unknown)

The output depends smoothly on W and M. One backward pass gives its derivatives. A regression of the residual y - y_hat
on the derivatives gives a Gauss-Newton step for W or M.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.core.activations import derivative_function

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["pairing_flow", "ridge_step", "schedule_flow", "schedule_predictions", "sinkhorn"]

FLOW_CHUNK = 1 << 22
"""Largest number of activations of one chunk of rows over all time steps of a flow: 16 MiB in float32. Hand-set."""

CHUNK = 1 << 20
"""Largest number of activations of one time step if only predictions are computed: 4 MiB in float32. Hand-set."""

RIDGES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 10.0)
"""Ridges that are tried, in units of the mean diagonal of the Gram matrix. A larger ridge gives smaller steps.
Hand-set.
"""


def pairing_flow(network: ResidualNetwork, inputs: Tensor, belief: Tensor, schedule: Tensor) -> tuple[Tensor, Tensor]:
    """Run the average over pairings, and differentiate the predictions.

    Args:
        network: unpaired halves.
        inputs: n x d.
        belief: M, K x K, doubly stochastic.
        schedule: shares W of the incoming halves, L x K.

    Returns:
        Predictions n x o, and their derivatives with respect to M: (o n) x K^2, output by output.
    """
    depth, hidden, _ = network.U.shape
    outputs = network.head.shape[0]
    size = max(1, FLOW_CHUNK // (2 * len(schedule) * depth * hidden))
    parts = [_pairing_chunk(network, part, belief, schedule) for part in torch.split(inputs, size)]
    features = torch.cat([part[1] for part in parts], dim=1)
    return torch.cat([part[0] for part in parts]), features.view(outputs * len(inputs), depth * depth)


def _pairing_chunk(network: ResidualNetwork, h: Tensor, belief: Tensor, schedule: Tensor) -> tuple[Tensor, Tensor]:
    sigma, derivative = activation_function(network.activation), derivative_function(network.activation)
    depth, hidden, width = network.U.shape
    rows, outputs = len(h), network.head.shape[0]
    readers, biases = network.U.reshape(-1, width), network.c.reshape(-1)
    writers = _stacked_writers(network)
    active, slopes = [], []
    for shares in schedule:
        z = torch.addmm(biases, h, readers.T).view(rows, depth, hidden)
        active.append(sigma(z))
        slopes.append(derivative(z))
        contribution = belief * shares[:, None]
        h = h + torch.matmul(contribution.T, active[-1]).view(rows, -1) @ writers + contribution.sum(dim=0) @ network.e
    g = network.head[:, None, :].expand(outputs, rows, width)
    features = torch.zeros(outputs, rows, depth, depth)
    for a, slope, shares in zip(reversed(active), reversed(slopes), schedule.flip(0), strict=True):
        pulled = (g @ writers.T).view(outputs, rows, depth, hidden)
        features += shares[:, None] * (torch.matmul(a, pulled.transpose(2, 3)) + (g @ network.e.T)[:, :, None, :])
        g = g + (torch.matmul(belief * shares[:, None], pulled) * slope).view(outputs, rows, -1) @ readers
    return network.read(h), features


def schedule_predictions(network: ResidualNetwork, inputs: Tensor, schedule: Tensor) -> Tensor:
    """Run a schedule W, L x K, of paired blocks: n x d -> n x o."""
    size = max(1, CHUNK // (network.U.shape[0] * network.U.shape[1]))
    return torch.cat(
        [network.read(_schedule_states(network, part, schedule)[-1]) for part in torch.split(inputs, size)]
    )


def schedule_flow(network: ResidualNetwork, inputs: Tensor, schedule: Tensor) -> tuple[Tensor, Tensor]:
    """Run a schedule of paired blocks, and differentiate the predictions.

    Args:
        network: paired blocks.
        inputs: n x d.
        schedule: W, L x K.

    Returns:
        Predictions n x o, and their derivatives with respect to W: L x K x (o n), output by output.
    """
    time_steps, depth = schedule.shape
    size = max(1, FLOW_CHUNK // (2 * time_steps * depth * network.U.shape[1]))
    parts = [_schedule_chunk(network, part, schedule) for part in torch.split(inputs, size)]
    features = torch.cat([part[1] for part in parts], dim=3)
    return torch.cat([part[0] for part in parts]), features.view(time_steps, depth, -1)


def _stacked_writers(network: ResidualNetwork) -> Tensor:
    return network.V.transpose(1, 2).reshape(-1, network.V.shape[1])


def _schedule_states(network: ResidualNetwork, h: Tensor, schedule: Tensor) -> list[Tensor]:
    sigma = activation_function(network.activation)
    hidden, width = network.U.shape[1:]
    readers, biases, writers = network.U.reshape(-1, width), network.c.reshape(-1), _stacked_writers(network)
    states = [h]
    for shares in schedule:
        active = sigma(torch.addmm(biases, h, readers.T))
        h = h + active @ (writers * shares.repeat_interleave(hidden)[:, None]) + shares @ network.e
        states.append(h)
    return states


def _schedule_chunk(network: ResidualNetwork, inputs: Tensor, schedule: Tensor) -> tuple[Tensor, Tensor]:
    sigma, derivative = activation_function(network.activation), derivative_function(network.activation)
    time_steps, depth = schedule.shape
    hidden, width = network.U.shape[1:]
    rows, outputs = len(inputs), network.head.shape[0]
    readers, biases, writers = network.U.reshape(-1, width), network.c.reshape(-1), _stacked_writers(network)
    states = _schedule_states(network, inputs, schedule)
    g = network.head[:, None, :].expand(outputs, rows, width)
    features = torch.empty(time_steps, depth, outputs, rows)
    for step in range(time_steps - 1, -1, -1):
        z = torch.addmm(biases, states[step], readers.T)
        active, slope = sigma(z), derivative(z)
        pulled = g @ writers.T
        contribution = (pulled * active).view(outputs, rows, depth, hidden).sum(dim=3) + g @ network.e.T
        features[step] = contribution.permute(2, 0, 1)
        pulled *= slope * schedule[step].repeat_interleave(hidden)
        g = g + pulled @ readers
    return network.read(states[-1]), features


def ridge_step(features: Tensor, residual: Tensor, variances: Tensor) -> tuple[Tensor, float]:
    """Regress a residual on features with a ridge; every fifth row is left out of the fit and decides the ridge.

    Args:
        features: features, n x p.
        residual: residual, n.
        variances: prior variance of each coefficient up to a common factor, p; a larger variance allows a larger
            coefficient.

    Returns:
        The coefficients, and the unexplained share of the residual's mean square on the rows left out.
    """
    scaled = features * variances.sqrt()
    checked = torch.arange(len(residual)) % 5 == 4
    fit, check = scaled[~checked], scaled[checked]
    gram = (fit.T @ fit).double()
    target = (fit.T @ residual[~checked]).double()
    unit = float(gram.diagonal().mean()) + 1e-30
    best, lowest = torch.zeros(features.shape[1]), float("inf")
    total = float(residual[checked].square().mean()) + 1e-30
    before = float("inf")
    for ridge in reversed(RIDGES):
        damped = gram.clone()
        damped.diagonal().add_(ridge * unit)
        factor, info = torch.linalg.cholesky_ex(damped)
        if int(info) != 0:
            break
        coefficients = torch.cholesky_solve(target[:, None], factor)[:, 0].float()
        left = float((residual[checked] - check @ coefficients).square().mean()) / total
        if left < lowest:
            best, lowest = coefficients, left
        if left > before:
            break
        before = left
    return best * variances.sqrt(), lowest


def sinkhorn(logits: Tensor, rounds: int = 60) -> Tensor:
    """Scale exp(logits), K x K, to rows and columns that sum to 1 (Sinkhorn 1964), in logarithms."""
    for _ in range(rounds):
        logits = logits - torch.logsumexp(logits, dim=1, keepdim=True)
        logits = logits - torch.logsumexp(logits, dim=0, keepdim=True)
    return logits.exp()
