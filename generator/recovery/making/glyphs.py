"""Draw images of the ten digits by strokes, with random position, size, rotation, slant, thickness and noise.

The module reads no image data. A pixel's value falls from 1 to 0 with its distance from the nearest stroke.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DIGITS", "draw_digits"]

CHUNK = 256
"""Images drawn at a time. A larger value takes more memory. Hand-set."""
ANGLE, SLANT = 0.25, 0.2
"""Standard deviations of the rotation, in radians, and of the slant, in widths per height. Larger values make digits
vary more. Hand-set."""
SIZE = (0.62, 0.86)
"""Least and largest height of a digit as a share of the image. Hand-set."""
SHIFT = 0.06
"""Standard deviation of the shift as a share of the image. A larger value makes digits vary more. Hand-set."""
THICKNESS = (0.035, 0.075)
"""Least and largest half width of a stroke as a share of a digit's height. Hand-set."""
NOISE = 0.08
"""Standard deviation of the noise of each pixel; ink is 1. A larger value makes digits harder to recognise.
Hand-set."""

Point = tuple[float, float]
"""x and y in a digit's box, from -0.5 to 0.5; y points up."""


def _arc(centre: Point, radii: Point, start: float, end: float, parts: int = 8) -> list[Point]:
    """List points of an arc of an ellipse. Angles are in turns; 0 is right, 0.25 is the top."""
    turns = np.linspace(start, end, parts + 1) * 2 * math.pi
    return [(centre[0] + radii[0] * math.cos(t), centre[1] + radii[1] * math.sin(t)) for t in turns.tolist()]


DIGITS: tuple[tuple[list[Point], ...], ...] = (
    (_arc((0.0, 0.0), (0.3, 0.5), 0, 1, 14),),
    ([(-0.18, 0.3), (0.02, 0.5), (0.02, -0.5)],),
    ([*_arc((0.0, 0.2), (0.28, 0.3), 0.47, -0.08), (-0.3, -0.5), (0.32, -0.5)],),
    (_arc((-0.03, 0.24), (0.27, 0.26), 0.42, -0.25), _arc((-0.03, -0.24), (0.31, 0.26), 0.25, -0.42)),
    ([(0.14, -0.5), (0.14, 0.5), (-0.32, -0.15), (0.34, -0.15)],),
    ([(0.28, 0.5), (-0.22, 0.5), (-0.25, 0.07)], _arc((-0.02, -0.18), (0.31, 0.32), 0.36, -0.4)),
    ([(0.18, 0.5), (-0.12, 0.22), (-0.29, -0.15)], _arc((0.0, -0.22), (0.29, 0.28), 0, 1, 10)),
    ([(-0.3, 0.5), (0.32, 0.5), (-0.08, -0.5)],),
    (_arc((0.0, 0.25), (0.24, 0.25), 0, 1, 10), _arc((0.0, -0.25), (0.29, 0.25), 0, 1, 10)),
    (_arc((0.0, 0.22), (0.28, 0.28), 0, 1, 10), [(0.28, 0.2), (0.2, -0.5)]),
)
"""Strokes of each digit. A stroke is a line through points, in a box of height 1 around the origin."""


def draw_digits(digits: NDArray[np.int64], side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw images.

    Args:
        digits: the digit of each image, from 0 to 9.
        side: height and width of the images in pixels.
        rng: generator for positions, shapes and noise.

    Returns:
        Images, rows x side^2, with the pixels row by row from the top. Before the noise, ink is 1 and paper is 0.
    """
    count = len(digits)
    angle, slant = ANGLE * rng.standard_normal(count), SLANT * rng.standard_normal(count)
    size, thickness = rng.uniform(*SIZE, count), rng.uniform(*THICKNESS, count)
    shift = SHIFT * rng.standard_normal((count, 2))
    grid = (np.arange(side) + 0.5) / side - 0.5
    pixels = np.stack([np.tile(grid, side), -np.repeat(grid, side)], axis=1)  # x and y of every pixel
    images = np.empty((count, side * side))
    for digit, strokes in enumerate(DIGITS):
        rows = np.flatnonzero(digits == digit)
        for chunk in np.split(rows, range(CHUNK, len(rows), CHUNK)):
            cos, sin = np.cos(angle[chunk, None]), np.sin(angle[chunk, None])
            moved = (pixels - shift[chunk, None]) / size[chunk, None, None]
            x, y = cos * moved[..., 0] + sin * moved[..., 1], cos * moved[..., 1] - sin * moved[..., 0]
            away = _distance(x - slant[chunk, None] * y, y, strokes)
            soft = 1 / (side * size[chunk, None])  # one pixel from ink to paper
            images[chunk] = np.clip((thickness[chunk, None] - away) / soft + 0.5, 0, 1)
    return images + NOISE * rng.standard_normal(images.shape)


def _distance(x: NDArray[np.float64], y: NDArray[np.float64], strokes: tuple[list[Point], ...]) -> NDArray[np.float64]:
    """Compute the distance of each point from the nearest stroke."""
    nearest = np.full(x.shape, np.inf)
    for stroke in strokes:
        for (left, low), (right, high) in pairwise(stroke):
            along, up = right - left, high - low
            share = np.clip(((x - left) * along + (y - low) * up) / (along**2 + up**2), 0, 1)
            np.minimum(nearest, (x - left - share * along) ** 2 + (y - low - share * up) ** 2, out=nearest)
    return np.asarray(np.sqrt(nearest))
