"""Collapse every cluster of units to one unit (Martinelli et al. 2024, arXiv 2304.12794, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.published.clustering.cut import aligned, clusters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.published.clustering.units import Units

__all__ = ["BEST_STUDENTS", "Collapsed", "collapse"]

BEST_STUDENTS = 5
"""Number of students with the lowest losses that may define a unit. A cluster without a member in one of them is
dropped. A larger value keeps more clusters. Published setting."""


@dataclass(frozen=True, eq=False)
class Collapsed:
    """One unit per cluster.

    Attributes:
        incoming: weights and biases of the units, clusters x (fan-in + 1).
        outgoing: each student's sum of outgoing weights over its members of the cluster, students x next units x
            clusters.
        chosen: these sums for the students that defined the units, next units x clusters.
    """

    incoming: NDArray[np.float64]
    outgoing: NDArray[np.float64]
    chosen: NDArray[np.float64]


def collapse(units: Units, losses: NDArray[np.float64], gamma: float, beta: float) -> Collapsed:
    """Cluster the units, drop small and badly aligned clusters, and replace each remaining cluster by one unit.

    The best student that owns members of the cluster defines the unit: the mean of its members.

    Args:
        units: units of all students.
        losses: loss of every student.
        gamma: smallest size of a cluster, as a share of the number of students.
        beta: largest median angle between the members of a cluster, in radians.
    """
    students = len(losses)
    best = np.argsort(losses)[:BEST_STUDENTS]
    incoming, outgoing, chosen = [], [], []
    for members in clusters(units.compared, max(2, int(gamma * students))):
        owners = units.student[members]
        owner = next((student for student in best if student in owners), None)
        if owner is None or not aligned(units.compared[members], beta):
            continue
        sums = np.zeros((students, units.outgoing.shape[1]))
        np.add.at(sums, owners, units.outgoing[members])
        incoming.append(units.incoming[members[owners == owner]].mean(axis=0))
        outgoing.append(sums)
        chosen.append(sums[owner])
    columns, following = units.incoming.shape[1], units.outgoing.shape[1]
    return Collapsed(
        np.array(incoming).reshape(-1, columns),
        np.array(outgoing).reshape(-1, students, following).transpose(1, 2, 0),
        np.array(chosen).reshape(-1, following).T,
    )
