"""Verdicts on assemblies of degraded and imprecise puzzles, and on answers to puzzles without a sealed answer.

The kind of puzzle decides which test applies:

* The network was degraded on purpose: the likelihood.
* An imported table stores rounded predictions: the bounds of that rounding.
* The inputs of the table were rounded too, or its predictions were computed in a lower precision: the bounds if the
  assembly is within them, otherwise the likelihood. An assembly can be within the bounds because the network may have
  been run on the rounded inputs, or the arithmetic may have rounded only weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch

from generator.reassembly.scoring.certificate import MOST_ROUNDING, certify
from generator.reassembly.scoring.likelihood import EXPECTED_ROWS, LikelihoodVerdict, expected_error, judge
from generator.reassembly.scoring.storage import StorageVerdict, fit_storage, judge_storage, storage_error
from generator.reassembly.unknown_roles import view_any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from generator.puzzle.content import Puzzle
    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.spec import Degradation
    from generator.reassembly.unknown_roles import AnyPuzzle

__all__ = [
    "PROMISING",
    "Verdict",
    "decide",
    "explained_error",
    "precision_in_words",
    "remarks",
    "undecidable",
    "without_answer",
]

Verdict: TypeAlias = "LikelihoodVerdict | StorageVerdict"

JUDGED_ROWS = 2_000
"""Largest number of rows that a likelihood is computed on. More rows take more time. Hand-set."""

WORTH_JUDGING = 4.0
"""Ratio of an error to the explained error, up to which an assembly is judged when it is scored. A
larger value judges worse assemblies and takes more time. Hand-set."""

PROMISING = 1e-6
"""MSE over variance above which no assembly of exact predictions is certified. A larger value certifies more.
Hand-set."""

WORTH_A_HINT = 1e-3
"""MSE over variance up to which the reason of a score suggests a lower precision of the arithmetic. A larger value
suggests it more often. Hand-set."""


HINT = (
    "if longer searches do not reduce it, the predictions were probably computed in a lower precision: "
    "import with --precision tf32, bfloat16 or float16"
)
"""Advice if the best order found has too large an error."""


def decide(
    network: ResidualNetwork, inputs: Tensor, targets: Tensor, degradation: Degradation, rng: np.random.Generator
) -> Verdict:
    """Judge an assembly of a degraded or imprecise puzzle.

    Args:
        network: the assembly.
        inputs: n x d; bounds are checked on all rows, likelihoods are computed on the first ones.
        targets: n x o, the predictions as given.
        degradation: how pieces and predictions were degraded.
        rng: for the draws of the likelihood.

    Raises:
        SpecError: if the puzzle is neither degraded nor imprecise.
    """
    if degradation.imprecise:
        stored = degradation.predictions_stored
        fit = fit_storage(network, inputs, targets, stored)
        if fit.beyond == 0 or not degradation.unbounded or not fit.decides(targets):
            return judge_storage(network, inputs, targets, stored, fit)
    return judge(network, inputs[:JUDGED_ROWS], targets[:JUDGED_ROWS], degradation, rng)


def explained_error(
    network: ResidualNetwork, inputs: Tensor, targets: Tensor, degradation: Degradation, rng: np.random.Generator
) -> float:
    """Estimate the mean squared error that an assembly would have if it were the truth; much cheaper than `decide`."""
    if degradation.imprecise and not degradation.unbounded:
        few = slice(EXPECTED_ROWS)
        rounding = certify(network, inputs[few], targets[few], 1.0).rounding
        return storage_error(targets, degradation.predictions_stored) + rounding
    return expected_error(network, inputs, targets, degradation, rng)


def without_answer(view: AnyPuzzle, pieces: Sequence[int], mse: float) -> tuple[bool, str]:
    """Decide from the predictions alone whether an assembly is right, and give the reason.

    A puzzle that was degraded on purpose needs its sealed answer.

    Args:
        view: the puzzle.
        pieces: piece numbers in execution order.
        mse: mean squared error of the assembly on all rows.
    """
    degradation, network = view.degradation, view.assembled(pieces)
    if not degradation.none and not degradation.imprecise:
        return False, ""
    with torch.inference_mode():
        if degradation.imprecise:
            rng = np.random.default_rng(0)
            explained = explained_error(network, view.inputs, view.predictions, degradation, rng)
            if mse > WORTH_JUDGING * explained:
                words = f"{precision_in_words(degradation)}, which explains an MSE of {explained:.1e}"
                hint = degradation.predictions_computed == "float32" and mse <= WORTH_A_HINT * view.variance
                return False, undecidable(view) or (f"{words}; {HINT}" if hint else words)
            verdict = decide(network, view.inputs, view.predictions, degradation, rng)
            return verdict.certified, f"{precision_in_words(degradation)}: {_said(verdict)}"
        if mse > WORTH_A_HINT * view.variance:
            return False, undecidable(view)
        certificate = certify(network, view.inputs, view.predictions, view.variance)
    if certificate.exact and mse <= PROMISING * view.variance:
        return True, ""
    return False, undecidable(view) or (
        f"the residual is {mse / certificate.rounding:.1g} times the assembly's float32 rounding; {HINT}"
    )


def undecidable(view: AnyPuzzle) -> str:
    """Return the reason if float32 rounds the predictions too coarsely to certify any order, else an empty text."""
    values = view.predictions.double()
    rounding = torch.finfo(torch.float32).eps ** 2 * float(values.square().mean())
    if rounding < MOST_ROUNDING * view.variance:
        return ""
    spread, mean = view.variance**0.5, float(values.abs().mean())
    return (
        f"the data cannot certify any order: the predictions vary by {spread:.1e} around {mean:.1e}, "
        f"and float32 rounds numbers of that size by {mean * torch.finfo(torch.float32).eps / 2:.1e}"
    )


def remarks(puzzle: Puzzle) -> tuple[str, ...]:
    """Remark on the precision of an imported puzzle, and on predictions that cannot certify an order."""
    view = view_any(puzzle)
    degradation = view.degradation
    found = [undecidable(view)]
    words = precision_in_words(degradation)
    if degradation.unbounded:
        found.append(f"{words}: an order is certified by its likelihood where no order fits exactly")
    elif degradation.imprecise:
        found.append(f"{words}: an order is certified if all its predictions fit to that rounding")
    return tuple(filter(None, found))


def precision_in_words(degradation: Degradation) -> str:
    """Say how the predictions were stored and computed; empty for float32."""
    stored, computed, inputs = (
        degradation.predictions_stored,
        degradation.predictions_computed,
        degradation.inputs_stored,
    )
    parts = [f"predictions were computed in {_NAMES.get(computed, computed)}"] if computed != "float32" else []
    parts += [f"predictions were stored as {_stored(stored)}"] if stored != "float32" else []
    parts += [f"inputs as {_stored(inputs)}"] if inputs != "float32" else []
    return ", ".join(parts)


_NAMES = {"tf32": "TF32"}


def _stored(form: str) -> str:
    count, _, unit = form.partition(" ")
    return f"{count} significant digits" if unit == "digits" else form


def _said(verdict: Verdict) -> str:
    """Give the reason of a score in words, which name a likelihood as such."""
    if isinstance(verdict, StorageVerdict):
        return verdict.note
    if not verdict.plausible:
        return "the residual is larger than this precision explains"
    if verdict.certified:
        return "best order by likelihood"
    return "a neighbour is likelier" if verdict.margin < 0 else "the data cannot tell its neighbours apart"
