"""Collapse every cluster of units to one unit (Martinelli et al. 2024, section 3)."""

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
"""Students of lowest loss that may define a unit; a cluster without a member in one of them is left out (published
setting). A larger value keeps more clusters."""


@dataclass(frozen=True, eq=False)
class Collapsed:
    """The units that the clusters stand for.

    Attributes:
        incoming: clusters x (fan-in + 1).
        outgoing: students x next units x clusters, every student's sum over its members of the cluster.
        chosen: next units x clusters, the sums of the students that defined the units.
    """

    incoming: NDArray[np.float64]
    outgoing: NDArray[np.float64]
    chosen: NDArray[np.float64]


def collapse(units: Units, losses: NDArray[np.float64], gamma: float, beta: float) -> Collapsed:
    """Cluster the units, drop small and badly aligned clusters, and replace each other cluster by one unit.

    The unit is the mean of the members that the best student owns which owns any, among the best few students.

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
