"""Find the vectors u whose powers u^k lie in a given space of symmetric tensors.

The algebraic method finds all vectors at once (Cardoso 1991, and De Lathauwer, Castaing and Cardoso 2007, Fourth-order
cumulant-based blind identification of underdetermined mixtures). A tensor with monomial coordinates t is a power if and
only if t_alpha t_beta = t_gamma t_delta whenever alpha + beta = gamma + delta. For a combination of basis tensors,
these are linear equations for the products of its coefficients. The solutions are diagonalised jointly. There may be at
most about as many products as equations.

The power method climbs to local maxima of the projection's norm from random starts (Kileel and Pereira 2019, Subspace
power method for symmetric tensor decomposition). It also refines the vectors of the algebraic method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.hessian.symmetric import SymmetricPower

__all__ = ["algebraic_vectors", "ascend", "distinct", "search_vectors"]

MOST_PRODUCTS = 2100
"""Most products of two coordinates for the algebraic method; 64 units have 2080. Time grows with the third power of the
products. Hand-set: 2100 products take seconds."""

PENCILS = 5
"""Random pairs of solutions that the algebraic method diagonalises. A larger value finds more vectors and takes longer.
Hand-set."""

BLOCK = 500
"""Equations evaluated at a time. A larger value takes more memory. Hand-set."""

NULL_SHIFT = 1e-13
"""Multiple of the identity that makes the equations' Gram matrix invertible, relative to its mean diagonal. A larger
value converges more slowly. Hand-set, just above rounding errors."""

NULL_ITERATIONS = 4
"""Inverse iterations. Each one multiplies the error by the ratio of the shift to the smallest nonzero eigenvalue.
Hand-set."""

SHIFT = 0.3
"""Multiple of the vector that a power iteration adds. A larger value converges more slowly and more reliably.
Hand-set."""

ITERATIONS = 300
"""Most power iterations of one start. Hand-set."""

BLUR = 0.3
"""Norm of the noise that is added to deflated starts, so that none is drawn twice. Hand-set."""

SETTLED = 1e-12
"""Change of the projection's squared norm in ten iterations below which a batch of starts ends. Hand-set."""

SAME = 1e-7
"""Two vectors count as equal if 1 - |cos| of their angle is below this value or below the tolerance of the subspace.
Hand-set."""


def algebraic_vectors(
    space: SymmetricPower, basis: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Find vectors by the algebraic method.

    Args:
        space: the space of tensors.
        basis: orthonormal basis of the subspace, h x coordinates.
        rng: generator for the pairs of solutions.

    Returns:
        Candidates of norm 1, rows x inputs, with repetitions; no rows if the subspace is too large for the method.
    """
    units = len(basis)
    equations = space.binomials
    if units * (units + 1) // 2 > MOST_PRODUCTS or units * (units - 1) // 2 > len(equations):
        return np.empty((0, space.inputs))
    solutions = _solutions(_gram(basis / space.scales, equations), units, rng)
    found = []
    for _ in range(PENCILS):
        one, other = np.einsum("pk,kst->pst", rng.standard_normal((2, units)), solutions)
        _, coordinates = np.linalg.eig(np.linalg.lstsq(other, one, rcond=None)[0].T)
        found.append(space.roots(np.real(coordinates).T @ basis))
    return np.concatenate(found)


def _gram(basis: NDArray[np.float64], equations: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sum the outer products of the equations, products x products.

    Args:
        basis: basis tensors in monomial coordinates, h x coordinates.
        equations: rows of alpha, beta, gamma, delta.
    """
    first, second = np.triu_indices(len(basis))
    gram = np.zeros((len(first), len(first)))
    columns = basis.T
    for at in range(0, len(equations), BLOCK):
        alpha, beta, gamma, delta = (columns[index] for index in equations[at : at + BLOCK].T)
        rows = alpha[:, first] * beta[:, second] + alpha[:, second] * beta[:, first]
        rows -= gamma[:, first] * delta[:, second] + gamma[:, second] * delta[:, first]
        gram += rows.T @ rows
    return gram


def _solutions(gram: NDArray[np.float64], units: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Find the solutions of the equations as symmetric matrices, h x h x h, by inverse iterations."""
    shifted = gram + NULL_SHIFT * np.trace(gram) / len(gram) * np.eye(len(gram))
    factor = cho_factor(shifted, overwrite_a=True, check_finite=False)
    vectors = rng.standard_normal((len(gram), units))
    for _ in range(NULL_ITERATIONS):
        vectors, _ = np.linalg.qr(cho_solve(factor, vectors, check_finite=False))
    first, second = np.triu_indices(units)
    solutions = np.zeros((units, units, units))
    solutions[:, first, second] = vectors.T / 2
    return solutions + solutions.transpose(0, 2, 1)


def ascend(
    space: SymmetricPower, basis: NDArray[np.float64], vectors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move vectors u to local maxima of the squared norm of the projection of u^k onto the subspace.

    Returns:
        The vectors, rows x inputs; and the squared norms, which are 1 if u^k lies in the subspace.
    """
    before = np.zeros(len(vectors))
    for iteration in range(1, ITERATIONS + 1):
        projected = (space.powers(vectors) @ basis.T) @ basis
        vectors = space.contract(projected, vectors) + SHIFT * vectors
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        if iteration % 10 == 0:
            norms = ((space.powers(vectors) @ basis.T) ** 2).sum(axis=1)
            if np.abs(norms - before).max() < SETTLED:
                break
            before = norms
    return vectors, ((space.powers(vectors) @ basis.T) ** 2).sum(axis=1)


def distinct(vectors: NDArray[np.float64], norms: NDArray[np.float64], tolerance: float) -> NDArray[np.intp]:
    """List the positions of vectors that differ by more than a sign; the largest projections come first."""
    kept: list[int] = []
    for at in np.argsort(-norms, kind="stable"):
        if not kept or np.abs(vectors[kept] @ vectors[at]).max() < 1 - max(SAME, tolerance):
            kept.append(int(at))
    return np.array(kept, dtype=np.intp)


def search_vectors(
    space: SymmetricPower, basis: NDArray[np.float64], tolerance: float, starts: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Find the vectors whose powers lie in a subspace.

    Args:
        space: the space of tensors.
        basis: orthonormal basis of the subspace, h x coordinates.
        tolerance: largest difference between 1 and the squared norm of a power's projection.
        starts: most random starts of the power iterations. They run in batches, until h vectors are found.
        rng: generator for the starts.

    Returns:
        At most h vectors of norm 1, rows x inputs.
    """
    units = len(basis)
    vectors, norms = np.empty((0, space.inputs)), np.empty(0)
    candidates = algebraic_vectors(space, basis, rng)
    if len(candidates):
        first = distinct(candidates, ((space.powers(candidates) @ basis.T) ** 2).sum(axis=1), tolerance)
        candidates = candidates[first[: 2 * units]]
    batch = max(50, 4 * units)
    while True:
        if len(candidates):
            moved, reached = ascend(space, basis, candidates)
            good = reached > 1 - tolerance
            vectors, norms = np.vstack([vectors, moved[good]]), np.append(norms, reached[good])
            kept = distinct(vectors, norms, tolerance)[:units]
            vectors, norms = vectors[kept], norms[kept]
        if len(vectors) >= units or starts <= 0:
            return vectors
        candidates = _starts(space, basis, vectors, batch, rng)
        starts -= batch


def _starts(
    space: SymmetricPower,
    basis: NDArray[np.float64],
    found: NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw starts of norm 1, near the tensors of the subspace that the powers found do not span.

    Random starts climb to the vectors with the widest surroundings over and over again. From 16 inputs and 100 units,
    2000 random starts found 88, and deflated ones 98.
    """
    noise = rng.standard_normal((count, space.inputs)) / np.sqrt(space.inputs)
    if len(found):
        left = np.linalg.svd(space.powers(found) @ basis.T)[2][len(found) :]
        noise = space.roots(rng.standard_normal((count, len(left))) @ left @ basis) + BLUR * noise
    return np.asarray(noise / np.linalg.norm(noise, axis=1, keepdims=True))
