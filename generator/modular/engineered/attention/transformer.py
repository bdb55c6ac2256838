"""One-layer transformers from a plan: clocks and traps by attention, pizzas by attention and hidden units."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.errors import SpecError, TrainingError
from generator.modular.engineered.attention.heads import (
    COORDINATES,
    FIRST,
    HEAD,
    OUTPUT,
    SECOND,
    SUM,
    Stream,
    plane,
    uniform,
)
from generator.modular.engineered.basis import frame
from generator.modular.engineered.build import ATTEMPTS, circle_units, require_solved, shuffled
from generator.modular.engineered.fill import faint, fill, silent
from generator.modular.engineered.forms import ideal_margin, require_margin
from generator.modular.engineered.units import Units, concatenate, take
from generator.modular.network.transformer import Block, Transformer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.engineered.plan import CirclePlan, Kind, Plan

__all__ = ["build_transformer"]

ADDING = {"pizza", "square"}
"""Kinds whose hidden units read the sum of the two tokens; other kinds need none."""


def build_transformer(plan: Plan, rng: np.random.Generator, rate: float = 1.0) -> Transformer:
    """Build a transformer of one layer. It solves every pair.

    Traps need one table for both residues, clocks need two, so a plan cannot have both. The hidden units of clocks and
    traps are decoys and dead units. Natural networks (see `Plan.exact`) have random bases in the residual stream and in
    each head.

    Args:
        plan: the circles; `neurons` is the number of hidden units per circle.
        rng: source of randomness.
        rate: attention rate. It must be positive for clocks and traps.

    Raises:
        SpecError: if the plan and the rate contradict each other, or if the plan's ideal logits tie.
        TrainingError: if no draw solves every pair.
    """
    kinds = {circle.kind for circle in plan.circles}
    if kinds >= {"clock", "trap"}:
        raise SpecError("clocks by attention need two tables and traps need one; use one of the two kinds")
    if not 0 <= rate <= 1 or (rate == 0 and kinds & {"clock", "trap"}):
        raise SpecError(f"attention rate {rate} cannot make {', '.join(sorted(kinds))}; choose one above 0, at most 1")
    require_margin(ideal_margin(plan), plan.modulus)
    for _ in range(ATTEMPTS - 1):
        with suppress(TrainingError):
            return _drawn(plan, rng, rate)
    return _drawn(plan, rng, rate)


def _drawn(plan: Plan, rng: np.random.Generator, rate: float) -> Transformer:
    heads = 2 * len(plan.circles)
    start = COORDINATES * len(plan.circles)
    stream = Stream.empty(plan.modulus, start + 4 * len(plan.decoys) + 1, heads)
    reading, written, size = {}, {}, {}
    for at, circle in enumerate(plan.circles):
        stream.place(circle, at, rate, rng)
        held = SUM if circle.kind in ADDING else SECOND if circle.kind == "clock" else FIRST
        reading[circle.frequency], written[circle.frequency] = COORDINATES * at + held, COORDINATES * at + OUTPUT
        size[circle.frequency] = uniform(rate) if circle.kind in ADDING else 1.0
    for frequency, place in zip(plan.decoys, range(start, stream.carrier, 4), strict=True):
        reading[frequency], written[frequency], size[frequency] = place, place + 2, 1.0
        for table, column in ((stream.first, place), (stream.second, place), (stream.unembed, place + 2)):
            table[:, column : column + 2] = plane(frequency, plan.modulus)
    units = _hidden(plan, rng)
    into, out = np.zeros((len(units), stream.carrier + 1)), np.zeros((stream.carrier + 1, len(units)))
    for unit, (reads, serves) in enumerate(zip(units.reads.tolist(), units.serves.tolist(), strict=True)):
        phase, sent = units.right[unit] / size[reads], units.out[unit]
        into[unit, reading[reads] : reading[reads] + 2] = (phase.real, -phase.imag)
        out[written[serves] : written[serves] + 2, unit] = (sent.real, -sent.imag)
    network = _in_basis(stream, (into, units.bias, out), plan, rate, rng)
    require_solved(network, f"a transformer of circles {[circle.frequency for circle in plan.circles]}")
    return network


def _hidden(plan: Plan, rng: np.random.Generator) -> Units:
    """Make the hidden units: those of adding circles, and as many decoys and dead units for each other circle."""
    stand_in: Kind = "square" if plan.activation == "square" else "pizza"
    parts = []
    for circle in plan.circles:
        if circle.kind in ADDING:
            parts.append(circle_units(_plain(circle, circle.kind), plan, rng))
            continue
        idle = circle_units(_plain(circle, stand_in), plan, rng)
        dead = rng.permutation(len(idle)) < plan.dead * len(idle)
        parts += [
            faint(take(idle, np.flatnonzero(~dead))),
            silent(take(idle, np.flatnonzero(dead)), plan.activation, rng),
        ]
    units = fill(concatenate(parts), plan, rng)
    return units if plan.exact else shuffled(units, plan, rng)


def _in_basis(
    stream: Stream,
    hidden: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    plan: Plan,
    rate: float,
    rng: np.random.Generator,
) -> Transformer:
    """Write the arrays in random bases of the residual stream and of each head."""
    (into, bias, out), size = hidden, stream.carrier + 1
    positions = np.zeros((2, size))
    positions[:, stream.carrier] = (1, -1)
    heads = len(stream.key)
    mixes = np.stack([_mix(plan, rng) for _ in range(2 * heads)]).reshape(2, heads, HEAD, HEAD)
    inverse = np.linalg.inv(mixes)
    key, query = mixes[0] @ stream.key, inverse[0].transpose(0, 2, 1) @ stream.query
    value, output = mixes[1] @ stream.value, np.einsum("dhe,hef->dhf", stream.output, inverse[1]).reshape(size, -1)
    turn = np.eye(size) if plan.exact and plan.embedding is None else frame(size, plan.embedding or size, rng)
    block = Block(
        key=torch.from_numpy(key @ turn),
        query=torch.from_numpy(query @ turn),
        value=torch.from_numpy(value @ turn),
        output=torch.from_numpy(turn.T @ output),
        into=torch.from_numpy(into @ turn),
        into_bias=torch.from_numpy(bias),
        out=torch.from_numpy(turn.T @ out),
        out_bias=torch.zeros(turn.shape[1], dtype=torch.float64),
    )
    first = torch.from_numpy(stream.first @ turn)
    shared = bool((stream.first == stream.second).all())
    return Transformer(
        first=first,
        second=first if shared else torch.from_numpy(stream.second @ turn),
        positions=torch.from_numpy(positions @ turn),
        blocks=(block,),
        unembed=torch.from_numpy(stream.unembed @ turn),
        rate=rate,
        activation=plan.activation,
        shared=shared,
    )


def _mix(plan: Plan, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw an invertible matrix, a rotation and reflection with a random size; the identity for exact networks."""
    if plan.exact:
        return np.eye(HEAD)
    return frame(HEAD, HEAD, rng) * float(np.exp(plan.spread * rng.standard_normal()))


def _plain(circle: CirclePlan, kind: Kind) -> CirclePlan:
    """Leave the companion out: in a transformer the heads make it."""
    return replace(circle, kind=kind, companion=0.0)
