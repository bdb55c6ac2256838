"""Certify an assembly against predictions that were rounded when they were stored.

Rounding to digits, decimals or a coarse float format keeps a prediction within half a unit of its last digit. So an
assembly fits if each of its predictions differs from the stored prediction by at most this half unit plus the
assembly's own rounding error. One prediction beyond the bound refutes an assembly, whatever its mean squared error.

An assembly that fits is certified if no neighbour (one block moved, or two halves exchanged) fits as well. The
likelihood is uniform within the bounds, so neighbours that fit are as likely as the assembly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.reassembly.network.number_formats import spacing
from generator.reassembly.scoring.certificate import MOST_ROUNDING, certify
from generator.reassembly.scoring.neighbours import Neighbour, nearest_neighbours, neighbours, predictions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = [
    "OUTLIER",
    "ROUNDING_ERRORS",
    "SAME",
    "StorageFit",
    "StorageVerdict",
    "fit_storage",
    "judge_storage",
    "storage_error",
]

ROUNDING_ERRORS = 10.0
"""Root mean square rounding errors of an assembly by which a residual may exceed half a unit. A larger value
accepts larger residuals. Hand-set."""

SAME = 100.0
"""Mean square difference, in units of float32 rounding, from which a neighbour counts as another function. A
larger value ignores more neighbours. Hand-set."""

FIRST_ROWS, ROW_GROWTH = 16, 4
"""Rows on which all neighbours are tested, and the factor by which rows grow for the neighbours that still fit.
Hand-set."""

OUTLIER = 20.0
"""Loss of log-likelihood per residual beyond its bound. Hand-set; finite, so that assemblies can be compared."""


@dataclass(frozen=True, eq=False)
class StorageFit:
    """Residuals of an assembly, compared with their bounds.

    Attributes:
        mse: mean squared error of the assembly.
        rounding: mean square of its float32 rounding error.
        beyond: number of predictions beyond their bound.
        bounds: largest residual that rounding explains, n x o in float64.
    """

    mse: float
    rounding: float
    beyond: int
    bounds: np.ndarray

    def decides(self, targets: Tensor) -> bool:
        """Check whether the spread of the predictions exceeds float32 rounding enough to tell assemblies apart."""
        return self.rounding < MOST_ROUNDING * float(targets.double().var(dim=0, correction=0).mean())


@dataclass(frozen=True)
class StorageVerdict:
    """Whether rounding of the stored predictions explains the residuals of an assembly, and of no neighbour.

    Attributes:
        mse: mean squared error of the assembly.
        stored: format of the predictions.
        count: number of predictions.
        beyond: number of predictions beyond their bound.
        alike: number of neighbours that are other functions and fit as well.
        margin: log-likelihood ratio to the likeliest neighbour; infinity if there is no neighbour.
        rival: the likeliest neighbour, or the first that fits as well; None if there is none.
        decidable: whether the spread of the predictions is large enough to tell assemblies apart at all.
    """

    mse: float
    stored: str
    count: int
    beyond: int
    alike: int
    margin: float
    rival: Neighbour | None
    decidable: bool

    @property
    def plausible(self) -> bool:
        """Whether every prediction lies within its bound."""
        return self.beyond == 0

    @property
    def settled(self) -> bool:
        """Whether a search should stop: the assembly fits, and no neighbour is likelier."""
        return self.plausible and self.margin >= 0

    @property
    def certified(self) -> bool:
        """Whether the assembly fits and no neighbour does."""
        return self.settled and self.decidable and self.alike == 0

    @property
    def note(self) -> str:
        """Sum the verdict up in a line."""
        if not self.plausible:
            return f"{self.beyond} of {self.count} predictions are off by more than rounding to {self.stored}"
        fits = f"all {self.count} predictions fit to the rounding of {self.stored}"
        if not self.decidable:
            return f"{fits}, but the predictions vary too little to certify an order"
        if self.alike:
            return (
                f"{fits}, but {self.alike} neighbouring assemblies fit as well; more rows or more digits would decide"
            )
        return f"{fits}, and no neighbouring assembly fits"


def storage_error(targets: Tensor, stored: str) -> float:
    """Compute the mean squared error that rounding of the stored predictions causes."""
    return float(np.square(spacing(targets.numpy(), stored)).mean()) / 12


def fit_storage(network: ResidualNetwork, inputs: Tensor, targets: Tensor, stored: str) -> StorageFit:
    """Compare an assembly's residuals with half a unit of each stored prediction and the assembly's own rounding.

    Args:
        network: the assembly.
        inputs: n x d.
        targets: n x o, the stored predictions, as float32.
        stored: their format.
    """
    exact, wanted = network.to(torch.float64)(inputs.double()).numpy(), targets.double().numpy()
    if not np.isfinite(exact).all():
        return StorageFit(math.inf, math.inf, wanted.size, np.zeros(wanted.shape))
    rounding = certify(network, inputs, targets, 1.0).rounding
    # Rounding errors of a row with large states are larger than the average.
    own = np.maximum(math.sqrt(rounding), np.abs(network(inputs).double().numpy() - exact))
    bounds = (spacing(wanted, stored) + spacing(wanted, "float32")) / 2 + ROUNDING_ERRORS * own
    residuals = np.abs(exact - wanted)
    return StorageFit(float(np.square(residuals).mean()), rounding, int((residuals > bounds).sum()), bounds)


def judge_storage(
    network: ResidualNetwork,
    inputs: Tensor,
    targets: Tensor,
    stored: str,
    fit: StorageFit,
    *,
    reach: int = 8,
    shortlist: int = 32,
) -> StorageVerdict:
    """Judge an assembly by the bounds that rounding sets to its residuals, and by its neighbours.

    Args:
        network: the assembly.
        inputs: n x d.
        targets: n x o, the stored predictions, as float32.
        stored: their format.
        fit: result of `fit_storage` for the assembly.
        reach: positions over which blocks are moved and halves exchanged.
        shortlist: neighbours that are measured on all rows if the assembly does not fit.
    """
    decidable = fit.decides(targets)
    if fit.beyond:
        rivals = nearest_neighbours(network, inputs, targets, reach, shortlist) if math.isfinite(fit.mse) else []
        beyond = [_count_beyond(predictions_of(network, [rival], inputs)[0], targets, fit.bounds) for rival in rivals]
        best = min(range(len(rivals)), key=beyond.__getitem__, default=None)
        margin = math.inf if best is None else OUTLIER * (beyond[best] - fit.beyond)
        rival, alike = None if best is None else rivals[best], 0
    else:
        alike_all = _alike(network, inputs, targets, fit, list(neighbours(network.depth, reach)))
        margin = 0.0 if alike_all else OUTLIER if network.depth > 1 else math.inf
        rival, alike = alike_all[0] if alike_all else None, len(alike_all)
    return StorageVerdict(fit.mse, stored, targets.numel(), fit.beyond, alike, margin, rival, decidable)


def _alike(
    network: ResidualNetwork, inputs: Tensor, targets: Tensor, fit: StorageFit, candidates: Sequence[Neighbour]
) -> list[Neighbour]:
    """Find the neighbours that are other functions and fit as well; test more rows as long as any neighbour fits."""
    left, start, count = list(candidates), 0, FIRST_ROWS
    squares = np.zeros(len(left))
    while left and start < len(inputs):
        rows = slice(start, start + count)
        found = predictions_of(network, left, inputs[rows])
        bounds = torch.from_numpy(fit.bounds[rows])
        fits = ((found.double() - targets[rows].double()).abs() <= bounds).flatten(1).all(dim=1).numpy()
        squares += (found - network(inputs[rows])).double().square().flatten(1).sum(dim=1).numpy()
        left, squares = [one for one, kept in zip(left, fits, strict=True) if kept], squares[fits]
        start, count = start + count, ROW_GROWTH * count
    others = squares > SAME * fit.rounding * targets.numel()
    return [one for one, other in zip(left, others, strict=True) if other]


def _count_beyond(predictions: Tensor, targets: Tensor, bounds: np.ndarray) -> int:
    """Count the predictions beyond their bounds; one that is not finite is beyond."""
    return int((~((predictions.double() - targets.double()).abs() <= torch.from_numpy(bounds))).sum())
