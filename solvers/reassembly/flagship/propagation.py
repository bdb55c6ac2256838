"""Pairs and order from evidence and data together, by expectation propagation.

Weights give every pair log-odds. The flow under the belief they imply is linearised, and a Gaussian posterior of
the pairs computed from the residual; dividing the prior out leaves what the data alone say, as log-odds again
(Minka 2001, expectation propagation, with one factor for the weights and one for the data). In turn the shares of
time of each half are fitted under the belief. Data log-odds from a linearisation far off are overconfident, so
they count for `CAUTION` nats a standard score, and for more only where they stand out and the flow fits well.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from solvers.reassembly.core.mean_field import pairing_flow, sinkhorn
from solvers.reassembly.ordering.schedule import improve_shares, legendre, order_of, shares_of
from solvers.reassembly.pairing.alignment import standard_scores
from solvers.reassembly.pairing.statistics import match

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.assembly import Assembly
    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.core.monitor import Monitor
    from solvers.reassembly.ordering.refine import Refiner

__all__ = ["data_log_odds", "propagate", "strength"]

TINY = 1e-30
"""Keeps quotients and logarithms finite."""

TIME_STEPS = 12
"""Moments of the flow."""

DEGREE = 4
"""Highest degree of the shares' polynomials."""

DOUBT = 0.03
"""Share of the belief that stays spread over all pairs."""

UNKNOWNS = 1_500
"""Pairs that one regression may decide on, those in most doubt first: its cost grows with their square."""

CAUTION = 1.2
"""Nats that a standard score of the data counts while the flow is far off."""

FITS_WELL = 0.1
"""Share of the variance that the flow leaves, below which the data are believed more."""

MEMORY = 0.3
"""Weight of earlier data scores beside the newest."""

NOISES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Noise variances that are tried, in units of what is regressed."""

MOVES = 2
"""Rounds of moves on the order that a belief implies, to see how good it is."""

PATIENCE = 6
"""Rounds without a better assembly that end the search."""


def propagate(refiner: Refiner, evidence: Tensor, monitor: Monitor, *, rounds: int = 24) -> Assembly:
    """Settle pairs and order from standard scores of the pairs, K x K, and the data.

    Args:
        refiner: of the puzzle.
        evidence: standard scores from the weights.
        monitor: asked whether time is up.
        rounds: at most.

    Returns:
        The best assembly met.
    """
    halves, depth = refiner.halves, refiner.halves.depth
    told = min(2.0, max(0.5, strength(evidence))) * evidence
    prior = _spread(sinkhorn(told.float()))
    basis = legendre(TIME_STEPS, DEGREE)
    coefficients = torch.zeros(DEGREE, depth)
    scores, weight = torch.zeros_like(evidence), 0.0
    best, idle, began = _assembled(refiner, range(depth), match(evidence)), 0, 0.0
    for number in range(rounds):
        spent = monitor.deadline.spent()
        late = number > 0 and 2 * spent - began > 1.0  # a round may take seconds
        if monitor.deadline.passed() or late or refiner.solved(best) or idle == PATIENCE:
            break
        began = spent
        rows = _rows(refiner)
        belief = _spread(sinkhorn((told + weight * scores).float()))
        blurred = _blurred(halves, belief)
        few = rows.head(max(150, rows.count // 3))
        for _ in range(4 if number == 0 else 2):
            coefficients = improve_shares(blurred, few, basis, coefficients, min(DEGREE, 2 + number // 2)).coefficients
        odds, mse = data_log_odds(halves, rows, belief, prior, shares_of(basis, coefficients))
        fresh = standard_scores(odds)
        scores = standard_scores((1.0 - MEMORY) * fresh + MEMORY * scores) if number else fresh
        good = FITS_WELL * refiner.search.variance  # zero where there is but one row
        caution = CAUTION + 2.0 * max(0.0, math.log10(max(good, TINY) / max(mse, TINY)))
        weight = min(max(CAUTION, strength(scores)), caution)
        order = order_of(coefficients)
        tried = [_assembled(refiner, order, match(pairs)) for pairs in (told + weight * scores, scores)]
        found = min((_moved(refiner, assembly, monitor) for assembly in tried), key=lambda one: one.mse)
        monitor.log(f"propagation {number + 1}: flow {mse:.3e}, data count {weight:.2f}, assembly {found.mse:.3e}")
        idle = 0 if found.mse < best.mse else idle + 1
        best = min(best, found, key=lambda one: one.mse)
    return best


def _moved(refiner: Refiner, assembly: Assembly, monitor: Monitor) -> Assembly:
    for _ in range(MOVES):
        if not monitor.deadline.passed():
            assembly = refiner.relocate(assembly)
    return assembly


def data_log_odds(
    halves: ResidualNetwork, rows: Rows, belief: Tensor, prior: Tensor, schedule: Tensor
) -> tuple[Tensor, float]:
    """Tell what the predictions alone say about every pair.

    Args:
        halves: not paired.
        rows: to regress on.
        belief: about the pairs, around which the flow is linearised, K x K.
        prior: what is believed without the data, K x K; entries count as independent, with variance p (1 - p).
        schedule: shares of the incoming halves, L x K.

    Returns:
        Log-odds K x K, zero where a pair was left out, and the flow's mean squared error.
    """
    depth = halves.depth
    predictions, features = pairing_flow(halves, rows.inputs, belief, schedule)
    residual = (rows.targets - predictions).T.reshape(-1)
    mse = float(residual.square().mean())
    if not math.isfinite(mse) or not math.isfinite(float(features.square().sum())):
        return torch.zeros(depth, depth), mse
    features = features.view(-1, depth, depth)
    features = features - features.mean(dim=1, keepdim=True) - features.mean(dim=2, keepdim=True)
    features = (features + features.mean(dim=(1, 2), keepdim=True)).view(len(residual), -1)
    wanted = residual + features @ (belief - prior).reshape(-1)
    doubt = (prior * (1.0 - prior)).reshape(-1)
    asked = doubt.argsort(descending=True)[:UNKNOWNS]
    doubt, guess = doubt[asked].double(), prior.reshape(-1)[asked].double()
    mean, variance = _posterior(features[:, asked] * doubt.sqrt().float(), wanted, guess, doubt)
    # What the data add: the Gaussian that takes the prior to the posterior, read as odds of one against zero.
    spread = 1.0 / (1.0 / variance - 1.0 / doubt).clamp_min(1e-9)
    centre = spread * (mean / variance - guess / doubt)
    odds = torch.zeros(depth * depth, dtype=torch.double)
    odds[asked] = (2.0 * centre - 1.0) / (2.0 * spread)
    return odds.view(depth, depth), mse


def _posterior(scaled: Tensor, wanted: Tensor, guess: Tensor, doubt: Tensor) -> tuple[Tensor, Tensor]:
    """Regress with a unit Gaussian prior on scaled features; the noise is what is left on rows not fitted."""
    checked = torch.arange(len(wanted)) % 5 == 4
    gram = (scaled[~checked].T @ scaled[~checked]).double()
    target = (scaled[~checked].T @ wanted[~checked]).double()
    power = float(wanted.square().mean()) + TINY
    left, noise = math.inf, power
    for share in NOISES:
        factor = _factor(gram, share * power)
        if factor is None:
            break
        solution = torch.cholesky_solve(target[:, None] / (share * power), factor)[:, 0]
        error = float((wanted[checked] - scaled[checked] @ solution.float()).square().mean())
        if error >= left:
            break
        left, noise = error, share * power
    noise = max(noise, left) if math.isfinite(left) else noise
    while (factor := _factor(gram, noise)) is None:
        noise *= 10.0
    solution = torch.cholesky_solve(target[:, None] / noise, factor)[:, 0]
    shrunk = torch.cholesky_inverse(factor).diagonal().clamp(1e-6, 1.0 - 1e-6)
    return guess + doubt.sqrt() * solution, doubt * shrunk


def _factor(gram: Tensor, noise: float) -> Tensor | None:
    """Factor the precision; None where the noise is less than what float32 sums leave in null directions."""
    precision = gram / noise
    precision.diagonal().add_(1.0)
    factor: Tensor
    factor, info = torch.linalg.cholesky_ex(precision)
    return None if int(info) else factor


def strength(scores: Tensor) -> float:
    """Estimate how far the true pairs stand above the others in standard scores, from their matching alone.

    The mean score of matched pairs is compared with simulated scores whose true pairs stand m above normal
    noise; a fifth is taken off, since the noise of real scores is not independent.
    """
    partners = match(scores)
    matched = float(scores[torch.arange(len(partners)), torch.tensor(partners)].mean())
    levels, means = _simulated(len(partners))
    return 0.8 * float(np.interp(matched, means, levels))


@functools.cache
def _simulated(depth: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    levels = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0)
    rng = torch.Generator().manual_seed(0)
    means = []
    for level in levels:
        matched = []
        for _ in range(3):
            scores = standard_scores(torch.randn(depth, depth, generator=rng) + level * torch.eye(depth))
            matched.append(float(scores[torch.arange(depth), torch.tensor(match(scores))].mean()))
        means.append(sum(matched) / len(matched))
    # Below the level that a matching can see the means hardly differ; interpolation asks that they do not fall.
    return levels, tuple(itertools.accumulate(means, max))


def _assembled(refiner: Refiner, order: range | list[int], partners: list[int]) -> Assembly:
    return refiner.measure(tuple(order), tuple(partners[i] for i in order))


def _blurred(halves: ResidualNetwork, belief: Tensor) -> ResidualNetwork:
    """Give every incoming half the mean of the outgoing halves it may belong to."""
    return replace(halves, V=torch.einsum("ij,jdm->idm", belief, halves.V), e=belief @ halves.e)


def _spread(belief: Tensor) -> Tensor:
    return (1.0 - DOUBT) * belief + DOUBT / len(belief)


def _rows(refiner: Refiner) -> Rows:
    outputs, depth = refiner.search.targets.shape[1], refiner.halves.depth
    return refiner.draw(max(300, min(2 * depth * depth, 3 * UNKNOWNS) // outputs))
