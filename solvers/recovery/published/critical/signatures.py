"""Measure the signature of a critical point: the switching unit's gradient by the inputs, up to a factor.

Source: Carlini, Jagielski and Mironov 2020, section 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.published.critical.probe import Probe

__all__ = ["rows_per_signature", "signatures"]

STEP = 1e-3
"""Step of the second differences, in standard deviations of the inputs. A larger step is more exact, but meets other
kinks more often. Hand-set."""
FAINT = 1e-7
"""Least second difference that counts as a kink, relative to the step times the largest value. Hand-set."""


def rows_per_signature(inputs: int) -> int:
    """Count the rows that one signature takes."""
    return 4 * inputs + 3


def signatures(probe: Probe, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure the signatures of critical points.

    The second difference along a direction v is proportional to |w v|. So second differences along the axes give the
    absolute weights. A second difference along the sum of two axes shows whether the two weights have equal signs; one
    of the two is always the axis of the largest weight.

    Returns:
        The points that show a kink, points x d; and their signatures, points x d, with the largest entry 1.

    Raises:
        SpentError: if the budget ends.
    """
    if not len(points):
        return points, points
    step, inputs = STEP * probe.scale, points.shape[1]
    axes = np.eye(inputs)
    points = probe.clip(points, 2 * step)
    centre = probe.values(points)
    sizes = _second_differences(probe, points, centre, np.broadcast_to(axes, (len(points), inputs, inputs)), step)
    largest = np.abs(sizes).argmax(axis=1)
    top = np.take_along_axis(sizes, largest[:, None], axis=1)
    # If a point misses the kink by a rounding error, all its second differences are too small by the same amount.
    wider = _second_differences(probe, points, centre, axes[largest][:, None], 2 * step)
    lift = wider - 2.0 * top
    sizes, top = sizes + lift, top + lift
    sums = axes[None] + axes[largest][:, None]
    both = _second_differences(probe, points, centre, sums, step) + lift
    ratio = sizes / np.where(top == 0.0, 1.0, top)
    signed = np.where(np.abs(both / np.where(top == 0.0, 1.0, top)) >= 1.0, ratio, -ratio)
    np.put_along_axis(signed, largest[:, None], 1.0, axis=1)
    kept = np.abs(top[:, 0]) > FAINT * step * (np.abs(centre).max() + 1.0)
    return points[kept], signed[kept]


def _second_differences(
    probe: Probe,
    points: NDArray[np.float64],
    centre: NDArray[np.float64],
    directions: NDArray[np.float64],
    step: float,
) -> NDArray[np.float64]:
    """Compute f(x + t v) + f(x - t v) - 2 f(x) for every point x and each of its directions v."""
    count, inputs = directions.shape[1:]
    ahead = (points[:, None] + step * directions).reshape(-1, inputs)
    behind = (points[:, None] - step * directions).reshape(-1, inputs)
    values = probe.values(np.concatenate([ahead, behind])).reshape(2, -1, count)
    return np.asarray(values.sum(axis=0) - 2.0 * centre[:, None])
