"""Find all flat hyperplanes of a piecewise-linear function: scan lines, measure new planes, refine, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.flatness import flat
from solvers.recovery.relu.hyperplanes.planes import NEAR, Planes, planes_at
from solvers.recovery.relu.hyperplanes.refine import refine, visible_share

if TYPE_CHECKING:
    from collections.abc import Callable

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.scanning import Kinks

__all__ = ["find_planes", "planes_of_kinks"]

BATCH = 3
"""Lines per scan. More lines find more planes per scan, but also more kinks on the same planes. Hand-set."""
SEEN = 0.3
"""Least visible share of a plane. A larger value drops more planes. Hand-set: tangent planes of bent surfaces stay
below 0.1.
"""
INNER = 1e-7
"""Least distance of a measured kink from the faces of the domain, relative to the typical norm. Hand-set."""
NUMBERS = 2_000_000
"""Numbers in the points of planes that are refined together. A larger value takes more memory, and is slower if the
points do not fit into the processor's cache. Hand-set."""
TESTS = 24
"""Points per plane on which the visible share is estimated. A larger value takes more queries. Hand-set."""


def find_planes(
    domain: Domain,
    rng: np.random.Generator,
    *,
    deep: bool,
    quiet: int,
    known: Planes | None = None,
    hopeful: Callable[[], bool] = lambda: True,
) -> Planes:
    """Find the flat hyperplanes.

    Args:
        domain: the function.
        rng: random generator.
        deep: whether the function also has kinks on bent surfaces.
        quiet: number of successive lines without a new plane after which the search stops.
        known: planes that an earlier search found; they come first in the result.
        hopeful: function that returns whether the search may go on.

    Returns:
        All planes.
    """
    planes = Planes.none(domain.dimensions) if known is None else known
    silent = 0
    # The first search leaves these segments out. The check of the network queries their ends: it fails if a plane is
    # missing.
    if domain.first is not None and known is not None:
        planes = planes_of_kinks(domain, domain.scan(domain.first), planes, rng, deep=deep, hopeful=hopeful)
    while silent < quiet and hopeful():
        # Half of the lines follow known normals, because trained units often have similar directions.
        along = planes.normals if silent and rng.random() < 0.5 else None
        lines = domain.lines(BATCH, rng, along)
        kinks = domain.scan(lines)
        before = len(planes)
        planes = planes_of_kinks(domain, kinks, planes, rng, deep=deep, hopeful=hopeful)
        silent = 0 if len(planes) > before else silent + len(lines.low)
    return planes


def planes_of_kinks(
    domain: Domain,
    kinks: Kinks,
    planes: Planes,
    rng: np.random.Generator,
    *,
    deep: bool,
    hopeful: Callable[[], bool] = lambda: True,
) -> Planes:
    """Add the flat hyperplanes of kinks that lie on no known plane, while `hopeful` returns True."""
    tolerance = max(NEAR, domain.step)
    fresh = kinks.some(~planes.explain(kinks, domain.reach, tolerance))
    if deep and len(fresh):
        fresh = fresh.some(flat(domain, fresh, rng))
    # Next to a face of the domain there is no room for gradients.
    fresh = fresh.some(domain.depth(fresh.points) > INNER * domain.reach)
    # A line meets a plane at most once, so the kinks of one line belong to different planes.
    for line in np.unique(fresh.line):
        here = fresh.some(fresh.line == line)
        here = here.some(~planes.explain(here, domain.reach, tolerance))
        if not len(here):
            continue
        together = max(1, NUMBERS // domain.dimensions**2)
        for at in range(0, len(here), together):
            if not hopeful():
                return planes
            planes = planes.joined(_measured(domain, here.some(np.arange(at, min(at + together, len(here)))), rng))
        planes = planes.distinct(domain.reach)
    return planes


def _measured(domain: Domain, kinks: Kinks, rng: np.random.Generator) -> Planes:
    """Measure and refine the planes through kinks, and leave out planes with a small visible share."""
    rough, good = planes_at(domain, kinks, rng)
    kinks = kinks.some(good)
    room = np.minimum(kinks.room.min(axis=1), domain.depth(kinks.points))
    exact, sure = refine(domain, rough, room, rng)
    exact = exact.some(sure)
    return exact.some(visible_share(domain, exact, TESTS, rng) >= SEEN)
