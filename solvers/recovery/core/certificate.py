"""Decide from data alone whether a network is the hidden one.

If a network fits held-out rows to round-off and no unit can be removed, it has the hidden network's units up to
symmetries (Martinelli et al. 2024, arXiv 2304.12794, section 3). A wider network fits equally well, so the fit alone
proves nothing about the widths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.core.clustering import unit_distances
from solvers.recovery.core.ensemble import parameters_of
from solvers.recovery.core.pruning import saliencies

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.spec import PublicSpec
    from solvers.recovery.core.ensemble import Rows

__all__ = ["NEEDED", "UNSEEN", "Certificate", "certify", "noise_level", "rows_show_all"]

ROUND_OFF = 1e3
"""Largest residual that counts as round-off, in units of the float64 epsilon times the size of the summands. A larger
value certifies worse networks. From experiments: exact networks reach about 10."""
MOST_ROUND_OFF = 1e-19
"""Largest mean squared error that counts as round-off, relative to the outputs' mean square. Without it, huge weights
that cancel would count as exact. Hand-set, far below the error of any imitation seen in experiments."""
SPREAD = 5.0
"""Allowed excess of the held-out mean squared error over the noise level, in standard deviations. A larger value
certifies worse networks. Hand-set."""
NEEDED = 30.0
"""Least rise of the squared error by which a unit counts as needed, in units of the noise level. A larger value
certifies fewer networks. Hand-set."""
APART = 1e-5
"""Least relative distance of two units of one layer. Closer units count as two parts of one unit. Hand-set, far below
the distance at which fits in float64 separate two units."""
FLOAT32_STEP = 2.0**-24
"""Largest relative rounding error of float32."""


UNSEEN = "exact on all rows, but a unit that switches only elsewhere in the box would not show"
"""Note of an exact network that is not certified, see `rows_show_all`."""


@dataclass(frozen=True)
class Certificate:
    """The result of `certify`.

    Attributes:
        holds: whether every test passes.
        reason: the first test that fails; empty if all pass.
        mse: mean squared error on the held-out rows.
        level: largest mean squared error that counts as exact.
    """

    holds: bool
    reason: str
    mse: float
    level: float


def noise_level(public: PublicSpec, targets: NDArray[np.float64]) -> float:
    """Compute the mean squared rounding error of outputs; 0 for float64, whose round-off depends on the network.

    The errors of rounding to steps of 2 r are uniform, so their mean square is r^2 / 3.
    """
    if public.precision == "float32":
        return float(np.mean((FLOAT32_STEP * targets) ** 2) / 3)
    return public.resolution**2 / 3


def rows_show_all(network: MLP, public: PublicSpec) -> bool:
    """Return whether rows from the input distribution show all units of the hidden network.

    A smooth unit shows everywhere. A piecewise linear unit shows only where it switches, which may be in a part of
    the box that random rows do not reach. In a passive puzzle the table is all that counts.
    """
    return public.mode == "passive" or not network.sigma.piecewise_linear


def certify(network: MLP, fitted: Rows, held_out: Rows, public: PublicSpec) -> Certificate:
    """Test a network on rows that it was not fitted to.

    Args:
        network: the candidate, of any depth.
        fitted: the rows that the network was fitted to.
        held_out: other rows.
        public: public settings of the puzzle, with the precision of the outputs.

    Returns:
        The certificate. It does not hold if the network has at least as many parameters as the fit had residuals; if
        the error on the held-out rows exceeds round-off and the rounding of the outputs; if a unit can be removed; or
        if two units of a layer coincide.
    """
    shape, row = parameters_of(network)
    share = shape.parameters / max(fitted.equations, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        mse = float(shape.mse(row[None], held_out)[0])
    spread = 1 + SPREAD / np.sqrt(held_out.equations)
    noise = max(_round_off(network, held_out), noise_level(public, held_out.targets))
    level = noise * spread * (1 + 3 * share)
    if share >= 1:
        return Certificate(False, f"{shape.parameters} parameters, {fitted.equations} residuals", mse, level)
    if not mse <= level:
        return Certificate(False, f"held-out error {mse:.1e}, exact is {level:.1e}", mse, level)
    for layer in range(1, shape.hidden_layers + 1):
        needed = NEEDED * noise * np.sqrt(fitted.equations)
        if saliencies(shape, row, fitted, layer).min() < needed:
            return Certificate(False, f"a unit of hidden layer {layer} can be removed", mse, level)
        if _coincide(network, layer):
            return Certificate(False, f"two units of hidden layer {layer} coincide", mse, level)
    return Certificate(True, "", mse, level)


def _round_off(network: MLP, rows: Rows) -> float:
    """Estimate the mean squared round-off of the outputs from the size of their summands."""
    state = np.abs(network.hidden(rows.inputs.T, network.hidden_layers))
    most = MOST_ROUND_OFF * float(np.mean(rows.targets**2))
    with np.errstate(over="ignore", invalid="ignore"):
        summands = state @ np.abs(network.weights[-1].T) + np.abs(network.biases[-1])
        size = float(np.mean((ROUND_OFF * np.finfo(float).eps * summands) ** 2))
    return min(most, size)  # `most` too if the size is not a number


def _coincide(network: MLP, layer: int) -> bool:
    """Return whether two units of a layer have nearly equal (w, b), up to the symmetry of sigma."""
    weight, bias = network.layers()[layer - 1]
    vectors = np.column_stack([weight, bias])
    norms = np.linalg.norm(vectors, axis=1) + np.finfo(float).tiny
    if network.sigma.scales:
        vectors, norms = vectors / norms[:, None], np.ones(len(norms))
    distances = unit_distances(vectors, signless=network.sigma.symmetry != "none")
    distances /= np.maximum(norms[:, None], norms)
    np.fill_diagonal(distances, np.inf)
    return bool(distances.min() < APART)
