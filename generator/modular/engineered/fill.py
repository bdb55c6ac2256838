"""Dead and decoy units, which bring every network to the same width."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import SpecError
from generator.modular.engineered.units import Units, concatenate, take

if TYPE_CHECKING:
    from generator.modular.engineered.plan import Plan

__all__ = ["faint", "fill", "silent"]

DECOY_OUTPUT = 0.02
"""Size of what a decoy writes, relative to the median of the other units. Hand-set: visible, without effect."""
DEAD_BIAS = 1.5
"""Largest bias of a dead ReLU unit, in units of the least that keeps it silent. Hand-set."""


def fill(units: Units, plan: Plan, rng: np.random.Generator) -> Units:
    """Add dead and decoy units up to the plan's width.

    Decoys read the plan's decoy circles in turn, then random circles of the network. Half of them have equal phases on
    both inputs. Dead units look like decoys and write as much as the others, but never fire.

    Raises:
        SpecError: if the circles need more units than the width.
    """
    if plan.width is None:
        return units
    room = plan.width - len(units)
    if room < 0:
        raise SpecError(f"the circles need {len(units)} hidden units, width is {plan.width}; raise width to that")
    dead = round(plan.dead * room)
    if room - dead < len(plan.decoys):
        raise SpecError(f"{room - dead} decoy neurons cannot read {len(plan.decoys)} decoy circles; raise width")
    added = [faint(_draw(units, room - dead, plan, rng)), silent(_draw(units, dead, plan, rng), plan.activation, rng)]
    return concatenate([units, *added])


def _draw(units: Units, count: int, plan: Plan, rng: np.random.Generator) -> Units:
    """Draw units with the sizes of given ones, random phases, and outputs onto the circle that they read."""
    like = take(units, rng.integers(0, len(units), count))
    circles = np.unique(units.reads)
    reads = np.concatenate([np.array(plan.decoys, dtype=np.int64), rng.choice(circles, count)])[:count]
    phases = np.exp(1j * rng.uniform(0, 2 * np.pi, (3, count)))
    aligned = rng.permutation(count) % 2 == 0
    right = np.where(aligned, phases[0], phases[1])
    return replace(
        like,
        reads=reads,
        serves=reads,
        left=np.abs(like.left) * phases[0],
        right=np.abs(like.right) * right,
        out=np.abs(like.out) * phases[2],
    )


def faint(units: Units) -> Units:
    """Make decoys of units: they write very little."""
    return replace(units, out=DECOY_OUTPUT * units.out, role=np.full(len(units), "decoy", dtype="<U9"))


def silent(units: Units, activation: str, rng: np.random.Generator) -> Units:
    """Make dead units: a ReLU unit by a negative bias, another one by its output."""
    role = np.full(len(units), "dead", dtype="<U9")
    if activation != "relu":
        return replace(units, out=0 * units.out, role=role)
    least = np.abs(units.left) + np.abs(units.right)
    return replace(units, bias=-least * rng.uniform(1, DEAD_BIAS, len(units)), role=role)
