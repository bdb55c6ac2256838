"""The oracle of a puzzle without unembedding: it tells the symbol of the class of pairs of symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.family.oracle import OracleTerms
from generator.modular.sealed import truth_of
from generator.modular.spec import PublicSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import HiddenNetwork
    from generator.modular.puzzle import ModularPuzzle
    from generator.puzzle.content import Puzzle, SealedAnswer

__all__ = ["open_oracle", "terms"]


def terms(puzzle: Puzzle) -> OracleTerms | None:
    """Return the terms of a puzzle's oracle: a pair of symbols in, a symbol out; None without lookups."""
    public = PublicSpec.model_validate(puzzle.manifest.spec)
    if not public.lookups:
        return None
    return OracleTerms(2, 1, budget=public.lookups, low=0.0, high=float(public.modulus - 1))


def open_oracle(view: ModularPuzzle, sealed: SealedAnswer) -> HiddenNetwork:
    """Return the function from rows of two symbols to the symbol of their class. Symbols are rounded to whole numbers.

    Raises:
        PuzzleError: if the sealed answer is damaged.
    """
    names, modulus = truth_of(sealed).relabelling, view.modulus
    symbols = np.argsort(names.out)

    def answer(inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        first, second = np.rint(inputs).astype(np.int64).T
        classes: NDArray[np.int64] = symbols[(names.first[first] + names.second[second]) % modulus]
        return classes.astype(np.float64)[:, None]

    return answer
