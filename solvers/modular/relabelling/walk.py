"""Name residues from the table of the function: the class of every pair of symbols, or looked-up classes.

With unknown names the table is T[x, y] = r(s(x) + t(y) mod p), with bijections r, s, t. Two rows differ by a
translation: the map from T[x0, y] to T[x1, y] adds s(x1) - s(x0) to every residue. Repeating a translation by a unit
of the residues modulo p visits all classes in the order of their residues.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Names", "names_by_queries", "names_from_table"]

STEPS_TRIED = 8
"""Most row differences that are tried as the step of the walk on a table with errors. Hand-set."""


@dataclass(frozen=True, eq=False)
class Names:
    """Residues of the symbols, up to one affine map: class = first + second mod p.

    Attributes:
        first: residue of each first symbol, p.
        second: residue of each second symbol, p.
        out: residue of each class, p.
        agreement: share of the table that these names explain.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    out: NDArray[np.intp]
    agreement: float


def names_from_table(table: NDArray[np.intp]) -> Names | None:
    """Name all symbols from a full table, p x p, which may have errors; None if no walk visits all classes.

    The classes are ordered by the translation between two rows. The residues of rows, columns and classes are then
    improved in turn by majority votes.
    """
    best: Names | None = None
    for step in _steps(table):
        out = _walk(step)
        if out is None:
            continue
        names = _voted(table, out)
        if best is None or names.agreement > best.agreement:
            best = names
        if best.agreement == 1:
            break
    return best


def _steps(table: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return permutations of the classes that are translations, as far as two rows tell."""
    steps = []
    for other in range(1, len(table)):
        votes = np.zeros((len(table), len(table)), dtype=np.intp)
        np.add.at(votes, (table[0], table[other]), 1)
        step = linear_sum_assignment(-votes)[1]
        if _walk(step) is not None:
            steps.append(step)
        if len(steps) == STEPS_TRIED:
            break
    return steps


def _walk(step: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Number the classes along the orbit of class 0; None if the orbit does not visit all classes."""
    out = np.full(len(step), -1, dtype=np.intp)
    at = 0
    for number in range(len(step)):
        if out[at] >= 0:
            return None
        out[at] = number
        at = int(step[at])
    return out


def _voted(table: NDArray[np.intp], out: NDArray[np.intp]) -> Names:
    """Name columns and rows by the most frequent residue, and count what the names explain."""
    count = len(table)
    values = out[table]
    first = _shifts((values - values[:1]) % count)
    second = _shifts(((values - first[:, None]) % count).T)
    predicted = (first[:, None] + second[None, :]) % count
    votes = np.zeros((count, count), dtype=np.intp)
    np.add.at(votes, (table.ravel(), predicted.ravel()), 1)
    named = linear_sum_assignment(-votes)[1].astype(np.intp)
    return Names(first, second, named, float((named[table] == predicted).mean()))


def _shifts(values: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the most frequent value of each row, a different one for every row."""
    votes = np.stack([np.bincount(row, minlength=values.shape[1]) for row in values])
    return linear_sum_assignment(-votes)[1].astype(np.intp)


def names_by_queries(lookup: Callable[[NDArray[np.float64]], NDArray[np.float64]], symbols: int) -> Names | None:
    """Name all symbols by looking up classes of pairs: two rows and one column, at most 3 p - 2 look-ups.

    Args:
        lookup: maps rows x 2 symbols to rows x 1 classes.
        symbols: p.

    Returns:
        None if no row is tried whose translation visits all classes.
    """
    every = np.arange(symbols)

    def row(symbol: int) -> NDArray[np.intp]:
        pairs = np.stack((np.full(symbols, symbol), every), axis=1).astype(np.float64)
        return lookup(pairs)[:, 0].astype(np.intp)

    zero = row(0)
    column = lookup(np.stack((every, np.zeros(symbols)), axis=1).astype(np.float64))[:, 0].astype(np.intp)
    for other in range(1, symbols):
        step = np.empty(symbols, dtype=np.intp)
        step[zero] = row(other)
        out = _walk(step)
        if out is not None:
            first = (out[column] - out[column[0]]) % symbols
            return Names(first, out[zero], out, 1.0)
    return None
