"""The known layers as a piecewise-linear map of the coordinates u.

The features phi(u) are the numbers on which the next layer may depend: h_l, and also h_{l-1} while the signs of layer l
are unknown, because sigma(-z) = sigma(z) - (1 + leak) z and z is linear in h_{l-1}. So a unit of layer l + 1 switches
where v phi(u) + b = 0, for any signs of layer l.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.prefix import Prefix

__all__ = ["KnownMap", "Nodes", "steady_units"]

THIN = 1e-9
"""Singular values of the first layer's weights below this share of the largest one count as zero. Hand-set, far above
rounding errors."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """Points on lines, sorted by line and then by position: the ends and every known kink between them.

    Attributes:
        line: number of the line of each node.
        at: position of each node, in units of the line's direction.
        unit: number of the unit that has a kink at the node, counted over all known layers and then the extra rows; -1
            for an end.
    """

    line: NDArray[np.int64]
    at: NDArray[np.float64]
    unit: NDArray[np.int64]

    def pieces(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """List line, start and end of each piece between two neighbouring nodes."""
        same = self.line[1:] == self.line[:-1]
        return self.line[1:][same], self.at[:-1][same], self.at[1:][same]


@dataclass(frozen=True, eq=False)
class KnownMap:
    """The known layers in the coordinates u, with x = origin + basis @ u.

    The basis spans the directions of the inputs on which the first layer depends. So superfluous inputs take no
    queries.

    Attributes:
        prefix: the known layers; without layers, phi(u) is u.
        bypass: whether phi also holds h_{l-1}.
        origin: a point of the inputs, d numbers.
        basis: d x coordinates, orthonormal columns.
    """

    prefix: Prefix
    bypass: bool
    origin: NDArray[np.float64]
    basis: NDArray[np.float64]

    @classmethod
    def of(cls, prefix: Prefix, *, bypass: bool = False) -> KnownMap:
        """Make the map, with coordinates in the row space of the first layer."""
        basis = np.eye(prefix.inputs)
        if prefix.depth and len(prefix.weights[0]) < prefix.inputs:
            _, values, right = np.linalg.svd(prefix.weights[0], full_matrices=False)
            basis = right[values > THIN * values[0]].T
        return cls(prefix, bypass and prefix.depth > 0, np.zeros(prefix.inputs), basis)

    @cached_property
    def layers(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Pairs of weight and bias; the first layer is in the coordinates u."""
        pairs = list(zip(self.prefix.weights, self.prefix.biases, strict=True))
        if pairs:
            weight, bias = pairs[0]
            pairs[0] = weight @ self.basis, bias + weight @ self.origin
        return pairs

    @property
    def coordinates(self) -> int:
        """Number of coordinates u."""
        return int(self.basis.shape[1])

    @cached_property
    def leak(self) -> float:
        """Slope of sigma below zero."""
        return -float(self.prefix.sigma.value(np.array([-1.0]))[0])

    def inputs(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the inputs x of points u."""
        return self.origin + points @ self.basis.T

    def features(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute phi, rows x features."""
        before, state = points, points
        for weight, bias in self.layers:
            before, state = state, self.prefix.sigma.value(state @ weight.T + bias)
        return np.concatenate([state, before], axis=1) if self.bypass else state

    def preactivations(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the preactivations of all known units, rows x units."""
        state, found = points, [np.empty((len(points), 0))]
        for weight, bias in self.layers:
            found.append(state @ weight.T + bias)
            state = self.prefix.sigma.value(found[-1])
        return np.concatenate(found, axis=1)

    def gradients(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Compute the derivatives by u on the piece of each point.

        Returns:
            Derivatives of the features, rows x features x coordinates, and of all preactivations, rows x units x
            coordinates.
        """
        rows, size = len(points), self.coordinates
        before = jacobian = np.broadcast_to(np.eye(size), (rows, size, size))
        state, found = points, [np.empty((rows, 0, size))]
        for weight, bias in self.layers:
            found.append(weight @ jacobian)
            z = state @ weight.T + bias
            before, jacobian = jacobian, np.where(z > 0, 1.0, self.leak)[:, :, None] * found[-1]
            state = self.prefix.sigma.value(z)
        features = np.concatenate([jacobian, before], axis=1) if self.bypass else jacobian
        return features, np.concatenate(found, axis=1)

    def margins(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Estimate the distance of each point from the kink of each known unit, rows x units, on the point's piece."""
        z = np.abs(self.preactivations(points))
        norms = np.linalg.norm(self.gradients(points)[1], axis=2)
        margins: NDArray[np.float64] = np.divide(z, norms, out=np.full_like(z, np.inf), where=norms > 0)
        return margins

    def nodes(
        self,
        starts: NDArray[np.float64],
        directions: NDArray[np.float64],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        extra: NDArray[np.float64] | None = None,
    ) -> Nodes:
        """Find all known kinks on lines, layer by layer.

        Between two nodes a preactivation is linear, so a change of its sign gives one more node.

        Args:
            starts: a point of each line, lines x coordinates.
            directions: direction of each line.
            low: start of each line, in units of its direction.
            high: end of each line.
            extra: rows (v, b) of further units on the features, whose kinks are nodes too.
        """
        count = len(starts)
        line = np.repeat(np.arange(count), 2)
        at = np.column_stack([low, high]).ravel()
        unit = np.full(2 * count, -1)
        first = 0
        levels = [len(weight) for weight, _ in self.layers]
        for level, units in enumerate([*levels, 0 if extra is None else len(extra)]):
            if not units:
                continue
            points = starts[line] + at[:, None] * directions[line]
            if level < len(levels):
                z = self._level(points, level)
            else:
                z = self.features(points) @ extra[:, :-1].T + extra[:, -1]  # type: ignore[index]
            left, right = z[:-1], z[1:]
            where, which = np.nonzero(((left > 0) != (right > 0)) & (line[1:] == line[:-1])[:, None])
            share = left[where, which] / (left[where, which] - right[where, which])
            roots = at[where] + share * (at[where + 1] - at[where])
            line = np.concatenate([line, line[where]])
            at = np.concatenate([at, roots])
            unit = np.concatenate([unit, first + which])
            order = np.lexsort((at, line))
            line, at, unit = line[order], at[order], unit[order]
            first += units
        return Nodes(line, at, unit)

    def _level(self, points: NDArray[np.float64], level: int) -> NDArray[np.float64]:
        """Compute the preactivations of one known layer, counted from 0, rows x units."""
        state = points
        for weight, bias in self.layers[:level]:
            state = self.prefix.sigma.value(state @ weight.T + bias)
        weight, bias = self.layers[level]
        return state @ weight.T + bias


def steady_units(known: KnownMap, points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 1 for units of the last known layer that are on at all points, -1 for units off at all points, else 0."""
    if not known.prefix.depth:
        return np.zeros(known.prefix.units, np.int64)
    z = known.preactivations(points)[:, -known.prefix.units :]
    return np.asarray((z > 0).all(axis=0).astype(np.int64) - (z <= 0).all(axis=0))
