"""Write the students' hidden units as rows that can be compared between students.

Each row has a canonical sign, unless the activation has no symmetry, and a canonical scale if sigma(c z) = c sigma(z).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Units", "units_of"]


@dataclass(frozen=True, eq=False)
class Units:
    """The hidden units of one layer of all students; student s owns the rows s * n ... s * n + n - 1.

    Attributes:
        incoming: weights and bias of each unit in canonical sign and scale, units x (fan-in + 1), the bias last.
        outgoing: outgoing weights that belong to this sign and scale, units x units of the next layer.
        compared: the columns of `incoming` that are clustered: inputs that vary over the table, and the bias.
        student: the number of each unit's student.
    """

    incoming: NDArray[np.float64]
    outgoing: NDArray[np.float64]
    compared: NDArray[np.float64]
    student: NDArray[np.intp]


def units_of(
    layer: NDArray[np.float64],
    following: NDArray[np.float64],
    activation: str,
    informative: NDArray[np.bool_],
) -> Units:
    """Write the units of a layer in canonical form.

    The canonical sign makes the first informative weight positive. For tanh and sigmoid, a flip also changes the sign
    of the outgoing weights. A flipped sigmoid unit also adds a constant to the next bias; re-training fits this
    constant.

    Args:
        layer: students x units x (fan-in + 1).
        following: the next layer, students x units x (units of this layer + 1).
        activation: name of the activation.
        informative: for every input of the layer, whether it varies over the table.
    """
    sigma = ACTIVATIONS[activation]
    students, count, columns = layer.shape
    incoming = layer.reshape(-1, columns).copy()
    outgoing = following[:, :, :-1].transpose(0, 2, 1).reshape(students * count, -1).copy()
    if sigma.scales:
        norms = np.maximum(np.linalg.norm(incoming, axis=1, keepdims=True), np.finfo(np.float64).tiny)
        incoming, outgoing = incoming / norms, outgoing * norms
    kept = np.append(informative, True)
    if sigma.symmetry != "none":
        signs = np.where(incoming[:, int(np.argmax(kept))] < 0, -1.0, 1.0)[:, None]
        incoming = incoming * signs
        if sigma.symmetry in {"odd", "odd-constant"}:
            outgoing = outgoing * signs
    return Units(incoming, outgoing, incoming[:, kept], np.repeat(np.arange(students), count))
