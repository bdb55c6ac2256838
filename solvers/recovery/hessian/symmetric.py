"""Coordinates of symmetric tensors of order k, in which the tensor product is an inner product.

The tensor u^k of a vector u has the coordinates sqrt(k! / alpha!) u^alpha, one per multi-index alpha with |alpha| = k.
So the inner product of u^k and v^k is (u v)^k. The derivative of order k along v is the inner product of v^k with the
tensor of all derivatives of that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SymmetricPower"]


@dataclass(frozen=True)
class SymmetricPower:
    """The space of symmetric tensors of one order.

    Attributes:
        inputs: dimension d of the vectors.
        order: order k of the tensors.
    """

    inputs: int
    order: int

    @cached_property
    def factors(self) -> NDArray[np.intp]:
        """The factors of each coordinate's monomial, coordinates x k indices of inputs."""
        return np.array(list(combinations_with_replacement(range(self.inputs), self.order)))

    @cached_property
    def exponents(self) -> NDArray[np.intp]:
        """The multi-index of each coordinate, coordinates x inputs."""
        return np.asarray((self.factors[:, :, None] == np.arange(self.inputs)).sum(axis=1), dtype=np.intp)

    @cached_property
    def scales(self) -> NDArray[np.float64]:
        """The factor sqrt(k! / alpha!) of each coordinate."""
        counts = [factorial(self.order) / np.prod([factorial(int(one)) for one in row]) for row in self.exponents]
        return np.sqrt(np.array(counts, dtype=np.float64))

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.factors)

    @cached_property
    def directions(self) -> NDArray[np.float64]:
        """Directions of norm 1, coordinates x inputs. The derivatives along them determine the tensor."""
        lattice = self.exponents.astype(np.float64)
        return np.asarray(lattice / np.linalg.norm(lattice, axis=1, keepdims=True), dtype=np.float64)

    @cached_property
    def from_directions(self) -> NDArray[np.float64]:
        """The matrix that maps the derivatives along `directions` to coordinates."""
        return np.asarray(np.linalg.inv(self.powers(self.directions)), dtype=np.float64)

    def powers(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the coordinates of u^k for each row u, rows x coordinates."""
        result = np.broadcast_to(self.scales, (len(vectors), self.size)).copy()
        for place in range(self.order):
            result *= vectors[:, self.factors[:, place]]
        return result

    def contract(self, tensors: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Contract each tensor with its vector in all positions but one.

        Args:
            tensors: rows x coordinates.
            vectors: rows x inputs.

        Returns:
            Array of rows x inputs. For a tensor u^k and a vector v it is (u v)^(k-1) u.
        """
        result = np.zeros(vectors.shape)
        scaled = tensors * self.scales
        for left_out in range(self.order):
            term = scaled.copy()
            for place in range(self.order):
                if place != left_out:
                    term *= vectors[:, self.factors[:, place]]
            result += term @ self._places[left_out]
        return result / self.order

    @cached_property
    def _places(self) -> list[NDArray[np.float64]]:
        """For each position, the input of each coordinate there as a matrix of 0 and 1, coordinates x inputs."""
        return [(self.factors[:, place, None] == np.arange(self.inputs)).astype(float) for place in range(self.order)]

    @cached_property
    def binomials(self) -> NDArray[np.intp]:
        """The equations t_alpha t_beta = t_gamma t_delta, which only powers meet, as rows of four coordinates.

        For each sum alpha + beta, there is one equation fewer than there are pairs.
        """
        groups: dict[tuple[int, ...], tuple[int, int]] = {}
        rows = []
        for alpha, beta in combinations_with_replacement(range(self.size), 2):
            total = tuple(sorted((*self.factors[alpha].tolist(), *self.factors[beta].tolist())))
            first = groups.setdefault(total, (alpha, beta))
            if first != (alpha, beta):
                rows.append((*first, alpha, beta))
        return np.array(rows, dtype=np.intp).reshape(-1, 4)

    def roots(self, tensors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Find for each tensor a vector u of norm 1 whose power is approximately a multiple of the tensor.

        u is the first singular vector of the tensor as a matrix of inputs x (the other positions).
        """
        monomials = tensors / self.scales
        matrices = monomials[:, self._flat]
        return np.linalg.svd(matrices, full_matrices=False)[0][:, :, 0]

    @cached_property
    def _flat(self) -> NDArray[np.intp]:
        """The coordinate of each entry of a tensor, as a matrix of inputs x (the other positions)."""
        known = {tuple(row): at for at, row in enumerate(self.factors.tolist())}
        others = product(range(self.inputs), repeat=self.order - 1)
        rest = list(others)
        return np.array([[known[tuple(sorted((one, *more)))] for more in rest] for one in range(self.inputs)])
