"""Filters that learn the common structure of a network's pairs from the pairs that they match.

The update of U is V^T times an average of outer products g x^T. The average is roughly the same for all blocks, so V_i
U_i has a common part C. The trace assumes C = -I; the matched filter learns C from the pairs. Early in training the
adjoint g is the head w for every block, so C = w c^T. The head filter learns only c, d numbers instead of d^2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from solvers.reassembly.core.mean_field import sinkhorn
from solvers.reassembly.pairing.alignment import TINY, standard_scores, standardised
from solvers.reassembly.pairing.statistics import match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["annealed_filter", "head_filter", "matched_filter"]

FILTER_ROUNDS = 10
"""Largest number of rounds of matching and filtering. Hand-set; most networks need three."""

ANNEALING = 20
"""Rounds of the filters that learn from a belief about the pairs. More rounds sharpen the belief more slowly. Hand-set.
"""

ENTROPIES = (2.0, 0.7)
"""Entropy of the belief about each half's partner, in nats, in the first round and the last rounds. Hand-set."""


def matched_filter(aspects: Sequence[ResidualNetwork], start: Tensor, companions: Tensor) -> Tensor:
    """Score pairs by the inner product of V_j [U_i c_i] with the sum of the products of the matched pairs.

    A pair's own product is left out of the filter that scores the pair, so a wrong pair does not confirm itself. Scores
    are sums of K x K Gram products; only the products of matched pairs are formed.

    Args:
        aspects: the halves under one or several transformations; each has a filter of its own, their scores add up.
        start: scores to begin with, K x K.
        companions: scores that are added in every round, K x K.
    """
    sides = [_centred(aspect) for aspect in aspects]
    rows = torch.arange(len(start))
    scores = start
    for _ in range(FILTER_ROUNDS):
        partners = torch.tensor(match(scores))
        renewed = companions
        for readers, writers in sides:
            own = writers[partners] @ readers
            pulled = torch.matmul(own.sum(dim=0).T, writers)
            filtered = (readers.flatten(1) @ pulled.transpose(1, 2).flatten(1).T).double()
            filtered[rows, partners] -= own.flatten(1).square().sum(dim=1)
            renewed = renewed + standard_scores(filtered)
        if match(renewed) == partners.tolist():
            return renewed
        scores = renewed
    return scores


def annealed_filter(aspects: Sequence[ResidualNetwork], start: Tensor, companions: Tensor) -> Tensor:
    """Score pairs as in `matched_filter`, but learn from a belief about the pairs that starts broad and sharpens.

    The few right pairs then contribute even if most of the first matching is wrong.

    Args:
        aspects: the halves under one or several transformations; each has a filter of its own, their scores add up.
        start: scores to begin with, K x K.
        companions: scores that are added in every round, K x K.
    """
    sides = [_centred(aspect) for aspect in aspects]
    energies = [_gram(readers) @ _gram(writers.transpose(1, 2)).T for readers, writers in sides]
    scores, scale = start, 1.0
    for step in range(ANNEALING):
        belief, scale = _belief(scores, _entropy(step, len(start)), scale)
        scores = companions
        for (readers, writers), energy in zip(sides, energies, strict=True):
            believed = torch.einsum("ij,jdm->idm", belief, writers)
            pulled = torch.matmul(torch.einsum("idm,imp->pd", believed, readers), writers)
            filtered = readers.flatten(1) @ pulled.transpose(1, 2).flatten(1).T - belief * energy
            scores = scores + standard_scores(filtered)
    return scores


def _gram(halves: Tensor) -> Tensor:
    """Compute inner products of the hidden units of each half: K x m x p to K x m^2."""
    return (halves @ halves.transpose(1, 2)).flatten(1)


def _entropy(step: int, depth: int) -> float:
    """Compute the entropy of the belief in a round, at most 0.6 log K."""
    progress = min(1.0, step / max(1, ANNEALING - 6))
    return min(0.6 * math.log(depth), ENTROPIES[0] + (ENTROPIES[1] - ENTROPIES[0]) * progress)


def _centred(network: ResidualNetwork) -> tuple[Tensor, Tensor]:
    """Return readers [U c], K x m x (d + 1), and writers V, both centred over the halves."""
    readers = torch.cat([network.U, network.c[:, :, None]], dim=2)
    return readers - readers.mean(dim=0), network.V - network.V.mean(dim=0)


def head_filter(network: ResidualNetwork, start: Tensor, companions: Tensor) -> Tensor:
    """Score pairs by the correlation, over hidden units, of w V_j with U_i c, K x K.

    The filter learns c from a belief about the pairs. The belief starts broad and sharpens, so that similar c result
    from all starts. A half's own pairs are left out of the c that scores these pairs.

    Args:
        network: halves.
        start: scores to begin with, K x K.
        companions: scores that are added in every round, K x K.
    """
    depth = network.depth
    head = network.head / network.head.norm(dim=1, keepdim=True).clamp_min(TINY)
    written = standardised(head @ network.V)
    written, read = written - written.mean(dim=0), network.U - network.U.mean(dim=0)
    contributions = torch.einsum("jom,imd->ijod", written, read).reshape(depth, depth, -1)
    energy = contributions.square().sum(dim=2)
    scores, scale = start, 1.0
    for step in range(ANNEALING):
        belief, scale = _belief(scores, _entropy(step, depth), scale)
        weighted = belief[:, :, None] * contributions
        common, mine, theirs = weighted.sum((0, 1)), weighted.sum(dim=1), weighted.sum(dim=0)
        filtered = contributions @ common - torch.einsum("ijf,if->ij", contributions, mine)
        filtered = filtered - torch.einsum("ijf,jf->ij", contributions, theirs)
        scores = standard_scores(filtered + belief * energy) + companions
    return scores


def _belief(scores: Tensor, entropy: float, scale: float) -> tuple[Tensor, float]:
    """Convert scores to a doubly stochastic belief of a given entropy per row.

    Returns:
        The belief, and the scale of the scores, from which the next round starts.
    """
    low, high = math.log(scale) - 1.5, math.log(scale) + 1.5
    for _ in range(7):
        middle = 0.5 * (low + high)
        belief = sinkhorn(math.exp(middle) * scores, rounds=15)
        found = -float((belief * belief.clamp_min(TINY).log()).sum()) / len(scores)
        low, high = (middle, high) if found > entropy else (low, middle)
    return belief.float(), math.exp(middle)
