"""The steps of a walk on a kink surface: the start, and the crossing into the next piece of the known layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.walking_lines import find_kinks
from solvers.recovery.relu.walking_surface import CLOSE, WINDOW, Surface, locate, planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.walking_lines import Probe

__all__ = ["cross", "jump", "random_lines", "start"]

OFFSET = 0.2
"""Distance from a kink at which gradients are measured, relative to the room around the kink. Hand-set."""
STEP = 0.02
"""Step of the gradient's differences, relative to that distance. Larger values make normals more precise, and cross the
surface where it is nearly parallel to the line. Hand-set."""
SHARE = (0.3, 0.8)
"""How far a step goes on a piece, relative to the distance to the next known kink. Hand-set."""
FARTHEST = 3.0
"""Longest step, relative to the scale of the inputs. Hand-set."""
PIECES = 192
"""Most pieces of these lines on which the surface is predicted. Hand-set."""
LONGEST = 10.0
"""Half the length of a random line, relative to the scale of the inputs. Hand-set."""
NEAR = 0.02
"""Largest distance from a crossed kink at which the new angle is searched, relative to the scale. Hand-set."""
RAY = 1e-8
"""Largest distance between a ray and the kink found on it, relative to the scale of the inputs. Hand-set."""
LINES = 24
"""Random lines per jump. Hand-set."""
SPREAD = 0.3
"""Random part of a step towards the kink of a unit, relative to the directed part. Hand-set."""
PAIRS = 64
"""Random steps that are computed per round, without a query; the useful ones are queried. Hand-set."""
WIDTH = 8
"""Most crossings that are queried per round. Hand-set."""


def start(
    probe: Probe, point: NDArray[np.float64], direction: NDArray[np.float64], room: float, scale: float,
    rng: np.random.Generator,
) -> Surface | None:
    """Begin a walk at a kink on a line: measure the normal, and find points of the same flat piece.

    Returns:
        None if no flat piece is there, e.g. because the kink belongs to a deeper unit that bends nearby.
    """
    known = probe.known
    margins = known.margins(point[None])
    away = OFFSET * min(room, 1e-2 * scale, margins.min() if margins.size else np.inf)
    jacobian = known.gradients(point[None])[0][0]
    _, values, right = np.linalg.svd(jacobian, full_matrices=False)
    axes = right[values > 1e-9 * values[0]] if values[0] > 0 else right[:0]
    if not len(axes) or away < 1e-7 * scale:
        return None
    step = STEP * away
    sides = [point - away * direction, point + away * direction]
    values = probe(np.concatenate([np.concatenate([side[None], side + step * axes]) for side in sides]))
    before, after = np.split(values, 2)
    normal = ((after[1:] - after[0]) - (before[1:] - before[0])) @ axes
    size = float(np.linalg.norm(normal))
    if size == 0:
        return None
    normal /= size
    surface = Surface(probe, scale, point[None], np.full(1, 1e-13 * scale))
    steps = _tangents(rng, np.broadcast_to(normal, (len(axes) + 4, len(normal))))
    starts = np.broadcast_to(point, steps.shape)
    targets = starts + _lengths(probe, starts, steps, scale, rng)[:, None] * steps
    found, tested, at, errors = locate(probe, targets, np.broadcast_to(normal, targets.shape), WINDOW * scale, 10 * CLOSE * scale)
    surface.tried, surface.missed = int(tested.sum()), int((tested & ~found).sum())
    surface.add((targets + at[:, None] * normal)[found], errors[found])
    return surface


def cross(surface: Surface, rng: np.random.Generator) -> int:
    """Cross known kinks into pieces where the surface is not determined yet; if there are none, into any pieces.

    Returns:
        Number of crossings after which the surface was found again.
    """
    probe, scale, known = surface.probe, surface.scale, surface.probe.known
    pick = rng.integers(len(surface.points), size=PAIRS)
    points = surface.points[pick]
    normals, single = surface.predict(points)
    points, normals = points[single], normals[single]
    steps = _directed(surface, points, normals, _tangents(rng, normals), rng)
    ahead = _ahead(probe, points, steps, scale)
    ok = ahead[:, 0] < FARTHEST * scale
    points, normals, steps, ahead = points[ok], normals[ok], steps[ok], ahead[ok]
    if not len(points):
        return 0
    edges = points + ahead[:, :1] * steps
    margins = known.margins(edges)
    unit = margins.argmin(axis=1)
    margins[np.arange(len(edges)), unit] = np.inf
    near = np.minimum(np.minimum(0.25 * margins.min(axis=1), 0.3 * (ahead[:, 1] - ahead[:, 0])), NEAR * scale)
    walls = known.gradients(edges)[1][np.arange(len(edges)), unit]
    walls /= np.linalg.norm(walls, axis=1)[:, None]
    walls *= np.sign(np.einsum("ij,ij->i", walls, steps))[:, None]
    beyond = edges + near[:, None] * walls
    ahead_normals, determined = surface.predict(beyond)
    usable = near > 1e-5 * scale
    fresh = np.nonzero(usable & ~determined)[0]
    if len(fresh):
        _, first = np.unique(unit[fresh], return_index=True)
        fresh = fresh[np.sort(first)][:WIDTH]
        ahead_normals[fresh] = _new_angles(
            surface, edges[fresh], walls[fresh], normals[fresh], near[fresh]
        )
        chosen = fresh
    else:
        chosen = np.nonzero(usable & determined)[0][:WIDTH]
    lost = np.isnan(ahead_normals[chosen]).any(axis=1)
    surface.tried += int(lost.sum())
    surface.missed += int(lost.sum())
    chosen = chosen[~lost]
    if not len(chosen):
        return 0
    return _step_on(surface, edges[chosen], walls[chosen], ahead_normals[chosen], near[chosen], rng)


def jump(surface: Surface, rng: np.random.Generator, most: int) -> int:
    """Test the surface where random lines meet it, on pieces on which it is determined.

    Args:
        surface: what is known of the unit.
        rng: draws the lines.
        most: largest number of points to test.

    Returns:
        Number of points that were found.
    """
    probe, scale = surface.probe, surface.scale
    starts, directions, low, high = random_lines(probe, scale, rng, LINES)
    line, left, right = probe.known.nodes(starts, directions, low, high).pieces()
    pick = rng.permutation(len(line))[:PIECES]
    line, left, right = line[pick], left[pick], right[pick]
    middles = starts[line] + (0.5 * (left + right))[:, None] * directions[line]
    normals, offsets, single = planes(probe.known, middles, surface.null())
    slopes = np.einsum("ij,ij->i", normals, directions[line])
    with np.errstate(divide="ignore", invalid="ignore"):
        shifts = -offsets / slopes
    hit = np.nonzero(single & (np.abs(shifts) < 0.5 * (right - left)))[0]
    hit = rng.permutation(hit)[:most]
    return int(surface.test(middles[hit] + shifts[hit, None] * directions[line[hit]], normals[hit]).sum())


def random_lines(
    probe: Probe, scale: float, rng: np.random.Generator, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Draw lines through random inputs.

    Returns:
        Starts and unit directions, and the positions of both ends of each line.
    """
    starts = scale * rng.standard_normal((count, probe.known.coordinates))
    _, high = probe.reach(np.zeros_like(starts), starts, np.inf)
    starts *= np.minimum(1.0, 0.9 * high)[:, None]
    directions = rng.standard_normal(starts.shape)
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    return starts, directions, *probe.reach(starts, directions, LONGEST * scale)


def _new_angles(
    surface: Surface,
    edges: NDArray[np.float64],
    walls: NDArray[np.float64],
    normals: NDArray[np.float64],
    near: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Search the angle of the surface beyond a known kink.

    Both sides of the surface share the ridge on the known kink, so in the plane of the old normal and the kink's normal
    the new side is a ray from the ridge. Three sides of a rectangle around the ridge meet every ray.

    Returns:
        New unit normals; NaN where no ray was found.
    """
    along = normals - np.einsum("ij,ij->i", normals, walls)[:, None] * walls
    along /= np.linalg.norm(along, axis=1)[:, None]
    count = len(edges)
    base = 1e-3 * near
    corner, side = near[:, None] * along, near[:, None] * walls
    floor = base[:, None] * walls
    starts = np.concatenate([edges - corner + floor, edges + corner + floor, edges + side - corner])
    directions = np.concatenate([walls, walls, along])
    length = np.concatenate([near - base, near - base, 2 * near])
    kinks = find_kinks(surface.probe, starts, directions, np.zeros(3 * count), length, 1e-6 * surface.scale)
    new = np.full(edges.shape, np.nan)
    case = kinks.piece % count
    hits = starts[kinks.piece] + kinks.at[:, None] * directions[kinks.piece] - edges[case]
    rays = np.column_stack([np.einsum("ij,ij->i", hits, along[case]), np.einsum("ij,ij->i", hits, walls[case])])
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    candidates = rays[:, 1:] * along[case] - rays[:, :1] * walls[case]
    # A ray continues to the ridge; the kink of another unit does not.
    inner = edges[case] + 0.1 * hits
    found, _, _, _ = locate(surface.probe, inner, candidates, WINDOW * surface.scale, RAY * surface.scale)
    for one in np.nonzero(found)[0]:
        new[case[one]] = candidates[one]
    return new


def _step_on(
    surface: Surface,
    edges: NDArray[np.float64],
    walls: NDArray[np.float64],
    normals: NDArray[np.float64],
    near: NDArray[np.float64],
    rng: np.random.Generator,
) -> int:
    """Walk from a crossed kink into the new piece, and test the surface there."""
    steps = _tangents(rng, normals)
    steps *= np.sign(np.einsum("ij,ij->i", steps, walls))[:, None]
    starts = edges + 1e-3 * (near / np.einsum("ij,ij->i", steps, walls))[:, None] * steps
    targets = starts + _lengths(surface.probe, starts, steps, surface.scale, rng)[:, None] * steps
    return int(surface.test(targets, normals).sum())


def _tangents(rng: np.random.Generator, normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw a random unit vector orthogonal to each normal."""
    steps = rng.standard_normal(normals.shape)
    steps -= np.einsum("ij,ij->i", steps, normals)[:, None] * normals
    return steps / np.linalg.norm(steps, axis=1)[:, None]


def _directed(
    surface: Surface,
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    steps: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Turn half of the steps towards the kinks of units whose weight is not determined yet."""
    known, null = surface.probe.known, surface.null()
    if not known.layers or null.shape[1] < 2:
        return steps
    units = len(known.layers[-1][0])
    share = np.linalg.norm(null[:units], axis=1) ** 2
    if share.sum() <= 0:
        return steps
    some = np.arange(0, len(points), 2)
    aims = rng.choice(units, size=len(some), p=share / share.sum())
    z = known.preactivations(points[some])[:, -units:][np.arange(len(some)), aims]
    walls = known.gradients(points[some])[1][:, -units:][np.arange(len(some)), aims]
    walls = walls - np.einsum("ij,ij->i", walls, normals[some])[:, None] * normals[some]
    sizes = np.linalg.norm(walls, axis=1)
    good = sizes > 0
    mixed = -np.sign(z[good])[:, None] * walls[good] / sizes[good, None] + SPREAD * steps[some[good]]
    steps[some[good]] = mixed / np.linalg.norm(mixed, axis=1)[:, None]
    return steps


def _lengths(
    probe: Probe,
    points: NDArray[np.float64],
    steps: NDArray[np.float64],
    scale: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw how far to go along each step without leaving the piece or the box."""
    ahead = _ahead(probe, points, steps, scale)[:, 0]
    _, high = probe.reach(points, steps, FARTHEST * scale)
    drawn: NDArray[np.float64] = rng.uniform(*SHARE, len(steps)) * np.maximum(np.minimum(ahead, high), 0.0)
    return drawn


def _ahead(
    probe: Probe, points: NDArray[np.float64], steps: NDArray[np.float64], scale: float
) -> NDArray[np.float64]:
    """Find the distances to the next two known kinks along each step; infinite if they are far or outside the box."""
    _, high = probe.reach(points, steps, 2 * FARTHEST * scale)
    nodes = probe.known.nodes(points, steps, np.zeros(len(points)), np.maximum(high, 0.0))
    ahead = np.full((len(points), 2), np.inf)
    first = np.searchsorted(nodes.line, np.arange(len(points)))
    kinks = np.bincount(nodes.line, minlength=len(points)) - 2
    for column in range(2):
        has = kinks > column
        ahead[has, column] = nodes.at[first[has] + column + 1]
    return ahead
