"""Solvers that name the symbols only: from look-ups, and from the weights in three ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from generator.errors import UnsupportedPuzzleError
from generator.modular.relabelling import Relabelling
from generator.puzzle.answer import Answer
from solvers.modular.circles import hidden_frequencies
from solvers.modular.guess import guess
from solvers.modular.relabelling.naming import named_by_lookups, named_by_table
from solvers.modular.relabelling.published import by_components, by_two_units
from solvers.modular.relabelling.relation import names_from_weights, ours
from solvers.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.modular.puzzle import ModularPuzzle
    from solvers.api import Context

    Namer = Callable[[NDArray[np.float64]], NDArray[np.intp] | None]

__all__ = ["Components", "TwoUnits", "Walk", "Weights"]


@register(family="modular", name="walk", source="this project")
@dataclass(frozen=True)
class Walk:
    """Name the symbols by the classes of pairs, looked up or computed by the network; needs no weights."""

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Walk along the translation between two rows of the addition table."""
        _need_secret_names(puzzle)
        if puzzle.public.withheld and puzzle.public.lookups < 3 * puzzle.modulus - 2:
            raise UnsupportedPuzzleError(
                f"the walk takes {3 * puzzle.modulus - 2} look-ups, and the puzzle allows {puzzle.public.lookups}"
            )
        context.report(guess(puzzle))
        named = named_by_lookups(puzzle) if puzzle.public.withheld else named_by_table(puzzle)
        names = named.relabelling if named else Relabelling.identity(puzzle.modulus)
        found = hidden_frequencies(puzzle, names) if puzzle.public.withheld and named else ()
        return Answer(puzzle.answer(relabelling=names, frequencies=list(found)), note=named.how if named else "no walk")


@register(family="modular", name="weights-pca", source="Zhong et al. 2023, arXiv 2306.17844")
@dataclass(frozen=True)
class Components:
    """Name the symbols by their angle on the roundest pair of principal components of each table."""

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Sort the symbols of each table by angle."""
        return _from_weights(puzzle, context, by_components)


@register(family="modular", name="weights-ransac", source="pilot study of this project")
@dataclass(frozen=True)
class TwoUnits:
    """Name the symbols by their angle in the plane of two units that holds most units of each table."""

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Sort the symbols of each table by angle."""
        return _from_weights(puzzle, context, by_two_units)


@register(family="modular", name="weights", source="this project")
@dataclass(frozen=True)
class Weights:
    """Name the symbols by all circles of each table together, from the weights alone."""

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Find the circles, and correct their angles by each other."""
        return _from_weights(puzzle, context, ours)


def _need_secret_names(puzzle: ModularPuzzle) -> None:
    if puzzle.names is not None:
        raise UnsupportedPuzzleError("the names of the symbols are public, so there is no relabelling to find")


def _from_weights(puzzle: ModularPuzzle, context: Context, namer: Namer) -> Answer:
    """Name first and second symbols, and the classes by the most frequent sum of their pairs' residues."""
    _need_secret_names(puzzle)
    context.report(guess(puzzle))
    found = names_from_weights(puzzle.network, same=puzzle.public.names == "one", namer=namer)
    if found is None:
        names = Relabelling.identity(puzzle.modulus)
        return Answer(puzzle.answer(relabelling=names, frequencies=[]), note="the tables show no circle")
    first, second = (names.astype(np.int64) for names in found)
    if not puzzle.public.withheld:
        return Answer(puzzle.answer(relabelling=Relabelling(first, second, _classes(puzzle, first, second))))
    names = Relabelling(first, second, np.arange(puzzle.modulus))
    return Answer(puzzle.answer(relabelling=names, frequencies=list(hidden_frequencies(puzzle, names))))


def _classes(puzzle: ModularPuzzle, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Name the classes by votes of all pairs, each residue once."""
    p = puzzle.modulus
    votes = np.zeros((p, p), dtype=np.int64)
    table = puzzle.network.logits().argmax(dim=2).numpy()
    np.add.at(votes, (table.ravel(), ((first[:, None] + second) % p).ravel()), 1)
    found: NDArray[np.int64] = linear_sum_assignment(-votes)[1].astype(np.int64)
    return found
