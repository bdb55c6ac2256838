"""The quadratic construction of Gromov 2023 (arXiv 2301.02679): random phases whose sum is the output phase."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import SpecError
from generator.modular.engineered.build import assemble, require_solved
from generator.modular.engineered.plan import CirclePlan, Plan
from generator.modular.engineered.units import Units

if TYPE_CHECKING:
    from generator.modular.network.mlp import MLP

__all__ = ["gromov"]


def gromov(modulus: int, width: int, rng: np.random.Generator) -> MLP:
    """Build a clock of all frequencies with x^2 units, spread evenly over the frequencies.

    Nothing is fitted: interference between units falls as 1 / sqrt(width), and about 12 p units are enough.

    Args:
        modulus: p.
        width: hidden units.
        rng: source of randomness.

    Raises:
        SpecError: if there are fewer units than frequencies.
        TrainingError: if the network does not solve every pair.
    """
    every = np.arange(1, (modulus + 1) // 2)
    if width < len(every):
        raise SpecError(f"width is {width}; it must be at least {len(every)}, the number of circles modulo {modulus}")
    plan = Plan(modulus, (CirclePlan(1, "clock", neurons=1),), activation="square", exact=True)
    phases = np.exp(1j * rng.uniform(0, 2 * np.pi, (2, width)))
    units = Units.of(0, phases[0], phases[1], np.zeros(width))
    reads = rng.permutation(np.resize(every, width))
    units = replace(units, reads=reads, serves=reads, out=2 * len(every) / width * phases[0] * phases[1])
    network = assemble(units, plan, rng)
    require_solved(network, f"Gromov's construction of {width} units")
    return network
