"""Cluster the hidden units of several students, and compute one centre per cluster.

A wide student that reaches zero loss contains a copy of every true unit, up to the symmetry of the activation. Surplus
units differ between students, so only true units form clusters across students.

Source: Martinelli et al. 2024, arXiv 2304.12794, section 4. Differences: distances ignore the sign of a unit if the
activation allows a change of sign; a centre is the median of the members, because outliers do not move a median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["centres", "cluster_units", "cut_height", "unit_distances"]


def unit_distances(vectors: Array, *, signless: bool) -> Array:
    """Compute pairwise distances of units, units x units, from their (w, b), units x k.

    If `signless`, a distance is the smaller one over both signs of a unit.
    """
    squares = np.einsum("ik,ik->i", vectors, vectors)
    products = vectors @ vectors.T
    if signless:
        products = np.abs(products)
    distances: Array = np.sqrt(np.maximum(squares[:, None] + squares - 2 * products, 0))
    np.fill_diagonal(distances, 0)
    return distances


def cluster_units(vectors: Array, least: int, *, signless: bool) -> list[NDArray[np.intp]]:
    """Group units by average linkage, and keep the large groups.

    Args:
        vectors: (w, b) of all students' units, units x k.
        least: least number of members of a cluster; in the paper, a share of the number of students.
        signless: whether (w, b) and (-w, -b) count as equal.

    Returns:
        Positions of the members of each cluster, largest cluster first.
    """
    distances = unit_distances(vectors, signless=signless)
    tree = linkage(squareform(distances, checks=False), method="average")
    labels = fcluster(tree, cut_height(tree, least), criterion="distance")
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return sorted((group for group in groups if len(group) >= least), key=len, reverse=True)


def cut_height(tree: Array, least: int) -> float:
    """Find the height at which the tree has the most clusters of at least `least` members.

    The height is the last of the first run of merges that keep this number (Martinelli et al. 2024). One pass over the
    merges counts the large clusters: each merge takes away its two parts and adds their union.

    Args:
        tree: linkage matrix of scipy, one merge per row.
        least: least number of members of a large cluster.
    """
    units = len(tree) + 1
    sizes = np.concatenate([np.ones(units), tree[:, 3]])
    large = sizes >= least
    parts = tree[:, :2].astype(np.intp)
    counts = int(large[:units].sum()) + np.cumsum(large[units:].astype(int) - large[parts].sum(axis=1))
    first = int(np.argmax(counts))
    lower = np.flatnonzero(counts[first:] != counts[first])
    last = first + int(lower[0]) - 1 if len(lower) else len(counts) - 1
    return float(tree[last, 2])


def centres(vectors: Array, groups: Sequence[NDArray[np.intp]], *, signless: bool) -> Array:
    """Compute the coordinate-wise median of each group, groups x k, with signs aligned to the group's first member.

    Put the units of the best student first, so that the first member is the most exact one.
    """
    rows = []
    for group in groups:
        members = vectors[group]
        if signless:
            members = members * np.where(members @ members[0] < 0, -1.0, 1.0)[:, None]
        rows.append(np.median(members, axis=0))
    return np.array(rows).reshape(len(groups), vectors.shape[1])
