"""The domains in which layers are searched: the input space, and the cell where all units of known layers are on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.domain import Domain

if TYPE_CHECKING:
    from solvers.recovery.relu.probe import Probe

__all__ = ["input_space"]


def input_space(probe: Probe) -> Domain:
    """The space of the inputs, inside the box if there is one."""
    size = probe.inputs
    faces, limits = np.empty((0, size)), np.empty(0)
    if probe.box is not None:
        faces, limits = np.concatenate([np.eye(size), -np.eye(size)]), np.full(2 * size, probe.box)
    return Domain(
        size, probe.outputs, probe, probe.noise, probe.reach, probe.step, faces, limits, np.zeros(size)
    )
