"""Score a recovered network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.family.metric import Score
from generator.recovery.network.equivalence import in_activation
from generator.recovery.puzzle import network_of
from generator.recovery.scoring.alignment import align
from generator.recovery.scoring.functional import draw_inputs, functional_errors
from generator.recovery.scoring.unseen import Reach, with_unseen_weights
from generator.recovery.sealed import truth_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Usage
    from generator.puzzle.answer import Answer
    from generator.puzzle.content import SealedAnswer
    from generator.recovery.network.mlp import MLP
    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = ["score"]

SAMPLE = 2048
"""Random inputs on which a recovered unit must never switch to count as linear. A larger value is stricter.
Hand-set."""


def score(view: RecoveryPuzzle, answer: Answer, sealed: SealedAnswer | None, usage: Usage) -> Score:
    """Compare a recovered network with the hidden one, or with the table only if there is no sealed answer.

    A puzzle is solved if activation and sizes are exact, and no weight error is larger than the puzzle's tolerance.

    Raises:
        AnswerError: if the answer does not fit the puzzle.
        PuzzleError: if the sealed answer is damaged.
    """
    network = network_of(view, answer.value)
    if sealed is None:
        return Score(False, _table_error(view, network), "the sealed answer is missing, so weights cannot be compared")
    truth = truth_of(sealed)
    public = view.public
    rng = np.random.default_rng(int(sealed.salt[:16] or "0", 16))
    functional = functional_errors(truth.network, network, public, rng)
    metrics = {
        "error_within": functional.within,
        "error_wide": functional.wide,
        "error_worst": functional.worst,
        "queries": float(usage.queries),
    }
    same = in_activation(network, truth.network.activation)
    if view.activation is None:
        metrics["activation"] = float(same is not None)
    if same is None:
        return Score(False, metrics, f"the activation is not {network.activation}")
    with np.errstate(over="ignore", invalid="ignore"):
        sample = _reach(view, rng)
        found = align(truth, same, view.tolerance, sample, bypass=public.bypass)
        if found.exact_size and not found.errors.max() <= view.tolerance:
            shown = with_unseen_weights(truth.network, same, _reach_of(view), view.tolerance)
            found = align(truth, shown, view.tolerance, sample, bypass=public.bypass)
        errors = np.nan_to_num(found.errors, nan=np.inf)
    metrics |= {
        "exact_size": float(found.exact_size),
        "size_overhead": found.overhead,
        "signatures": found.signatures,
        "signs": found.signs,
        "units": found.units,
        "worst_weight_error": float(errors.max()),
        "median_weight_error": float(np.median(errors)),
    }
    return Score(found.exact_size and metrics["worst_weight_error"] <= view.tolerance, metrics)


def _reach_of(view: RecoveryPuzzle) -> Reach:
    return Reach(view.box, None if view.table is None else view.table.inputs)


def _reach(view: RecoveryPuzzle, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return inputs within the solver's reach: the table, or random inputs as large as the box."""
    if view.table is not None:
        return view.table.inputs
    public = view.public
    return draw_inputs(public, SAMPLE, 1.0 if public.box is None else public.box / public.input_scale, rng)


def _table_error(view: RecoveryPuzzle, network: MLP) -> dict[str, float]:
    """Compute the root mean square error on the table, in standard deviations of the outputs."""
    if view.table is None:
        return {}
    outputs = view.table.outputs
    scale = float(outputs.std(axis=0).max()) or 1.0
    return {"error_within": float(np.sqrt(((network(view.table.inputs) - outputs) ** 2).mean())) / scale}
