"""Guess the roles of square halves: all halves share the basis of the state, but a hidden basis belongs to one block.

An incoming half U reads the state, so its Gram matrix in the state's basis is U^T U; an outgoing half V writes to the
state, so its Gram matrix is V V^T. Training makes the halves of all blocks read and write the same few directions, and
the head reads them too. So the true roles make the Gram matrices in the state's basis agree, while U U^T and V^T V are
in the basis of hidden units of one block, which no other block shares. With M_a(s) the Gram matrix of half a in role s,
without its trace and of unit norm, and M_h that of the head, the guess is the choice of K incoming halves with

    the largest sum over a < b of <M_a, M_b>, plus HEAD_WEIGHT times the sum over a of <M_a, M_h>.

This is an Ising model of 2K spins, whose couplings are inner products of role differences. A local search over
exchanges of an incoming with an outgoing half, from several starts, finds its maximum.

On three networks each of 11 trained recipes, the guess gives 69 to 100 % of the halves their right role; chance
gives 50 %. On untrained networks and after 250 steps it gives about 60 % (`experiments/solving/role_accuracy.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from generator.reassembly.unknown_roles import UnknownRolesPuzzle

__all__ = ["RoleModel", "guess_roles", "role_model"]

HEAD_WEIGHT = 2.0
"""Weight of the head's Gram matrix, in units of one half's. A higher value gives the head more influence. Hand-set: 1
and 2 do equally well on the networks of `experiments/solving/role_accuracy.py`."""

STARTS = 8
"""Starts of the local search: the first from the field, the others random. More starts take more time. Hand-set."""

GAIN = 1e-12
"""Least gain of an exchange. Without it, rounding could exchange two halves forever. Hand-set."""


@dataclass(frozen=True, eq=False)
class RoleModel:
    """Coherence as a function of roles, s = +1 for an incoming and -1 for an outgoing half: s J s / 2 + h s.

    Attributes:
        couplings: J, 2K x 2K, with a zero diagonal.
        field: h, 2K.
    """

    couplings: NDArray[np.float64]
    field: NDArray[np.float64]

    def coherence(self, roles: NDArray[np.float64]) -> float:
        """Compute the coherence of roles, 2K signs."""
        return float(roles @ self.couplings @ roles / 2 + self.field @ roles)

    def exchanges(self, roles: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Compute what exchanging an incoming with an outgoing half adds to the coherence.

        Returns:
            The K incoming halves, the K outgoing halves, and the gains, K x K.
        """
        pull = self.couplings @ roles + self.field
        up, down = np.flatnonzero(roles > 0), np.flatnonzero(roles < 0)
        return up, down, 2 * (pull[down][None, :] - pull[up][:, None] - 2 * self.couplings[np.ix_(up, down)])

    def climb(self, roles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Exchange an incoming with an outgoing half, the best exchange first, until no exchange gains."""
        roles = roles.copy()
        while True:
            up, down, gain = self.exchanges(roles)
            row, column = divmod(int(gain.argmax()), len(down))
            if gain[row, column] <= GAIN:
                return roles
            roles[up[row]], roles[down[column]] = -1.0, 1.0


def role_model(puzzle: UnknownRolesPuzzle) -> RoleModel:
    """Compute the couplings and the field of a puzzle from its weights; the data are not used."""
    weights, head = puzzle.squares.weights.double(), puzzle.head.double()
    reading, writing = _unit_grams(weights.mT @ weights), _unit_grams(weights @ weights.mT)
    mean, half = (reading + writing) / 2, (reading - writing) / 2
    couplings = (half @ half.T).fill_diagonal_(0.0)
    others = mean.sum(dim=0) - mean  # sum over the other halves
    field = (half * others).sum(dim=1) + HEAD_WEIGHT * (half @ _unit_grams(head.T @ head))
    return RoleModel(couplings.numpy(), field.numpy())


def guess_roles(model: RoleModel, rng: np.random.Generator, starts: int = STARTS) -> NDArray[np.float64]:
    """Find the most coherent roles with as many incoming as outgoing halves.

    Args:
        model: of the puzzle.
        rng: for the starts.
        starts: local searches; the best of their results is returned.

    Returns:
        2K signs: +1 for an incoming, -1 for an outgoing half.
    """
    count = len(model.field)
    orders = [np.argsort(-model.field, kind="stable"), *(rng.permutation(count) for _ in range(starts - 1))]
    found = []
    for order in orders:
        roles = -np.ones(count)
        roles[order[: count // 2]] = 1.0
        found.append(model.climb(roles))
    return max(found, key=model.coherence)


def _unit_grams(grams: Tensor) -> Tensor:
    """Remove the trace of Gram matrices, ... x d x d, and scale them to unit norm: ... x d^2."""
    width = grams.shape[-1]
    trace = grams.diagonal(dim1=-2, dim2=-1).mean(dim=-1)
    flat = (grams - trace[..., None, None] * torch.eye(width, dtype=grams.dtype)).flatten(-2)
    scaled: Tensor = flat / flat.norm(dim=-1, keepdim=True).clamp_min(torch.finfo(flat.dtype).tiny)
    return scaled
