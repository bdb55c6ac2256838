"""Tasks on which hidden networks are trained. The module makes all data; inputs have mean zero and about unit variance.

digits: images of digits. One output is the logit of "the digit is odd"; n outputs are the logits of the digit modulo n.
classes: clusters of points. One output is the logit of the second of two classes; n outputs are logits of n classes.
regression: a linear trend plus sines along random directions, of Gaussian inputs. Targets have unit variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from generator.errors import SpecError
from generator.recovery.making.glyphs import draw_digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["TASKS", "Task", "make_task"]

MOST_ROWS, MOST_NUMBERS = 8192, 8_000_000
"""Most rows and most numbers of a task's data. Larger values make overfitting rarer and take more memory. Hand-set."""
SMALLEST_SIDE = 6
"""Least height and width of a digit's image in pixels. In smaller images, digits look alike. Hand-set."""
CLUSTERS = 3
"""Clusters per class. A larger value makes the boundaries between classes more complex. Hand-set."""
SPREAD = 0.6
"""Standard deviation of a cluster, where centres have standard deviation 1. A larger value makes classes overlap more.
Hand-set."""
WAVES = 8
"""Sines per output of the regression target. A larger value makes the target more complex. Hand-set."""


@dataclass(frozen=True, eq=False)
class Task:
    """Data to train on.

    Attributes:
        inputs: rows x d.
        targets: rows x o. For the losses `binary` and `classes`: the number of the class, rows x 1.
        loss: `squared` error, `binary` cross-entropy of one logit, or `classes`, cross-entropy of one logit per class.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    loss: Literal["squared", "binary", "classes"]


def make_task(name: str, inputs: int, outputs: int, rng: np.random.Generator) -> Task:
    """Make the data of a task.

    Args:
        name: a key of `TASKS`.
        inputs: number of inputs of the network, d.
        outputs: number of outputs of the network, o.
        rng: generator for the data.

    Raises:
        SpecError: if the task does not exist for this number of inputs or outputs.
    """
    rows = max(1, min(MOST_ROWS, MOST_NUMBERS // inputs))
    return TASKS[name](rows, inputs, outputs, rng)


def _digits(rows: int, inputs: int, outputs: int, rng: np.random.Generator) -> Task:
    side = math.isqrt(inputs)
    if side * side != inputs or side < SMALLEST_SIDE:
        raise SpecError(
            f"teacher digits has {inputs} inputs, which are no square image of at least {SMALLEST_SIDE} x "
            f"{SMALLEST_SIDE} pixels; set inputs to a square such as 100 or 784"
        )
    if outputs > 10:
        raise SpecError(f"teacher digits has {outputs} outputs, but there are ten digits; set outputs to at most 10")
    digits = rng.integers(10, size=rows)
    images = draw_digits(digits, side, rng)
    classes = digits % max(2, outputs)
    return _classification((images - images.mean()) / images.std(), classes, outputs)


def _classes(rows: int, inputs: int, outputs: int, rng: np.random.Generator) -> Task:
    count = max(2, outputs)
    centres = rng.standard_normal((count * CLUSTERS, inputs))
    cluster = rng.integers(count * CLUSTERS, size=rows)
    points = centres[cluster] + SPREAD * rng.standard_normal((rows, inputs))
    return _classification((points - points.mean(axis=0)) / points.std(axis=0), cluster % count, outputs)


def _classification(inputs: NDArray[np.float64], classes: NDArray[np.int64], outputs: int) -> Task:
    return Task(inputs, classes[:, None].astype(np.float64), "binary" if outputs == 1 else "classes")


def _regression(rows: int, inputs: int, outputs: int, rng: np.random.Generator) -> Task:
    points = rng.standard_normal((rows, inputs))
    directions = rng.standard_normal((inputs, outputs * WAVES)) * math.sqrt(2 / inputs)
    waves = np.sin(points @ directions + rng.uniform(0, 2 * math.pi, outputs * WAVES))
    trend = points @ rng.standard_normal((inputs, outputs)) / math.sqrt(inputs)
    target = waves.reshape(rows, outputs, WAVES).sum(axis=2) + trend
    return Task(points, (target - target.mean(axis=0)) / target.std(axis=0), "squared")


TASKS: dict[str, Callable[[int, int, int, np.random.Generator], Task]] = {
    "digits": _digits,
    "classes": _classes,
    "regression": _regression,
}
"""Tasks by name. Each function makes the data from numbers of rows, inputs and outputs, and a generator."""
