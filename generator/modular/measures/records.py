"""All measures of one key frequency: amplitude, isolation, knock-out, companion, kind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.modular.measures.amplitude import (
    Kind,
    kind_of,
    pizza_correlation,
    spectrum,
    square_cv,
    upright,
    variation,
)
from generator.modular.measures.circles import isolate, knock_out
from generator.modular.measures.explained import fraction_explained
from generator.modular.network.circle import angles, companion
from generator.modular.network.model import accuracy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.modular.measures.neurons import Neurons
    from generator.modular.network.model import ModularNetwork

__all__ = ["COMPANION_STRENGTH", "FrequencyRecord", "companion_strength", "measure_frequencies"]

COMPANION_STRENGTH = 0.1
"""Strength from which the doubled circle counts as a companion. The flattest amplitude has 4 / (3 pi) = .424.
Hand-set.
"""

AGREEMENT = 0.5
"""Agreement of the units on the angle between the circles of a and b, from 0 to 1, below which there is no such angle.
Hand-set.
"""


@dataclass(frozen=True)
class FrequencyRecord:
    """Measures of one key frequency k. ISO: only circle k is kept. KO: the circle of the doubled frequency is removed.

    Attributes:
        frequency: k.
        amplitude: absolute mean over all pairs of the amplitude in the logits of the whole network.
        relative: `amplitude` divided by the largest of all frequencies.
        full_cv: coefficient of variation over a - b of the amplitude, whole network.
        iso_cv: the same, ISO.
        ko_cv: the same, KO.
        correlation: of the amplitude with the pizza's factor, the smaller one of ISO and KO. NaN if the tables are
            separate and no angle between their circles is found, or if an amplitude is constant.
        offset: angle in radians by which the circle of a is ahead of that of b; 0 if both residues share one table.
        kind: the algorithm.
        retained: mean amplitude, ISO, divided by that of the whole network, with its sign.
        iso_accuracy: share of all pairs that the circle alone answers right.
        iso_clock: fraction of the variance of the ISO logits that the clock form explains.
        iso_pizza: the same of the pizza form.
        companion_strength: see `companion_strength`.
        companion: whether the strength is at least `COMPANION_STRENGTH`.
        neurons: number of units of the first hidden layer whose dominant frequency is k.
        symmetry: evenness of the phases of these units, from 0 to 1; NaN without units.
    """

    frequency: int
    amplitude: float
    relative: float
    full_cv: float
    iso_cv: float
    ko_cv: float
    correlation: float
    offset: float
    kind: Kind
    retained: float
    iso_accuracy: float
    iso_clock: float
    iso_pizza: float
    companion_strength: float
    companion: bool
    neurons: int
    symmetry: float


def measure_frequencies(
    network: ModularNetwork, logits: torch.Tensor, chosen: Iterable[int], neurons: Neurons | None
) -> tuple[tuple[FrequencyRecord, ...], float]:
    """Measure some frequencies of a network. Costs two passes over all pairs for each frequency.

    Args:
        network: the network.
        logits: its logits, p x p x p.
        chosen: the frequencies.
        neurons: the hidden units of its first layer; None if it has none.

    Returns:
        The measures of the frequencies, and the additivity of their circles: the correlation of the logits with the sum
        of the logits of each circle alone, both centred over the answers of each pair. 1 if the circles compute the
        answers independently; low if only all together give the answers, as in networks that memorise. NaN if no
        circle alone changes the logits.
    """
    p = network.modulus
    whole = spectrum(logits)
    sizes = whole.mean(dim=1).abs()
    counts = neurons.per_frequency() if neurons else {}
    symmetry = neurons.phase_symmetry() if neurons else {}
    records, together = [], torch.zeros_like(logits)
    for k in chosen:
        alone = isolate(network, [k]).logits()
        together += alone
        double = companion(k, p)
        without = knock_out(network, [double]).logits() if double not in {0, k} else logits
        iso, ko = spectrum(alone)[k - 1], spectrum(without)[k - 1]
        offset, agreement = _offset(network, neurons, k)
        correlation = math.nan
        if agreement >= AGREEMENT:
            correlation = min(pizza_correlation(upright(curve), k, offset) for curve in (iso, ko))
        iso_cv, ko_cv = variation(upright(iso)), variation(upright(ko))
        strength = companion_strength(whole[k - 1], ko, k, offset)
        records.append(
            FrequencyRecord(
                frequency=k,
                amplitude=float(sizes[k - 1]),
                relative=float(sizes[k - 1] / sizes.max()),
                full_cv=variation(upright(whole[k - 1])),
                iso_cv=iso_cv,
                ko_cv=ko_cv,
                correlation=correlation,
                offset=offset,
                kind=kind_of(iso_cv, ko_cv, correlation, square_cv(k, p)),
                retained=float((iso.mean() / whole[k - 1].mean()).real),
                iso_accuracy=accuracy(alone),
                iso_clock=fraction_explained(alone, k, "clock", offset),
                iso_pizza=fraction_explained(alone, k, "pizza", offset),
                companion_strength=strength,
                companion=strength >= COMPANION_STRENGTH,
                neurons=counts.get(k, 0),
                symmetry=symmetry.get(k, math.nan),
            )
        )
    return tuple(records), _correlation(together, logits)


def _correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    """Compute the correlation of two sets of logits, each centred over the answers of each pair."""
    one, other = (values - values.mean(dim=2, keepdim=True) for values in (one, other))
    norm = float(one.norm() * other.norm())
    return float((one * other).sum()) / norm if norm else math.nan


def _offset(network: ModularNetwork, neurons: Neurons | None, frequency: int) -> tuple[float, float]:
    """Return the angle by which the circle of a is ahead of that of b, and how sure it is, from 0 to 1."""
    if network.shared:
        return 0.0, 1.0
    return neurons.offset(frequency) if neurons else (0.0, 0.0)


def companion_strength(whole: torch.Tensor, ko: torch.Tensor, frequency: int, offset: float = 0.0) -> float:
    """Measure how strongly the circle of the doubled frequency fills the gaps of a pizza.

    A pizza with a companion has the amplitude G (|cos u| - kappa cos 2u), u = w d / 2. What the knock-out of the
    doubled circle takes away is projected on -cos 2u; G follows from the mean of what is left, which is 2 G / pi.

    Args:
        whole: complex amplitude of the frequency over d in the whole network, p.
        ko: the same without the doubled circle.
        frequency: k.
        offset: angle by which the circle of a is ahead of that of b.

    Returns:
        kappa: about 0 without a companion, .424 for the companion that flattens the amplitude most; negative if the
        doubled circle deepens the gaps.
    """
    mean = ko.mean()
    gain = float(mean.abs()) * math.pi / 2
    if not gain:
        return math.nan
    taken = ((whole - ko) * (mean.conj() / mean.abs())).real
    wave = (angles(frequency, len(whole)) + offset).cos()
    return -float((taken * wave).mean() / (wave**2).mean()) / gain
