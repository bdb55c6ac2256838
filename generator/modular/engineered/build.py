"""Build a feed-forward network from a plan: one container for every algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.errors import TrainingError
from generator.modular.engineered.basis import frame
from generator.modular.engineered.exact import exact_circle
from generator.modular.engineered.fill import fill
from generator.modular.engineered.forms import ideal_margin, require_margin
from generator.modular.engineered.natural import natural_circle
from generator.modular.engineered.units import Units, concatenate, rescale, take, waves
from generator.modular.network.mlp import MLP
from generator.modular.network.model import accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.engineered.plan import CirclePlan, Plan
    from generator.modular.network.model import ModularNetwork

__all__ = ["ATTEMPTS", "assemble", "build", "build_units", "circle_units", "draw_units", "require_solved", "shuffled"]

ATTEMPTS = 10
"""Draws of a natural network until the plan is said to be impossible. Hand-set."""


def build(plan: Plan, rng: np.random.Generator) -> MLP:
    """Build the network of a plan. It solves every pair.

    Raises:
        SpecError: if the circles need more units or columns than the plan has, or if its ideal logits tie.
        TrainingError: if no draw solves every pair.
    """
    return build_units(plan, rng)[0]


def build_units(plan: Plan, rng: np.random.Generator) -> tuple[MLP, Units]:
    """Build the network of a plan, and return its hidden units as well; both are in the same order."""
    require_margin(ideal_margin(plan), plan.modulus)
    for attempt in range(1, ATTEMPTS + 1):
        units = draw_units(plan, rng)
        network = assemble(units, plan, rng)
        if plan.exact or attempt == ATTEMPTS or accuracy(network.logits()) == 1:
            break
    require_solved(network, f"a network of circles {[circle.frequency for circle in plan.circles]}")
    return network, units


def require_solved(network: ModularNetwork, name: str) -> None:
    """Check that a network solves every pair.

    Raises:
        TrainingError: if it does not.
    """
    share = accuracy(network.logits())
    if share < 1:
        raise TrainingError(
            f"{name} modulo {network.modulus} solves {share:.2%} of the pairs, not all; use more neurons or circles, "
            "or frequencies with a larger ideal margin"
        )


def draw_units(plan: Plan, rng: np.random.Generator) -> Units:
    """Make the units of all circles and fill up to the width; shuffle and rescale the units of natural networks."""
    units = fill(concatenate([circle_units(circle, plan, rng) for circle in plan.circles]), plan, rng)
    return units if plan.exact else shuffled(units, plan, rng)


def circle_units(circle: CirclePlan, plan: Plan, rng: np.random.Generator) -> Units:
    """Make the units of one circle of a plan."""
    if plan.exact:
        return exact_circle(circle, plan.modulus, plan.activation)
    return natural_circle(circle, plan, rng)


def shuffled(units: Units, plan: Plan, rng: np.random.Generator) -> Units:
    """Shuffle units, and rescale each by a positive factor."""
    factors = np.exp(plan.spread * rng.standard_normal(len(units)))
    return rescale(take(units, rng.permutation(len(units))), factors, 2 if plan.activation == "square" else 1)


def assemble(units: Units, plan: Plan, rng: np.random.Generator) -> MLP:
    """Write units as a network with one embedding table, p x d."""
    circles = np.unique(units.reads)
    spread = 0.0 if plan.exact else plan.spread
    scales = np.exp(spread * rng.standard_normal(len(circles)))
    spins = waves(circles, plan.modulus) * scales
    table = np.stack([spins.real, spins.imag], axis=2).reshape(plan.modulus, -1)
    into = [_coordinates(side, units.reads, circles, scales) for side in (units.left, units.right)]
    if plan.embedding is not None:
        basis = frame(table.shape[1], plan.embedding, rng)
        table, into = table @ basis, [weight @ basis for weight in into]
    spin = waves(units.serves, plan.modulus)
    embedding = torch.from_numpy(table)
    return MLP(
        first=embedding,
        second=embedding,
        into_first=torch.from_numpy(into[0]),
        into_second=torch.from_numpy(into[1]),
        bias=torch.from_numpy(units.bias),
        unembed=torch.from_numpy((units.out * spin).real),
        unembed_bias=torch.zeros(plan.modulus, dtype=torch.float64),
        activation=plan.activation,
        shared=True,
    )


def _coordinates(
    phases: NDArray[np.complex128], reads: NDArray[np.int64], circles: NDArray[np.int64], scales: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Write Re(phase e^{i w t}) as weights of the cosine and sine columns of the circles, n x 2 F."""
    weights = np.zeros((len(phases), len(circles), 2))
    at = np.searchsorted(circles, reads)
    rows = np.arange(len(phases))
    weights[rows, at, 0] = phases.real / scales[at]
    weights[rows, at, 1] = -phases.imag / scales[at]
    return weights.reshape(len(phases), -1)
