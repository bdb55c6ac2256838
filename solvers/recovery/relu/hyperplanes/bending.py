"""Leave out tangent planes of bent surfaces, by the places where their kinks end.

The kink surface of a second-layer unit bends where it meets a hyperplane of the first layer. So the kinks on its
tangent plane end at hyperplanes of the first layer. Kinks on a hyperplane of the first layer end only where deeper
units switch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.refine import test_points, width_for

if TYPE_CHECKING:
    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["without_bent"]

POINTS = 64
"""Points per plane that are tested for kinks. A larger value takes more queries. Hand-set."""
PAIRS = 8
"""Borders between points with and without a kink that are located per plane. A larger value takes more queries.
Hand-set."""
HALVINGS = 16
"""Halvings of the way between two such points. Hand-set: 16 reach the width of the test of a kink."""
NEARBY = 6.0
"""Largest distance of a border from a hyperplane on which it counts as lying, in half widths of the test. Hand-set."""
BENT = 0.3
"""Least share of a plane's borders on other hyperplanes at which the plane counts as bent. A larger value keeps more
planes. Hand-set."""


def without_bent(domain: Domain, planes: Planes, rng: np.random.Generator) -> Planes:
    """Keep the planes whose kinks do not end on other kept planes; the most visible planes are kept first."""
    if not len(planes):
        return planes
    which = np.repeat(np.arange(len(planes)), POINTS)
    points = planes.spread(domain, which, rng)
    found, room = test_points(domain, planes, which, points, width_for(domain))
    which, points = which[room], points[room]
    seen = [points[(which == number) & found.kink] for number in range(len(planes))]
    unseen = [points[(which == number) & found.straight] for number in range(len(planes))]
    share = np.array([len(one) / max(len(one) + len(other), 1) for one, other in zip(seen, unseen, strict=True)])
    kept: list[int] = []
    for number in np.argsort(-share):
        pairs = min(PAIRS, len(seen[number]), len(unseen[number]))
        if kept and pairs:
            near, far = seen[number][:pairs], unseen[number][:pairs]
            for _ in range(HALVINGS):
                middle = 0.5 * (near + far)
                hit, inside = test_points(domain, planes, np.full(pairs, number), middle, width_for(domain))
                on = np.zeros(pairs, dtype=bool)
                on[inside] = hit.kink
                near, far = np.where(on[:, None], middle, near), np.where(on[:, None], far, middle)
            size = width_for(domain) * np.maximum(np.linalg.norm(near, axis=1), domain.reach)
            gap = np.abs(planes.some(np.array(kept, dtype=np.intp)).distances(near)).min(axis=1)
            if (gap <= NEARBY * size).mean() >= BENT:
                continue
        kept.append(int(number))
    return planes.some(np.array(sorted(kept), dtype=np.intp))
