"""Cluster units by average linkage, and choose the height at which the tree is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["aligned", "clusters", "cut_height"]


def clusters(rows: NDArray[np.float64], least: int) -> list[NDArray[np.intp]]:
    """Cluster rows by average linkage.

    Args:
        rows: rows x features, at least two rows.
        least: smallest size of a cluster, at least 2.

    Returns:
        The numbers of the rows in each cluster of at least `least` rows.
    """
    tree = linkage(pdist(rows), "average")
    labels = fcluster(tree, cut_height(tree, least), "distance")
    groups = (np.flatnonzero(labels == label) for label in np.unique(labels))
    return [group for group in groups if len(group) >= least]


def cut_height(tree: NDArray[np.float64], least: int) -> float:
    """Choose the height that gives the most clusters of at least `least` rows.

    Of the heights with the largest number, the last one of the first contiguous run is taken (Martinelli et al. 2024,
    section 3). Each merge removes its two parts from the count if they were large enough, and adds the merged cluster
    if it is large enough.

    Args:
        tree: merges from `scipy.cluster.hierarchy.linkage`, by height.
        least: smallest size of a cluster, at least 2.
    """
    leaves = len(tree) + 1
    sizes = np.concatenate([np.ones(leaves), tree[:, 3]])
    large = sizes >= least
    merged = tree[:, :2].astype(np.intp)
    counts = np.cumsum(large[leaves:].astype(int) - large[merged].sum(axis=1))
    distinct = np.append(np.diff(tree[:, 2]) > 0.0, True)  # merges of equal height happen together
    counts, heights = counts[distinct], tree[distinct, 2]
    first = int(np.argmax(counts))
    after = np.flatnonzero(counts[first:] < counts[first])
    return float(heights[first + int(after[0]) - 1 if len(after) else -1])


def aligned(rows: NDArray[np.float64], beta: float) -> bool:
    """Return whether the median cosine distance of a cluster's pairs is at most 1 - cos(beta), beta in radians."""
    return bool(np.median(pdist(rows, "cosine")) <= 1.0 - np.cos(beta))
