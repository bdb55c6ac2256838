"""Gradient symmetricity: do both embeddings act on the logits alike (arXiv 2306.17844, definition 4.1)?

The measure is the mean cosine of the gradients of a logit with respect to the embeddings of a and of b, before
positions are added. A network that sees only E_a + E_b scores 1; an exact clock scores about 1 / p.

The value depends on the space in which the gradients are taken. Two cases need care:

* A network that is given only by tables of preactivations has no embeddings. Take `MLP.first` and `MLP.second` to be
  the orthonormal Fourier basis (`network.circle.basis`) or the identity, and W1, W2 to be the tables. The gradients are
  then functions of a residue, and both choices give the same value, because the cosine does not change under a
  rotation. It equals the paper's measure with one embedding table whose circles have equal power and that is read
  through W1 and W2. Do not use the tables as embeddings and W1 = W2 = 1: the gradients are then equal, and every
  network scores 1.
* Networks with hand-made weights may hold coordinates that no embedding uses. Gradients have components along these,
  which say nothing of the residues. `span=True` projects the gradients on the span of the centred rows of both tables.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cosine_similarity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.modular.network.model import ModularNetwork

__all__ = ["gradient_symmetricity", "reference_triples"]

TRIPLES = 4000
"""Number of triples (a, b, c) in the sample. The cosines of a clock spread by 0.4, so the standard error is .006. The
paper takes 100 triples (standard error .04).
"""

_SEED_OF_THE_PAPER, _TRIPLES_OF_THE_PAPER = 42, 100


def gradient_symmetricity(
    network: ModularNetwork,
    triples: int | Sequence[tuple[int, int, int]] = TRIPLES,
    seed: int = 0,
    *,
    span: bool = False,
) -> float:
    """Compute the mean cosine of dQ_c / dE_a and dQ_c / dE_b over triples (a, b, c).

    Args:
        network: the network.
        triples: the triples, or how many to draw (uniformly, with replacement). `reference_triples` gives the paper's.
        seed: seed of the draw.
        span: project the gradients on the span of the centred rows of both embedding tables.

    Returns:
        A value from -1 to 1. A vanishing gradient counts as cosine 0. NaN if the embeddings of a and b have different
        numbers of dimensions, because their gradients then lie in different spaces.
    """
    p = network.modulus
    if network.first.shape[1] != network.second.shape[1]:
        return float("nan")
    if isinstance(triples, int):
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randint(p, (3, triples), generator=generator)
    else:
        drawn = torch.tensor(list(triples)).T
    with torch.enable_grad():
        first = network.first[drawn[0]].detach().requires_grad_()
        second = network.second[drawn[1]].detach().requires_grad_()
        chosen = network(first, second).gather(1, drawn[2][:, None]).sum()
        left, right = torch.autograd.grad(chosen, (first, second))
    if span:
        directions = _span(network)
        left, right = left @ directions, right @ directions
    return float(cosine_similarity(left, right, dim=1).mean())


def reference_triples(modulus: int) -> list[tuple[int, int, int]]:
    """List the 100 triples of the paper's code: the first after `random.Random(42)` shuffles all p^3."""
    residues = range(modulus)
    triples = [(a, b, c) for a in residues for b in residues for c in residues]
    Random(_SEED_OF_THE_PAPER).shuffle(triples)  # noqa: S311
    return triples[:_TRIPLES_OF_THE_PAPER]


def _span(network: ModularNetwork) -> torch.Tensor:
    """Return an orthonormal basis, d x r, of the span of the centred rows of both tables."""
    rows = torch.cat([table - table.mean(dim=0) for table in (network.first, network.second)])
    _, sizes, directions = torch.linalg.svd(rows, full_matrices=False)
    rank = int((sizes > sizes.max() * torch.finfo(rows.dtype).eps * max(rows.shape)).sum())
    span: torch.Tensor = directions[:rank].T
    return span
