"""Name the symbols of a puzzle by the cheapest evidence that suffices: public names, the function's table, weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.modular.relabelling import Relabelling
from solvers.modular.relabelling.relation import names_from_weights
from solvers.modular.relabelling.walk import names_by_queries, names_from_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.puzzle import ModularPuzzle

__all__ = ["Named", "name_symbols", "named_by_lookups", "named_by_table", "named_by_weights", "walk_fits"]

PROBED = 8
"""Pairs of equal sums whose classes are looked up to check names from the weights. Hand-set."""


@dataclass(frozen=True, eq=False)
class Named:
    """A relabelling and how it was found.

    Attributes:
        relabelling: residue of each symbol. Where the unembedding is withheld, the classes have the identity.
        how: the evidence, for the answer's note.
        agreement: share of the pairs whose class it tells right; None where no class is known.
    """

    relabelling: Relabelling
    how: str
    agreement: float | None = None


def name_symbols(puzzle: ModularPuzzle) -> Named | None:
    """Name all symbols; None if no evidence suffices."""
    if puzzle.names is not None:
        return Named(puzzle.names, "public names")
    if not puzzle.public.withheld:
        return named_by_table(puzzle)
    found = named_by_weights(puzzle)
    if puzzle.oracle is None:
        return found
    checked = None if found is None else _checked(puzzle, found)
    if checked is not None:
        return checked
    return named_by_lookups(puzzle) or found if walk_fits(puzzle) else found


def named_by_table(puzzle: ModularPuzzle) -> Named | None:
    """Name all symbols by the network's own answers to all pairs; None if they are no addition table."""
    table = puzzle.network.logits().argmax(dim=2).numpy().astype(np.intp)
    names = names_from_table(table)
    if names is None:
        return None
    return Named(Relabelling(names.first, names.second, names.out), "table of the function", names.agreement)


def named_by_lookups(puzzle: ModularPuzzle) -> Named | None:
    """Name all symbols by a walk over looked-up classes; None without an oracle, or if the walk does not close."""
    if puzzle.oracle is None:
        return None
    names = names_by_queries(puzzle.oracle, puzzle.modulus)
    return None if names is None else Named(Relabelling(names.first, names.second, names.out), "look-ups", 1.0)


def named_by_weights(puzzle: ModularPuzzle) -> Named | None:
    """Name first and second symbols by the weights alone; None if they show no circle."""
    found = names_from_weights(puzzle.network, same=puzzle.public.names == "one")
    if found is None:
        return None
    first, second = (names.astype(np.int64) for names in found)
    out = first if puzzle.public.names == "one" else np.arange(puzzle.modulus)
    return Named(Relabelling(first, second, out), "weights")


def walk_fits(puzzle: ModularPuzzle) -> bool:
    """Tell whether the look-ups suffice for two rows and one column, beside those that check the weights' names."""
    return puzzle.public.lookups >= 3 * puzzle.modulus + 2 * PROBED


def _checked(puzzle: ModularPuzzle, named: Named) -> Named | None:
    """Choose the sign of the second names by a few look-ups; None if neither sign explains them.

    Pairs of equal sums have equal classes. With the other sign they have equal differences.
    """
    names, p = named.relabelling, puzzle.modulus
    count = min(PROBED, puzzle.public.lookups // 2, p)
    if count < 2 or puzzle.oracle is None:
        return named
    for second in (names.second, -names.second % p):
        # residues 0 ... count - 1 of the first symbol with the residues that complete them to the sum 0
        steps = np.arange(count)
        pairs = np.stack([_symbol(names.first, steps), _symbol(second, -steps % p)], axis=1)
        classes = puzzle.oracle(pairs.astype(np.float64))[:, 0]
        if np.all(classes == classes[0]):
            out = names.out
            return Named(Relabelling(names.first, second, out), "weights, checked by look-ups")
    return None


def _symbol(names: NDArray[np.int64], residues: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the symbols of residues."""
    found: NDArray[np.int64] = np.argsort(names)[residues]
    return found
