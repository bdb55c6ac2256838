"""Units with random phases and least-squares readouts, so that no regular polygon tells the algorithm."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.modular.engineered.forms import amplitude, doubled_amplitude, turns
from generator.modular.engineered.units import Units, concatenate, on_doubled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.modular.engineered.plan import CirclePlan, Plan

__all__ = ["COMPANION_UNITS", "natural_circle", "target"]

COMPANION_UNITS = 16
"""Hidden units of a companion with random phases. With fewer, even harmonics remain in what should be linear."""
DRAWS = 4
"""Sets of random phases that are compared by their residual. More give cleaner circles. Hand-set."""
RIDGE = 3e-3
"""Pull of the readout towards its prior, relative to the mean square of a hidden unit. With less the sizes of a pizza's
readouts scatter more than those of a clock's, with more they scatter less, and both tell the label."""
PRIOR_SPREAD = 0.4
"""Log standard deviation of the prior's sizes. Hand-set; more makes neurons of one circle less equal."""
SQUARE_BIAS = 1.0
"""Standard deviation of the biases with which ReLU units imitate x^2: kinks at many places make a parabola."""


def natural_circle(circle: CirclePlan, plan: Plan, rng: np.random.Generator) -> Units:
    """Draw the units of one circle of a plan, and of its companion, with the best of several draws of the phases."""
    count, frequency, kind = circle.neurons, circle.frequency, circle.kind
    scatter = SQUARE_BIAS if kind == "square" and plan.activation != "square" else plan.bias

    def draw() -> Units:
        left = _phases(count, rng)
        right = left if kind in {"pizza", "square"} else _phases(count, rng)
        return Units.of(frequency, left, right, scatter * rng.standard_normal(count))

    main = _best(draw, target(amplitude(kind, frequency, plan.modulus), frequency), plan, rng)
    main = replace(main, out=circle.gain * main.out)
    return concatenate([main, _companion(circle, plan, rng)]) if circle.companion_weight else main


def target(amplitudes: NDArray[np.float64], frequency: int) -> NDArray[np.complex128]:
    """Compute amplitude(a - b) e^{-i w (a + b)} for all pairs, p^2. Times e^{i w c} it is the logit of class c."""
    p = len(amplitudes)
    residues = np.arange(p)
    differences = (residues[:, None] - residues[None]) % p
    spin = np.exp(-1j * turns(frequency, p))
    return np.asarray(amplitudes[differences] * spin[:, None] * spin[None], dtype=np.complex128).ravel()


def _phases(count: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    return np.asarray(np.exp(1j * rng.uniform(0, 2 * np.pi, count)), dtype=np.complex128)


def _companion(circle: CirclePlan, plan: Plan, rng: np.random.Generator) -> Units:
    """Draw units of the doubled circle, and fit them to their linear contribution."""
    amplitudes = doubled_amplitude(circle.companion_weight, circle.frequency, plan.modulus)

    def draw() -> Units:
        frequency, phases = on_doubled(circle.frequency, plan.modulus, _phases(COMPANION_UNITS, rng))
        return Units.of(frequency, phases, phases, plan.bias * rng.standard_normal(COMPANION_UNITS), "companion")

    units = _best(draw, target(amplitudes, circle.frequency), plan, rng, with_prior=False)
    serves = np.full(len(units), circle.frequency, dtype=np.int64)
    return replace(units, serves=serves, out=circle.gain * units.out)


def _best(
    draw: Callable[[], Units],
    wanted: NDArray[np.complex128],
    plan: Plan,
    rng: np.random.Generator,
    *,
    with_prior: bool = True,
) -> Units:
    """Draw units several times, fit their outputs, and keep those with the smallest residual."""
    fits: list[tuple[float, Units]] = []
    for _ in range(DRAWS):
        units = draw()
        hidden = units.hidden(plan.modulus, plan.activation)
        prior = _prior(units, hidden, wanted, rng) if with_prior else np.zeros(len(units), dtype=np.complex128)
        out = _fit(hidden, wanted, prior)
        fits.append((float(np.abs(hidden @ out - wanted).std()), replace(units, out=out)))
    return min(fits, key=lambda fit: fit[0])[1]


def _prior(
    units: Units, hidden: NDArray[np.float64], wanted: NDArray[np.complex128], rng: np.random.Generator
) -> NDArray[np.complex128]:
    """Draw outputs of the ideal phase, the sum of the input phases, and of random sizes that fit on the whole."""
    out = np.exp(PRIOR_SPREAD * rng.standard_normal(len(units))) * units.left * units.right
    written = hidden @ out
    return out * float((written.conj() @ wanted).real / (written.conj() @ written).real)


def _fit(
    hidden: NDArray[np.float64], wanted: NDArray[np.complex128], prior: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Minimise the squared residual plus a ridge towards the prior."""
    gram = hidden.T @ hidden
    ridge = RIDGE * np.trace(gram) / len(gram)
    right = hidden.T @ (wanted - hidden @ prior)
    change = np.linalg.solve(gram + ridge * np.eye(len(gram)), right)
    return np.asarray(prior + change, dtype=np.complex128)
