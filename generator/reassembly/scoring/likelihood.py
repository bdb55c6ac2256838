"""Judge an assembly of a degraded puzzle: when a search stops, and a certificate with a stated confidence.

The pieces of a degraded puzzle are rounded, and its predictions are noisy or rounded. So even the true assembly f has
residuals r = f(x) - y, and a wrong assembly may have smaller residuals by chance. The public recipe states the
degradation, so residuals can be drawn under the hypothesis that f is the truth: shift every weight uniformly within
half a rounding step, predict, add the noise, round, and subtract from f(x). R draws give two tests:

* the level: p = (1 + #{draws whose MSE is at least that of r}) / (1 + R), a Monte Carlo test (Hope 1968). Its level is
  exact if the distribution of the draws is right. The test needs no formula for the noise floor. The usual formulas
  (10^-2d / 12 for d decimals, the noise's variance, the rounding of the pieces to first order) give its mean.
* the neighbours: if the predictions of a neighbour differ by delta, the difference of the MSEs is
  T = <delta^2> + 2 <delta r>. If f is the truth, T has the mean m and the variance s^2 of the draws. If the neighbour
  is the truth, T has mean m - 2 <delta^2> and, to first order, the same variance. If T is taken as Gaussian, the
  logarithm of the likelihood ratio of f to the neighbour is

      L = 2 <delta^2> (T - m + <delta^2>) / s^2.

  For independent residuals L is n T / 2 sigma^2, the usual n/2 log(MSE'/MSE) to first order. Rounded pieces make
  residuals of different rows dependent. The variance s^2 includes this dependence; the usual formula does not, and so
  is far too confident.

With equal prior odds, f is the truth, among f and the evaluated neighbours, with probability 1 / (1 + sum exp(-L)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.errors import SpecError
from generator.reassembly.network.degrade import degraded_predictions, perturbed
from generator.reassembly.network.number_formats import imprecise_draws
from generator.reassembly.scoring.certificate import certify
from generator.reassembly.scoring.neighbours import Neighbour, nearest_neighbours, predictions_of
from generator.reassembly.scoring.storage import OUTLIER, ROUNDING_ERRORS, SAME
from generator.reassembly.spec import Degradation

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["LikelihoodVerdict", "expected_error", "judge"]

LEVEL = 0.01
"""Level of the test of the residuals: share of true assemblies that the test rejects. Hand-set."""

CONFIDENCE = 0.95
"""Posterior probability, among an assembly's neighbours, from which the assembly is certified. A larger value
certifies fewer assemblies. Hand-set."""

IMPRECISE_CONFIDENCE = 0.999
"""The same for an imported table: the distribution of its errors is a model, and no sealed answer checks the result.
Hand-set."""

LAW_SLACK = 2.0
"""Ratio of an error to the drawn one up to which a lower precision of the arithmetic may explain it.

A larger value accepts larger errors. Hand-set: rounding errors of real arithmetic are slightly correlated, the drawn
errors are independent.
"""

EXPECTED_ROWS, EXPECTED_DRAWS = 300, 4
"""Rows and draws from which the expected error is estimated. Larger values take more time. Hand-set."""

LARGEST_EXPONENT = 700.0
"""Largest exponent passed to exp, which overflows in float64 beyond about 709."""


@dataclass(frozen=True)
class LikelihoodVerdict:
    """Verdict of degraded data on an assembly.

    Attributes:
        mse: of the assembly.
        expected: mean squared error that it would have if it were the truth.
        p_value: probability of an MSE this large if it were the truth.
        margin: log-likelihood ratio to the likeliest neighbour; infinity if none is another function.
        rival: the likeliest neighbour; None if none is another function.
        confidence: probability of the assembly among itself and the evaluated neighbours.
        rows: number of rows.
        required: confidence from which the assembly is certified.
    """

    mse: float
    expected: float
    p_value: float
    margin: float
    rival: Neighbour | None
    confidence: float
    rows: int
    required: float = CONFIDENCE

    @property
    def plausible(self) -> bool:
        """Whether the residuals are no larger than the degradation explains."""
        return self.p_value > LEVEL

    @property
    def settled(self) -> bool:
        """Whether a search should stop: residuals as expected, and no neighbour is likelier."""
        return self.plausible and self.margin >= 0

    @property
    def certified(self) -> bool:
        """Whether the assembly is certified as the truth: settled, and its neighbours together are improbable."""
        return self.settled and self.confidence >= self.required

    @property
    def note(self) -> str:
        """Sum the verdict up in a line."""
        return (
            f"mse {self.mse:.3e} on {self.rows} rows, {self.expected:.3e} expected (p {self.p_value:.2f}); "
            f"log-likelihood ratio to the best neighbour {self.margin:.1f}, confidence {self.confidence:.3f}"
        )


def judge(
    network: ResidualNetwork,
    inputs: Tensor,
    targets: Tensor,
    degradation: Degradation,
    rng: np.random.Generator,
    *,
    draws: int = 99,
    reach: int = 8,
    shortlist: int = 32,
) -> LikelihoodVerdict:
    """Judge an assembly by the residuals that the degradation explains, and by its neighbours.

    The rows may include rows that a search has used, since the ratios compare assemblies on the same rows.
    Neighbours further than `reach` positions, and all other assemblies, are not evaluated. Cost: `draws` runs of
    the network where pieces are rounded (else one), and one run on few rows for each of about 4 K reach neighbours.

    Args:
        network: the assembly, of the pieces as given.
        inputs: n x d.
        targets: n x o, the predictions as given.
        degradation: how pieces and predictions were degraded.
        rng: for the draws.
        draws: of residuals; the smallest p-value is 1 / (draws + 1).
        reach: positions over which blocks are moved and halves exchanged.
        shortlist: neighbours that are measured on all rows.

    Raises:
        SpecError: if nothing was degraded; `certify` judges such puzzles, by rounding.
    """
    if degradation.none:
        raise SpecError(
            "the puzzle is not degraded, so there is no likelihood; use certify, which judges by float32 rounding"
        )
    exact, wanted = network.to(torch.float64), targets.double()
    fitted = exact(inputs.double())
    if not bool(torch.isfinite(fitted).all()):
        return LikelihoodVerdict(math.inf, math.inf, 0.0, -math.inf, None, 0.0, len(inputs))
    residual = (fitted - wanted).flatten().numpy()
    rounding = certify(network, inputs, targets, 1.0).rounding
    rivals = nearest_neighbours(network, inputs, targets, reach, shortlist)
    deltas = (predictions_of(exact, rivals, inputs.double()) - fitted).flatten(1).numpy()
    distance = np.square(deltas).mean(axis=1)
    keep = np.isfinite(distance) & (distance > SAME * rounding)
    rivals, deltas = [rivals[j] for j in np.flatnonzero(keep)], deltas[keep]
    if degradation == Degradation(prediction_decimals=degradation.prediction_decimals):
        expected, p_value, ratios = _by_bound(residual, deltas, degradation, math.sqrt(rounding))
    else:
        drawn = _draw(network, inputs, targets, degradation, rng, draws=draws) - fitted.flatten().numpy()
        levels = np.square(drawn).mean(axis=1)
        expected = float(levels.mean())
        level = float(np.square(residual).mean())
        modelled = degradation.predictions_computed != "float32"
        p_value = (1 + int((levels * (LAW_SLACK if modelled else 1.0) >= level).sum())) / (1 + draws)
        if modelled and p_value > LEVEL:
            # It is unknown how the arithmetic rounded; the residuals give the size of its errors.
            drawn *= math.sqrt(level / expected)
        ratios = _log_ratios(residual, deltas, -drawn, rounding)
    best = int(ratios.argmin()) if len(ratios) else None
    return LikelihoodVerdict(
        mse=float(np.square(residual).mean()),
        expected=expected,
        p_value=p_value,
        margin=math.inf if best is None else float(ratios[best]),
        rival=None if best is None else rivals[best],
        confidence=float(1 / (1 + np.exp(np.clip(-ratios, None, LARGEST_EXPONENT)).sum())),
        rows=len(inputs),
        required=IMPRECISE_CONFIDENCE if degradation.imprecise else CONFIDENCE,
    )


def expected_error(
    network: ResidualNetwork, inputs: Tensor, targets: Tensor, degradation: Degradation, rng: np.random.Generator
) -> float:
    """Estimate the mean squared error that an assembly would have if it were the truth: few draws, on few rows.

    Much cheaper than `judge`, so a search can use it to decide which assemblies to judge.
    """
    x, y = inputs[:EXPECTED_ROWS], targets[:EXPECTED_ROWS]
    drawn = _draw(network, x, y, degradation, rng, draws=EXPECTED_DRAWS)
    return float(np.square(drawn - network(x).double().flatten().numpy()).mean())


def _draw(
    network: ResidualNetwork,
    inputs: Tensor,
    targets: Tensor,
    degradation: Degradation,
    rng: np.random.Generator,
    *,
    draws: int,
) -> np.ndarray:
    """Draw degraded predictions under the hypothesis that this assembly is the truth: draws x (n o)."""
    if degradation.imprecise:
        return imprecise_draws(
            network,
            inputs,
            rng,
            draws=draws,
            computed=degradation.predictions_computed,
            inputs_stored=degradation.inputs_stored,
            predictions_stored=degradation.predictions_stored,
        )
    noise = degradation.prediction_noise
    # The noise level is a share of the spread of the predictions without noise.
    spread = targets.double().numpy().std(axis=0) / math.sqrt(1 + noise**2)
    drawn = np.empty((draws, targets.numel()))
    predictions = network(inputs)
    for row in drawn:
        if degradation.piece_format != "float32":
            predictions = perturbed(network, degradation.piece_format, rng)(inputs)
        row[:] = degraded_predictions(predictions, degradation, rng, spread).double().flatten().numpy()
    return drawn


def _log_ratios(residual: np.ndarray, deltas: np.ndarray, drawn: np.ndarray, rounding: float) -> np.ndarray:
    """Compute the log-likelihood ratio of an assembly to each of J others.

    Args:
        residual: of the assembly, N.
        deltas: predictions of the others minus those of the assembly, J x N.
        drawn: residuals drawn under the hypothesis that the assembly is the truth, draws x N.
        rounding: mean square of float32 rounding, which keeps the variance positive where all draws are equal.
    """
    distance = np.square(deltas).mean(axis=1)
    count = residual.size
    excess = 2 * (deltas @ residual) / count
    expected = 2 * (deltas @ drawn.T) / count
    variance = expected.var(axis=1, ddof=1) + 4 * distance * rounding / count
    ratios: np.ndarray = 2 * distance * (distance + excess - expected.mean(axis=1)) / variance
    return ratios


def _by_bound(
    residual: np.ndarray, deltas: np.ndarray, degradation: Degradation, rounding: float
) -> tuple[float, float, np.ndarray]:
    """Judge predictions that were only rounded to decimals: no residual of the true assembly exceeds half a step.

    The likelihood is uniform: the same for all assemblies within the bound, and nearly zero for any other assembly.
    The bound separates assemblies whose predictions differ by one step over the number of rows. The mean square error
    separates only much larger differences.

    Returns:
        The expected MSE, a p-value that is 1 or 0, and the log-likelihood ratios.
    """
    step = 10.0 ** -(degradation.prediction_decimals or 0)
    bound = step / 2 + ROUNDING_ERRORS * rounding
    beyond = int((np.abs(residual) > bound).sum())
    others = (np.abs(residual + deltas) > bound).sum(axis=1)
    return step**2 / 12, float(beyond == 0), OUTLIER * (others - beyond).astype(np.float64)
