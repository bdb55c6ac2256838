"""Infer pairs and order jointly from weights and data, by expectation propagation.

The weights give log-odds of every pair, and the log-odds give a belief about the pairs. The mean-field flow under this
belief is linearised, and the residual gives a Gaussian posterior of the pairs. The posterior divided by the prior gives
the log-odds from the data alone (Minka 2001, expectation propagation, with one factor for the weights and one for the
data). The time shares of each half are then fitted under the belief. Log-odds of the data from a poor linearisation are
overconfident. So a standard score of the data counts CAUTION nats, and more only if the scores stand out and the flow
fits well.
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
    from jaxtyping import Float
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.assembly import Assembly
    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.core.monitor import Monitor
    from solvers.reassembly.ordering.refine import Refiner

__all__ = ["data_log_odds", "propagate", "strength"]

TINY = 1e-30
"""Smallest denominator and smallest argument of a logarithm, so that results stay finite."""

TIME_STEPS = 12
"""Time steps of the flow. Hand-set; more steps resolve the order better and take longer."""

DEGREE = 4
"""Highest degree of the time shares' polynomials. Hand-set."""

DOUBT = 0.03
"""Share of the belief that is spread evenly over all pairs. Hand-set; higher means slower commitment."""

UNKNOWNS = 1_500
"""Largest number of pairs in one regression, the most doubtful first; its cost grows with their square. Hand-set."""

CAUTION = 1.2
"""Nats per standard score of the data while the flow fits badly. Hand-set; a higher value weights the data more."""

FITS_WELL = 0.1
"""Error of the flow as a share of the variance, below which a score of the data counts more nats. Hand-set."""

MEMORY = 0.3
"""Weight of earlier data scores beside the newest scores. Hand-set; higher means slower changes."""

NOISES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Noise variances that are tried, in units of the mean square of the regression's targets. Hand-set."""

MOVES = 2
"""Rounds of block moves on the order that a belief implies, before its error is compared. Hand-set."""

PATIENCE = 6
"""Rounds without a better assembly after which the search ends. Hand-set."""


def propagate(refiner: Refiner, evidence: Float[Tensor, "K K"], monitor: Monitor, *, rounds: int = 24) -> Assembly:
    """Infer pairs and order from standard scores of the pairs and from the data.

    Args:
        refiner: of the puzzle.
        evidence: standard scores of all pairs from the weights.
        monitor: gives the deadline and takes log lines.
        rounds: largest number of rounds.

    Returns:
        The assembly of the lowest error.
    """
    halves, depth = refiner.halves, refiner.halves.depth
    by_weights = min(2.0, max(0.5, strength(evidence))) * evidence
    prior = _spread(sinkhorn(by_weights.float()))
    basis = legendre(TIME_STEPS, DEGREE)
    coefficients = torch.zeros(DEGREE, depth)
    scores, weight = torch.zeros_like(evidence), 0.0
    best, idle, began = _assembled(refiner, range(depth), match(evidence)), 0, 0.0
    for number in range(rounds):
        spent = monitor.deadline.spent()
        late = number > 0 and 2 * spent - began > 1.0  # no round starts that could overrun the deadline
        if monitor.deadline.passed() or late or refiner.solved(best) or idle == PATIENCE:
            break
        began = spent
        rows = _rows(refiner)
        belief = _spread(sinkhorn((by_weights + weight * scores).float()))
        averaged = _averaged(halves, belief)
        few = rows.head(max(150, rows.count // 3))
        for _ in range(4 if number == 0 else 2):
            coefficients = improve_shares(averaged, few, basis, coefficients, min(DEGREE, 2 + number // 2)).coefficients
        odds, mse = data_log_odds(halves, rows, belief, prior, shares_of(basis, coefficients))
        fresh = standard_scores(odds)
        scores = standard_scores((1.0 - MEMORY) * fresh + MEMORY * scores) if number else fresh
        good = FITS_WELL * refiner.search.variance  # zero where there is only one row
        caution = CAUTION + 2.0 * max(0.0, math.log10(max(good, TINY) / max(mse, TINY)))
        weight = min(max(CAUTION, strength(scores)), caution)
        order = order_of(coefficients)
        tried = [_assembled(refiner, order, match(pairs)) for pairs in (by_weights + weight * scores, scores)]
        found = min((_moved(refiner, assembly, monitor) for assembly in tried), key=lambda one: one.mse)
        monitor.log(f"propagation {number + 1}: flow {mse:.3e}, data weight {weight:.2f}, assembly {found.mse:.3e}")
        idle = 0 if found.mse < best.mse else idle + 1
        best = min(best, found, key=lambda one: one.mse)
    return best


def _moved(refiner: Refiner, assembly: Assembly, monitor: Monitor) -> Assembly:
    for _ in range(MOVES):
        if not monitor.deadline.passed():
            assembly = refiner.relocate(assembly)
    return assembly


def data_log_odds(
    halves: ResidualNetwork,
    rows: Rows,
    belief: Float[Tensor, "K K"],
    prior: Float[Tensor, "K K"],
    schedule: Float[Tensor, "L K"],
) -> tuple[Float[Tensor, "K K"], float]:
    """Compute the log-odds of every pair from the predictions alone.

    Args:
        halves: unpaired.
        rows: to regress on.
        belief: about the pairs, around which the flow is linearised.
        prior: belief without the data; entries count as independent, with variance p (1 - p).
        schedule: time shares of the incoming halves.

    Returns:
        Log-odds, zero where a pair was left out, and the flow's mean squared error.
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
    targets = residual + features @ (belief - prior).reshape(-1)
    doubt = (prior * (1.0 - prior)).reshape(-1)
    unknown = doubt.argsort(descending=True)[:UNKNOWNS]
    doubt, guess = doubt[unknown].double(), prior.reshape(-1)[unknown].double()
    mean, variance = _posterior(features[:, unknown] * doubt.sqrt().float(), targets, guess, doubt)
    # The data contribute the Gaussian that turns the prior into the posterior; its odds are those of 1 against 0.
    spread = 1.0 / (1.0 / variance - 1.0 / doubt).clamp_min(1e-9)
    centre = spread * (mean / variance - guess / doubt)
    odds = torch.zeros(depth * depth, dtype=torch.double)
    odds[unknown] = (2.0 * centre - 1.0) / (2.0 * spread)
    return odds.view(depth, depth), mse


def _posterior(
    scaled: Float[Tensor, "n p"], targets: Float[Tensor, " n"], guess: Float[Tensor, " p"], doubt: Float[Tensor, " p"]
) -> tuple[Float[Tensor, " p"], Float[Tensor, " p"]]:
    """Regress with a unit Gaussian prior on scaled features; the noise variance is the error on rows left out.

    Args:
        scaled: features times the prior's standard deviations.
        targets: of the regression.
        guess: prior means.
        doubt: prior variances.

    Returns:
        Posterior means and variances.
    """
    checked = torch.arange(len(targets)) % 5 == 4
    gram = (scaled[~checked].T @ scaled[~checked]).double()
    right = (scaled[~checked].T @ targets[~checked]).double()
    power = float(targets.square().mean()) + TINY
    left, noise = math.inf, power
    for share in NOISES:
        factor = _factor(gram, share * power)
        if factor is None:
            break
        solution = torch.cholesky_solve(right[:, None] / (share * power), factor)[:, 0]
        error = float((targets[checked] - scaled[checked] @ solution.float()).square().mean())
        if error >= left:
            break
        left, noise = error, share * power
    noise = max(noise, left) if math.isfinite(left) else noise
    while (factor := _factor(gram, noise)) is None:
        noise *= 10.0
    solution = torch.cholesky_solve(right[:, None] / noise, factor)[:, 0]
    shrunk = torch.cholesky_inverse(factor).diagonal().clamp(1e-6, 1.0 - 1e-6)
    return guess + doubt.sqrt() * solution, doubt * shrunk


def _factor(gram: Tensor, noise: float) -> Tensor | None:
    """Factor the posterior precision; None where the noise is below float32 rounding in null directions."""
    precision = gram / noise
    precision.diagonal().add_(1.0)
    factor: Tensor
    factor, info = torch.linalg.cholesky_ex(precision)
    return None if int(info) else factor


def strength(scores: Float[Tensor, "K K"]) -> float:
    """Estimate by how much the true pairs' standard scores exceed the others', from the matched pairs alone.

    The mean score of matched pairs is compared with simulated scores whose true pairs exceed normal noise by a known
    level. The estimate is reduced by a fifth, since the noise of real scores is not independent.
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
    # At low levels the means hardly differ; interpolation needs means that do not fall.
    return levels, tuple(itertools.accumulate(means, max))


def _assembled(refiner: Refiner, order: range | list[int], partners: list[int]) -> Assembly:
    return refiner.measure(tuple(order), tuple(partners[i] for i in order))


def _averaged(halves: ResidualNetwork, belief: Float[Tensor, "K K"]) -> ResidualNetwork:
    """Pair every incoming half with the average of the outgoing halves, weighted by the belief."""
    return replace(halves, V=torch.einsum("ij,jdm->idm", belief, halves.V), e=belief @ halves.e)


def _spread(belief: Float[Tensor, "K K"]) -> Float[Tensor, "K K"]:
    return (1.0 - DOUBT) * belief + DOUBT / len(belief)


def _rows(refiner: Refiner) -> Rows:
    outputs, depth = refiner.search.targets.shape[1], refiner.halves.depth
    return refiner.draw(max(300, min(2 * depth * depth, 3 * UNKNOWNS) // outputs))
