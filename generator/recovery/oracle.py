"""The oracle of an active puzzle: it evaluates the hidden network in float64 and rounds the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.family.oracle import OracleTerms
from generator.recovery.sealed import truth_of
from generator.recovery.spec import PublicSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import HiddenNetwork
    from generator.puzzle.content import Puzzle, SealedAnswer
    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = ["open_oracle", "rounded", "terms"]


def terms(puzzle: Puzzle) -> OracleTerms | None:
    """Return sizes, budget and box of a puzzle's oracle; None for a passive puzzle."""
    public = PublicSpec.model_validate(puzzle.manifest.spec)
    if public.mode == "passive":
        return None
    low = None if public.box is None else -public.box
    return OracleTerms(public.inputs, public.outputs, budget=public.budget, low=low, high=public.box)


def open_oracle(view: RecoveryPuzzle, sealed: SealedAnswer) -> HiddenNetwork:
    """Return a function that maps inputs, rows x d, to the rounded outputs of the hidden network, rows x o.

    Equal rows have equal outputs, bit for bit.

    Raises:
        PuzzleError: if the sealed answer is damaged.
    """
    network = truth_of(sealed).network

    def answer(inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        return rounded(network.exact(inputs), view.public)

    return answer


def rounded(outputs: NDArray[np.float64], public: PublicSpec) -> NDArray[np.float64]:
    """Round outputs to the precision of a puzzle; the result is float64."""
    if public.precision == "float32":
        return outputs.astype(np.float32).astype(np.float64)
    return outputs if public.decimals is None else np.round(outputs, public.decimals)
